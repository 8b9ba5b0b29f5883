//! JSON ↔ values, typed: nothing that a schema forbids comes in, and what goes out fits the schema. Rules `TOOL-11` to `TOOL-15`.
//!
//! Arguments are read straight from text, without a tree in between, so that duplicate keys are seen. The depth of what is read
//! is bounded by the depth of the type, and the memory by the length of the text.

mod context;
mod error;
mod float;
mod members;
mod number;
mod objects;
mod read;
mod to_json;
mod to_text;

pub use error::CodecError;

use crate::{Tool, Type, Value, schema::value_of_result};
use members::Members;
use serde_json::Value as Json;

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply<T = Json> {
    /// It succeeded: an object, or nothing when the tool gives no value.
    Ok(Option<T>),
    /// It returned the error side of its `result`; `null` when that carries nothing.
    Err(T),
}

/// Reads the arguments of `tool` from the text of one JSON object.
pub fn arguments_from_json(tool: &Tool, json: &str) -> Result<Vec<Value>, CodecError> {
    read::members(json, "args", Members::Params(&tool.params))
}

/// The arguments as a JSON object: what [`arguments_from_json`] reads, in canonical form.
pub fn arguments_to_json(tool: &Tool, arguments: Vec<Value>) -> Result<Json, CodecError> {
    to_json::members(Members::Params(&tool.params), arguments)
}

/// The arguments as the text of one JSON object, in canonical form: every parameter in its order, without spaces.
pub fn arguments_to_text(tool: &Tool, arguments: &[Value]) -> Result<String, CodecError> {
    let mut text = String::new();
    to_text::members(Members::Params(&tool.params), arguments, &mut text)?;
    Ok(text)
}

/// Reads a value of `ty` from JSON text.
pub fn value_from_json(ty: &Type, json: &str) -> Result<Value, CodecError> {
    read::value(json, "value", ty)
}

/// A value of `ty` as JSON, in canonical form.
pub fn value_to_json(ty: &Type, value: Value) -> Result<Json, CodecError> {
    to_json::value(ty, value)
}

/// A value of `ty` as JSON text: the same that [`value_to_json`] would print.
pub fn value_to_text(ty: &Type, value: &Value) -> Result<String, CodecError> {
    let mut text = String::new();
    to_text::value(ty, value, &mut text)?;
    Ok(text)
}

/// What a tool returned, as the output schema describes it. Strings move, they are not copied.
pub fn result_to_json(tool: &Tool, result: Option<Value>) -> Result<Reply, CodecError> {
    Ok(match split(tool, result)? {
        Side::Ok(None) => Reply::Ok(None),
        Side::Ok(Some((ty, value))) => {
            let json = to_json::value(ty, value)?;
            let wrap = |json| Json::Object([("result".to_owned(), json)].into_iter().collect());
            Reply::Ok(Some(if is_root(ty) { json } else { wrap(json) }))
        }
        Side::Err(None) => Reply::Err(Json::Null),
        Side::Err(Some((ty, value))) => Reply::Err(to_json::value(ty, value)?),
    })
}

/// [`result_to_json`], written as text: the fast way for large results.
pub fn result_to_text(tool: &Tool, result: Option<Value>) -> Result<Reply<String>, CodecError> {
    Ok(match split(tool, result)? {
        Side::Ok(None) => Reply::Ok(None),
        Side::Ok(Some((ty, value))) if is_root(ty) => Reply::Ok(Some(value_to_text(ty, &value)?)),
        Side::Ok(Some((ty, value))) => {
            let mut text = String::from(r#"{"result":"#);
            to_text::value(ty, &value, &mut text)?;
            text.push('}');
            Reply::Ok(Some(text))
        }
        Side::Err(None) => Reply::Err("null".to_owned()),
        Side::Err(Some((ty, value))) => Reply::Err(value_to_text(ty, &value)?),
    })
}

/// A record is the root object itself; anything else is wrapped.
fn is_root(ty: &Type) -> bool {
    matches!(ty, Type::Record(_))
}

enum Side<'a> {
    Ok(Option<(&'a Type, Value)>),
    Err(Option<(&'a Type, Value)>),
}

/// Takes a `result` at the root apart.
fn split(tool: &Tool, result: Option<Value>) -> Result<Side<'_>, CodecError> {
    match (&tool.result, result) {
        (Some(Type::Result { .. }), Some(Value::Result(Ok(value)))) => {
            both(value_of_result(tool.result.as_ref()), value.map(|value| *value)).map(Side::Ok)
        }
        (Some(Type::Result { err, .. }), Some(Value::Result(Err(value)))) => {
            both(err.as_deref(), value.map(|value| *value)).map(Side::Err)
        }
        (Some(ty @ Type::Result { .. }), _) => Err(CodecError::shape(ty.kind())),
        (ty, value) => both(ty.as_ref(), value).map(Side::Ok),
    }
}

fn both(ty: Option<&Type>, value: Option<Value>) -> Result<Option<(&Type, Value)>, CodecError> {
    match (ty, value) {
        (Some(ty), Some(value)) => Ok(Some((ty, value))),
        (None, None) => Ok(None),
        (ty, _) => Err(CodecError::shape(ty.map_or("nothing", Type::kind))),
    }
}
