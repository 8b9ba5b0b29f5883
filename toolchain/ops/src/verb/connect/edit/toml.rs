//! TOML, in a document that keeps its layout.

use super::{EditError, Place};
use serde_json::Value as Json;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    let document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| EditError::Malformed(error.message().to_owned()))?;
    // Mixed ends of lines would not come out as they went in.
    if document.to_string() == text { Ok(document) } else { Err(EditError::NotAlone) }
}

pub(super) fn value(text: &str) -> Result<Json, EditError> {
    ::toml::from_str(text).map_err(|error: ::toml::de::Error| EditError::Malformed(error.message().to_owned()))
}

pub(super) fn put(text: &str, place: Place, entry: &Json) -> Result<String, EditError> {
    let mut document = parse(text)?;
    let shape = || EditError::Shape(place[0].to_owned());
    let is_first = document.is_empty();
    let holder = document.entry(place[0]).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let item = match holder {
        Item::Table(_) => {
            let mut table = table(entry);
            let gap = if is_first { "" } else { "\n" };
            table.decor_mut().set_prefix(gap);
            Item::Table(table)
        }
        Item::Value(Value::InlineTable(_)) => Item::Value(inline(entry)),
        _ => return Err(shape()),
    };
    let servers = holder.as_table_like_mut().ok_or_else(shape)?;
    match (servers.get_mut(place[1]), item) {
        (Some(Item::Table(old)), Item::Table(mut new)) => {
            // It stays where it is, and so does what stands before it.
            *new.decor_mut() = old.decor().clone();
            new.set_position(old.position());
            *old = new;
        }
        (_, item) => drop(servers.insert(place[1], item)),
    }
    let mut edited = document.to_string();
    if !text.is_empty() && !text.ends_with('\n') && !edited.starts_with(text) {
        edited = edited.trim_end_matches('\n').to_owned();
    }
    Ok(edited)
}

pub(super) fn take(text: &str, place: Place) -> Result<String, EditError> {
    let mut document = parse(text)?;
    if let Some(servers) = document.get_mut(place[0]).and_then(Item::as_table_like_mut) {
        servers.remove(place[1]);
    }
    Ok(document.to_string())
}

fn table(entry: &Json) -> Table {
    let mut table = Table::new();
    for (name, value) in entry.as_object().into_iter().flatten() {
        table.insert(name, Item::Value(inline(value)));
    }
    table
}

fn inline(value: &Json) -> Value {
    match value {
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::from(number.to_string()), Value::from),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::Array(items.iter().map(inline).collect::<Array>()),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.as_str(), inline(value)));
            Value::InlineTable(members.collect::<InlineTable>())
        }
        Json::Null => Value::from(""),
    }
}
