//! Values as JSON trees, in the same canonical form as the text. Takes values apart, so that strings move.

use super::float::{special_text, widen};
use super::{CodecError, Members};
use crate::{Type, Value};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json};

/// `value` as JSON.
pub(super) fn value(ty: &Type, value: Value) -> Result<Json, CodecError> {
    Ok(match (ty, value) {
        (Type::Bool, Value::Bool(it)) => it.into(),
        (Type::U8, Value::U8(it)) => it.into(),
        (Type::U16, Value::U16(it)) => it.into(),
        (Type::U32, Value::U32(it)) => it.into(),
        (Type::S8, Value::S8(it)) => it.into(),
        (Type::S16, Value::S16(it)) => it.into(),
        (Type::S32, Value::S32(it)) => it.into(),
        (Type::U64, Value::U64(it)) => it.to_string().into(),
        (Type::S64, Value::S64(it)) => it.to_string().into(),
        (Type::F32, Value::F32(it)) => float(widen(it)),
        (Type::F64, Value::F64(it)) => float(it),
        (Type::Char, Value::Char(it)) => it.to_string().into(),
        (Type::String, Value::String(it)) => it.into(),
        (Type::Bytes, Value::Bytes(it)) => STANDARD.encode(it).into(),
        (Type::List(element), Value::List(items)) => {
            let items = items.into_iter().map(|item| self::value(element, item));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        (Type::Option(_), Value::Option(None)) => Json::Null,
        (Type::Option(inner), Value::Option(Some(it))) if matches!(**inner, Type::Option(_)) => {
            tagged("some", Some(inner), Some(*it))?
        }
        (Type::Option(inner), Value::Option(Some(it))) => self::value(inner, *it)?,
        (Type::Result { ok, .. }, Value::Result(Ok(it))) => tagged("ok", ok.as_deref(), it.map(|it| *it))?,
        (Type::Result { err, .. }, Value::Result(Err(it))) => tagged("err", err.as_deref(), it.map(|it| *it))?,
        (Type::Tuple(types), Value::Tuple(items)) => members(Members::Items(types), items)?,
        (Type::Record(record), Value::Record(items)) => members(Members::Fields(&record.fields), items)?,
        (Type::Variant(it), Value::Variant { case, payload }) => {
            let case = it.cases.get(case as usize).ok_or_else(|| CodecError::shape(ty.kind()))?;
            variant(&case.name, case.ty.as_ref(), payload.map(|it| *it))?
        }
        (Type::Enum(it), Value::Enum(case)) => {
            let label = it.cases.get(case as usize).ok_or_else(|| CodecError::shape(ty.kind()))?;
            label.name.clone().into()
        }
        (Type::Flags(it), Value::Flags(set)) if it.flags.len() == set.len() => {
            let names = it.flags.iter().zip(set).filter(|(_, set)| *set).map(|(label, _)| label.name.clone().into());
            Json::Array(names.collect())
        }
        _ => return Err(CodecError::shape(ty.kind())),
    })
}

/// An object of members, all present, in declared order.
pub(super) fn members(members: Members<'_>, items: Vec<Value>) -> Result<Json, CodecError> {
    if members.len() != items.len() {
        return Err(CodecError::shape("as many members as the type has"));
    }
    let mut object = Map::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        let ty = members.ty(position).ok_or_else(|| CodecError::shape("a member"))?;
        object.insert(members.name(position).into_owned(), value(ty, item)?);
    }
    Ok(Json::Object(object))
}

fn float(number: f64) -> Json {
    special_text(number).map_or_else(|| number.into(), Json::from)
}

fn tagged(tag: &str, ty: Option<&Type>, item: Option<Value>) -> Result<Json, CodecError> {
    let json = match (ty, item) {
        (Some(ty), Some(item)) => value(ty, item)?,
        (None, None) => Json::Null,
        (ty, _) => return Err(CodecError::shape(ty.map_or("nothing", Type::kind))),
    };
    Ok(Json::Object([(tag.to_owned(), json)].into_iter().collect()))
}

fn variant(tag: &str, ty: Option<&Type>, payload: Option<Value>) -> Result<Json, CodecError> {
    let mut object = Map::with_capacity(2);
    object.insert("tag".to_owned(), tag.into());
    match (ty, payload) {
        (Some(ty), Some(item)) => drop(object.insert("val".to_owned(), value(ty, item)?)),
        (None, None) => {}
        (ty, _) => return Err(CodecError::shape(ty.map_or("nothing", Type::kind))),
    }
    Ok(Json::Object(object))
}
