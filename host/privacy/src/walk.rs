//! Values of any shape: whoever holds them walks over their texts, and each is masked where it stands.

use crate::{Blocked, Direction, Masker, detect::Text};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A value whose texts can be visited. A host implements it for its own values.
///
/// ```
/// use mpp_privacy::{Blocked, Direction, Filter, Masker, Modes, Visitor, Walk};
///
/// struct Person { name: String, phone: String }
///
/// impl Walk for Person {
///     fn walk(&mut self, visitor: &mut Visitor<'_>) -> Result<(), Blocked> {
///         visitor.text("name", &mut self.name)?;
///         visitor.text("phone", &mut self.phone)
///     }
/// }
///
/// let mut person = Person { name: "Ada".to_owned(), phone: "5550134567".to_owned() };
/// let mut masker = Masker::new(Filter::new(), Modes::default());
/// masker.value(Direction::Result, &mut person)?;
/// assert_eq!((&*person.name, &*person.phone), ("Ada", "[PHONE#1]"));
/// # Ok::<(), mpp_privacy::Blocked>(())
/// ```
pub trait Walk {
    /// Shows every text, byte string and number to the visitor, each with the name of the nearest field around it.
    ///
    /// # Errors
    /// The visitor's own.
    fn walk(&mut self, visitor: &mut Visitor<'_>) -> Result<(), Blocked>;
}

/// Masks what it is shown.
#[derive(Debug)]
pub struct Visitor<'a> {
    masker: &'a mut Masker,
    direction: Direction,
}

impl Visitor<'_> {
    /// A text.
    ///
    /// # Errors
    /// It must not leave.
    pub fn text(&mut self, field: &str, text: &mut String) -> Result<(), Blocked> {
        if let Cow::Owned(masked) = self.masker.text_of(self.direction, field, text)? {
            *text = masked;
        }
        Ok(())
    }

    /// Bytes, which may be text.
    ///
    /// # Errors
    /// They must not leave.
    pub fn bytes(&mut self, field: &str, bytes: &mut Vec<u8>) -> Result<(), Blocked> {
        if let Cow::Owned(masked) = self.masker.bytes_of(self.direction, field, bytes)? {
            *bytes = masked;
        }
        Ok(())
    }

    /// Whether anything is looked for at all: otherwise there is no need to go on.
    pub fn is_off(&self) -> bool {
        self.masker.modes().is_off(self.direction)
    }

    /// A whole number, by its decimal digits. Whether it is to become 0, because it is a finding and no placeholder fits (PRIV-32).
    ///
    /// # Errors
    /// It must not leave.
    pub fn number(&mut self, field: &str, digits: &str) -> Result<bool, Blocked> {
        if digits.len() < 7 || self.masker.modes().is_off(self.direction) {
            return Ok(false);
        }
        let settled = self.masker.settle(self.direction, Text::new(digits.as_bytes(), field.as_bytes()), 0)?;
        settled.reported.iter().for_each(|hit| self.masker.count_reported(hit));
        let found = settled.masked.first();
        if let Some(hit) = found {
            self.masker.count_masked(hit.kind);
        }
        Ok(found.is_some())
    }
}

impl Masker {
    /// Masks all texts of a value.
    ///
    /// # Errors
    /// A text must not leave; those before it are masked by then.
    pub fn value(&mut self, direction: Direction, value: &mut impl Walk) -> Result<(), Blocked> {
        value.walk(&mut Visitor { masker: self, direction })
    }
}

impl Walk for Value {
    /// Texts, numbers, and names of members too.
    fn walk(&mut self, visitor: &mut Visitor<'_>) -> Result<(), Blocked> {
        walk_json("", self, visitor)
    }
}

/// The digits of a number that is whole although its type need not be; languages that have no other numbers write cards like that.
pub fn whole(number: f64) -> Option<String> {
    (number.fract() == 0.0 && number.abs() < 1e20).then(|| format!("{number:.0}"))
}

fn walk_json(field: &str, value: &mut Value, visitor: &mut Visitor<'_>) -> Result<(), Blocked> {
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::String(text) => visitor.text(field, text),
        Value::Number(number) => {
            let digits = number.as_f64().filter(|_| number.is_f64()).map_or_else(|| Some(number.to_string()), whole);
            if let Some(digits) = digits
                && visitor.number(field, &digits)?
            {
                *value = Value::from(0);
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk_json(field, item, visitor)),
        Value::Object(members) => {
            let mut masked = Map::new();
            for (name, mut member) in std::mem::take(members) {
                walk_json(&name, &mut member, visitor)?;
                let mut name = name;
                visitor.text("", &mut name)?;
                masked.insert(name, member);
            }
            *members = masked;
            Ok(())
        }
    }
}
