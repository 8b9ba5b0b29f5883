//! Between typed values and the engine's own: names go in, positions come out.
//!
//! The engine checks each value against the component's type as well; here a mismatch is told before the tool starts.

use crate::stop::LimitHit;
use mpp_wit::Type;
use mpp_wit::value::Value;
use wasmtime::component::Val;

/// A value that is not of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a value of type {expected}")]
pub struct Mismatch {
    /// What was expected.
    pub expected: &'static str,
}

/// The engine's value for `value` of type `ty`.
pub(crate) fn to_engine(ty: &Type, value: Value) -> Result<Val, Mismatch> {
    Ok(match (ty, value) {
        (Type::Bool, Value::Bool(value)) => Val::Bool(value),
        (Type::U8, Value::U8(value)) => Val::U8(value),
        (Type::U16, Value::U16(value)) => Val::U16(value),
        (Type::U32, Value::U32(value)) => Val::U32(value),
        (Type::U64, Value::U64(value)) => Val::U64(value),
        (Type::S8, Value::S8(value)) => Val::S8(value),
        (Type::S16, Value::S16(value)) => Val::S16(value),
        (Type::S32, Value::S32(value)) => Val::S32(value),
        (Type::S64, Value::S64(value)) => Val::S64(value),
        (Type::F32, Value::F32(value)) => Val::Float32(value),
        (Type::F64, Value::F64(value)) => Val::Float64(value),
        (Type::Char, Value::Char(value)) => Val::Char(value),
        (Type::String, Value::String(value)) => Val::String(value),
        (Type::Bytes, Value::Bytes(bytes)) => Val::List(bytes.into_iter().map(Val::U8).collect()),
        (Type::List(inner), Value::List(items)) => {
            Val::List(items.into_iter().map(|item| to_engine(inner, item)).collect::<Result<_, _>>()?)
        }
        (Type::Option(inner), Value::Option(value)) => {
            Val::Option(value.map(|value| to_engine(inner, *value).map(Box::new)).transpose()?)
        }
        (Type::Result { ok, .. }, Value::Result(Ok(value))) => Val::Result(Ok(payload_to_engine(ok, value)?)),
        (Type::Result { err, .. }, Value::Result(Err(value))) => Val::Result(Err(payload_to_engine(err, value)?)),
        (Type::Tuple(types), Value::Tuple(values)) if types.len() == values.len() => {
            Val::Tuple(types.iter().zip(values).map(|(ty, value)| to_engine(ty, value)).collect::<Result<_, _>>()?)
        }
        (Type::Record(record), Value::Record(values)) if record.fields.len() == values.len() => {
            let fields = record.fields.iter().zip(values);
            Val::Record(
                fields
                    .map(|(field, value)| Ok((field.name.clone(), to_engine(&field.ty, value)?)))
                    .collect::<Result<_, _>>()?,
            )
        }
        (Type::Variant(variant), Value::Variant { case, payload }) => {
            let case = variant.cases.get(case as usize).ok_or(Mismatch { expected: "variant" })?;
            match (&case.ty, payload) {
                (None, None) => Val::Variant(case.name.clone(), None),
                (Some(ty), Some(payload)) => Val::Variant(case.name.clone(), Some(Box::new(to_engine(ty, *payload)?))),
                _ => return Err(Mismatch { expected: "variant" }),
            }
        }
        (Type::Enum(cases), Value::Enum(case)) => {
            let label = cases.cases.get(case as usize).ok_or(Mismatch { expected: "enum" })?;
            Val::Enum(label.name.clone())
        }
        (Type::Flags(flags), Value::Flags(set)) if flags.flags.len() == set.len() => {
            let names = flags.flags.iter().zip(set).filter(|(_, set)| *set);
            Val::Flags(names.map(|(label, _)| label.name.clone()).collect())
        }
        (ty, _) => return Err(Mismatch { expected: ty.kind() }),
    })
}

fn payload_to_engine(ty: &Option<Box<Type>>, value: Option<Box<Value>>) -> Result<Option<Box<Val>>, Mismatch> {
    match (ty, value) {
        (None, None) => Ok(None),
        (Some(ty), Some(value)) => Ok(Some(Box::new(to_engine(ty, *value)?))),
        _ => Err(Mismatch { expected: "result" }),
    }
}

/// The value that the engine gave for a result of type `ty`.
pub(crate) fn from_engine(ty: &Type, value: Val) -> Result<Value, Mismatch> {
    Ok(match (ty, value) {
        (Type::Bool, Val::Bool(value)) => Value::Bool(value),
        (Type::U8, Val::U8(value)) => Value::U8(value),
        (Type::U16, Val::U16(value)) => Value::U16(value),
        (Type::U32, Val::U32(value)) => Value::U32(value),
        (Type::U64, Val::U64(value)) => Value::U64(value),
        (Type::S8, Val::S8(value)) => Value::S8(value),
        (Type::S16, Val::S16(value)) => Value::S16(value),
        (Type::S32, Val::S32(value)) => Value::S32(value),
        (Type::S64, Val::S64(value)) => Value::S64(value),
        (Type::F32, Val::Float32(value)) => Value::F32(value),
        (Type::F64, Val::Float64(value)) => Value::F64(value),
        (Type::Char, Val::Char(value)) => Value::Char(value),
        (Type::String, Val::String(value)) => Value::String(value),
        (Type::Bytes, Val::List(items)) => Value::Bytes(items.into_iter().map(byte).collect::<Result<_, _>>()?),
        (Type::List(inner), Val::List(items)) => {
            Value::List(items.into_iter().map(|item| from_engine(inner, item)).collect::<Result<_, _>>()?)
        }
        (Type::Option(inner), Val::Option(value)) => {
            Value::Option(value.map(|value| from_engine(inner, *value).map(Box::new)).transpose()?)
        }
        (Type::Result { ok, .. }, Val::Result(Ok(value))) => Value::Result(Ok(payload_from_engine(ok, value)?)),
        (Type::Result { err, .. }, Val::Result(Err(value))) => Value::Result(Err(payload_from_engine(err, value)?)),
        (Type::Tuple(types), Val::Tuple(values)) if types.len() == values.len() => {
            Value::Tuple(types.iter().zip(values).map(|(ty, value)| from_engine(ty, value)).collect::<Result<_, _>>()?)
        }
        (Type::Record(record), Val::Record(values)) if record.fields.len() == values.len() => {
            let fields = record.fields.iter().zip(values);
            Value::Record(fields.map(|(field, (_, value))| from_engine(&field.ty, value)).collect::<Result<_, _>>()?)
        }
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let case =
                variant.cases.iter().position(|case| case.name == name).ok_or(Mismatch { expected: "variant" })?;
            let payload = match (&variant.cases[case].ty, payload) {
                (None, None) => None,
                (Some(ty), Some(payload)) => Some(Box::new(from_engine(ty, *payload)?)),
                _ => return Err(Mismatch { expected: "variant" }),
            };
            Value::Variant { case: position(case), payload }
        }
        (Type::Enum(cases), Val::Enum(name)) => {
            let case = cases.cases.iter().position(|label| label.name == name);
            Value::Enum(position(case.ok_or(Mismatch { expected: "enum" })?))
        }
        (Type::Flags(flags), Val::Flags(names)) => {
            Value::Flags(flags.flags.iter().map(|label| names.contains(&label.name)).collect())
        }
        (ty, _) => return Err(Mismatch { expected: ty.kind() }),
    })
}

fn payload_from_engine(ty: &Option<Box<Type>>, value: Option<Box<Val>>) -> Result<Option<Box<Value>>, Mismatch> {
    match (ty, value) {
        (None, None) => Ok(None),
        (Some(ty), Some(value)) => Ok(Some(Box::new(from_engine(ty, *value)?))),
        _ => Err(Mismatch { expected: "result" }),
    }
}

fn byte(value: Val) -> Result<u8, Mismatch> {
    if let Val::U8(byte) = value { Ok(byte) } else { Err(Mismatch { expected: "list<u8>" }) }
}

/// WIT has at most 2^32 cases.
fn position(case: usize) -> u32 {
    u32::try_from(case).unwrap_or(u32::MAX)
}

/// Refuses a result that is larger than `limit`: its texts and bytes, and eight for each other value.
pub(crate) fn check_size(value: &Value, limit: usize) -> Result<(), LimitHit> {
    let mut left = limit;
    if take(value, &mut left) { Ok(()) } else { Err(LimitHit::Result { limit }) }
}

fn take(value: &Value, left: &mut usize) -> bool {
    let own = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    };
    let Some(rest) = left.checked_sub(own) else { return false };
    *left = rest;
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Record(items) => items.iter().all(|item| take(item, left)),
        Value::Variant { payload: Some(inner), .. }
        | Value::Option(Some(inner))
        | Value::Result(Ok(Some(inner)) | Err(Some(inner))) => take(inner, left),
        _ => true,
    }
}
