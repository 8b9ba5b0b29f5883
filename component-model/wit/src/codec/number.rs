//! JSON numbers and decimal strings as the numbers of WIT. Rules `TOOL-12` and `TOOL-14`.

use super::float::{narrow, special_number};
use crate::{Type, Value};

/// Up to here every whole number survives a JSON library that reads numbers as f64.
const EXACT_MAX: u128 = 1 << 53;

/// A JSON number as the parser gives it.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    /// The value of `ty`, unless the number is not one.
    pub(super) fn to_value(self, ty: &Type) -> Option<Value> {
        let whole = || self.whole();
        let exact = || whole().filter(|number| self.is_exact(*number));
        Some(match ty {
            Type::U8 => Value::U8(whole()?.try_into().ok()?),
            Type::U16 => Value::U16(whole()?.try_into().ok()?),
            Type::U32 => Value::U32(whole()?.try_into().ok()?),
            Type::S8 => Value::S8(whole()?.try_into().ok()?),
            Type::S16 => Value::S16(whole()?.try_into().ok()?),
            Type::S32 => Value::S32(whole()?.try_into().ok()?),
            Type::U64 => Value::U64(exact()?.try_into().ok()?),
            Type::S64 => Value::S64(exact()?.try_into().ok()?),
            Type::F32 => Value::F32(narrow(self.float())?),
            Type::F64 => Value::F64(self.float()),
            _ => return None,
        })
    }

    /// 5 and 5.0 are both the whole number 5, as they are for JSON Schema.
    fn whole(self) -> Option<i128> {
        match self {
            Self::Unsigned(number) => Some(number.into()),
            Self::Signed(number) => Some(number.into()),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e20 => Some(number as i128),
            Self::Float(_) => None,
        }
    }

    /// 2^53 as a float may have been 2^53 + 1 in the text.
    fn is_exact(self, whole: i128) -> bool {
        let size = whole.unsigned_abs();
        if matches!(self, Self::Float(_)) { size < EXACT_MAX } else { size <= EXACT_MAX }
    }

    fn float(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::Float(number) => write!(f, "{number:?}"),
        }
    }
}

/// The number of `ty` that a text stands for: 64-bit numbers in their one decimal form, NaN and the infinities.
pub(super) fn from_text(ty: &Type, text: &str) -> Option<Value> {
    Some(match ty {
        Type::U64 if is_decimal(text) => Value::U64(text.parse().ok()?),
        Type::S64 if is_decimal(text.strip_prefix('-').unwrap_or(text)) && text != "-0" => {
            Value::S64(text.parse().ok()?)
        }
        Type::F32 => Value::F32(special_number(text)? as f32),
        Type::F64 => Value::F64(special_number(text)?),
        _ => return None,
    })
}

fn is_decimal(text: &str) -> bool {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits_only && (text == "0" || !text.starts_with('0'))
}
