//! YAML, in a tree that keeps every byte.

use super::{EditError, Place};
use serde_json::{Map, Value as Json, json};
use yaml_edit::{Document, Mapping, MappingBuilder, ScalarType, YamlValue};

fn parse(text: &str) -> Result<Document, EditError> {
    let malformed = |error: yaml_edit::YamlError| EditError::Malformed(error.to_string());
    let document: Document = text.parse().map_err(malformed)?;
    if document.to_string() == text { Ok(document) } else { Err(EditError::NotAlone) }
}

pub(super) fn value(text: &str) -> Result<Json, EditError> {
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    // It refuses a member that is there twice.
    YamlValue::parse_raw(text).map(plain).map_err(|error| EditError::Malformed(error.to_string()))
}

fn plain(value: YamlValue) -> Json {
    match value {
        YamlValue::Mapping(members) => members.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        YamlValue::Sequence(items) => items.into_iter().map(plain).collect(),
        value => scalar(&value),
    }
}

fn scalar(value: &YamlValue) -> Json {
    let number = || value.to_i64().map(Json::from).or_else(|| value.to_f64().map(Json::from));
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if value.as_scalar().is_some_and(|scalar| scalar.scalar_type() == ScalarType::Null) {
        return Json::Null;
    }
    value.to_bool().map(Json::from).or_else(number).unwrap_or_else(|| Json::String(text()))
}

pub(super) fn put(text: &str, place: Place, entry: &Json) -> Result<String, EditError> {
    let entry = mapping(entry);
    if text.trim().is_empty() {
        let holder =
            MappingBuilder::new().insert_mapping(place[0], MappingBuilder::new().insert_mapping(place[1], entry));
        return Ok(format!("{}\n", holder.build_document().to_string().trim_end()));
    }
    let document = parse(text)?;
    let all = all(&document, place)?;
    match all.get_mapping(place[0]) {
        Some(servers) => servers.set(place[1], entry.build_document()),
        None => all.set(place[0], MappingBuilder::new().insert_mapping(place[1], entry).build_document()),
    }
    Ok(document.to_string())
}

pub(super) fn take(text: &str, place: Place) -> Result<String, EditError> {
    let document = parse(text)?;
    let all = all(&document, place)?;
    if let Some(servers) = all.get_mapping(place[0]).filter(|servers| servers.contains_key(place[1])) {
        // A block without entries cannot be written, and braces were not there before.
        match (servers.len(), all.len()) {
            (1, 1) if !text.contains('#') => return Ok(String::new()),
            (1, _) => drop(all.remove(place[0])),
            _ => drop(servers.remove(place[1])),
        }
    }
    Ok(document.to_string())
}

fn all(document: &Document, place: Place) -> Result<Mapping, EditError> {
    document.as_mapping().ok_or_else(|| EditError::Shape(place[0].to_owned()))
}

fn mapping(entry: &Json) -> MappingBuilder {
    let members = entry.as_object().map(Map::iter).into_iter().flatten();
    members.fold(MappingBuilder::new(), |built, (name, value)| match value {
        Json::Object(_) => built.insert_mapping(name, mapping(value)),
        Json::Array(items) => built.sequence(name, |built| {
            items.iter().fold(built, |built, item| built.item(item.as_str().unwrap_or_default()))
        }),
        Json::Bool(value) => built.pair(name, *value),
        Json::Number(number) => built.pair(name, number.as_i64().unwrap_or_default()),
        value => built.pair(name, value.as_str().unwrap_or_default()),
    })
}
