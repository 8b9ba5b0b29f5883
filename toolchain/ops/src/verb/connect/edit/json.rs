//! JSON with comments, in a tree that keeps every byte.

use super::{EditError, Place};
use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode},
};
use serde_json::Value as Json;

/// What clients read: comments and trailing commas, and nothing else that is not JSON.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// An empty file, as it is written from nothing.
const EMPTY: &str = "{}\n";

fn parse(text: &str) -> Result<CstRootNode, EditError> {
    let text = if text.trim().is_empty() { EMPTY } else { text };
    CstRootNode::parse(text, &OPTIONS).map_err(|error| EditError::Malformed(error.to_string()))
}

pub(super) fn value(text: &str) -> Result<Json, EditError> {
    let root = parse(text)?;
    root.to_serde_value().ok_or_else(|| EditError::Malformed("it holds no value".to_owned()))
}

pub(super) fn put(text: &str, place: Place, entry: &Json) -> Result<String, EditError> {
    let root = parse(text)?;
    let shape = || EditError::Shape(place[0].to_owned());
    let all = root.object_value_or_create().ok_or_else(shape)?;
    only(&all, place[0])?;
    let servers = all.object_value_or_create(place[0]).ok_or_else(shape)?;
    match only(&servers, place[1])? {
        Some(property) => property.set_value(input(entry)),
        None => drop(servers.append(place[1], input(entry))),
    }
    Ok(root.to_string())
}

pub(super) fn take(text: &str, place: Place) -> Result<String, EditError> {
    let root = parse(text)?;
    let all = root.object_value().ok_or_else(|| EditError::Shape(place[0].to_owned()))?;
    only(&all, place[0])?;
    if let Some(servers) = all.object_value(place[0])
        && let Some(property) = only(&servers, place[1])?
    {
        property.remove();
    }
    Ok(root.to_string())
}

/// The member of this name. Of two, nobody knows which one a client reads.
fn only(object: &CstObject, name: &str) -> Result<Option<CstObjectProp>, EditError> {
    let mut named = object.properties().into_iter().filter(|property| property.decoded_name().as_deref() == Some(name));
    let first = named.next();
    if named.next().is_some() {
        return Err(EditError::Shape(name.to_owned()));
    }
    Ok(first)
}

fn input(value: &Json) -> CstInputValue {
    match value {
        Json::Null => CstInputValue::Null,
        Json::Bool(value) => CstInputValue::Bool(*value),
        Json::Number(number) => CstInputValue::Number(number.to_string()),
        Json::String(text) => CstInputValue::String(text.clone()),
        Json::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Json::Object(members) => {
            CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}
