//! A schema as people read it: each field with its type in words, whether it must be given, and what its author says about it.
//!
//! Reads the part of JSON Schema that the build emits (spec/tool.md); anything else is shown as the JSON that it is.

use maud::{Markup, html};
use serde_json::Value as Json;

/// How deep a form goes; below that the schema is shown as JSON.
const DEPTH_MAX: usize = 10;

/// The fields of an object schema, or the type of anything else.
pub fn form(schema: &Json) -> Markup {
    fields(schema, 0)
}

fn fields(schema: &Json, depth: usize) -> Markup {
    let Some(properties) = schema.get("properties").and_then(Json::as_object).filter(|_| depth < DEPTH_MAX) else {
        return html! { p .type { (words(schema)) } };
    };
    if properties.is_empty() {
        return html! { p .type { "nothing" } };
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    html! {
        dl .schema {
            @for (name, inner) in properties {
                dt { code { (name) } " " span .type {
                    (words(inner)) @if !required.contains(&name.as_str()) { ", may be left out" }
                } }
                dd {
                    @if let Some(text) = inner["description"].as_str() { p { (text) } }
                    @if let Some(nested) = nested(inner) { (fields(nested, depth + 1)) }
                }
            }
        }
    }
}

/// The object inside of a type, whose fields are worth showing.
fn nested(schema: &Json) -> Option<&Json> {
    if schema["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
        return Some(schema);
    }
    if let Some(items) = schema.get("items") {
        return nested(items);
    }
    let mut choices = schema["anyOf"].as_array()?.iter().filter(|choice| choice["type"] != "null");
    match (choices.next(), choices.next()) {
        (Some(only), None) => nested(only),
        _ => None,
    }
}

/// A type in a few words.
pub fn words(schema: &Json) -> String {
    words_at(schema, 0)
}

fn words_at(schema: &Json, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return "…".to_owned();
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return one_of(choices, depth);
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().map(Json::to_string).collect();
        return if values.len() == 1 { values[0].clone() } else { format!("one of {}", values.join(", ")) };
    }
    match schema["type"].as_str() {
        Some("array") => {
            format!("list of {}", schema.get("items").map_or("anything".to_owned(), |items| words_at(items, depth + 1)))
        }
        Some("string") => text(schema),
        Some("integer") => number("whole number", schema),
        Some("number") => number("number", schema),
        Some("boolean") => "true or false".to_owned(),
        Some("object") => object(schema, depth),
        Some("null") => "nothing".to_owned(),
        _ => schema.to_string(),
    }
}

fn one_of(choices: &[Json], depth: usize) -> String {
    let (nothing, some): (Vec<_>, Vec<_>) = choices.iter().partition(|choice| choice["type"] == "null");
    let words: Vec<_> = some.iter().map(|choice| words_at(choice, depth + 1)).collect();
    let joined = words.join(", or ");
    if nothing.is_empty() { joined } else { format!("{joined}, or nothing") }
}

/// A tagged choice by its tag, any other object by its fields.
fn object(schema: &Json, depth: usize) -> String {
    let Some(properties) = schema["properties"].as_object() else { return "object".to_owned() };
    let tag = properties.get("tag").and_then(|tag| tag["enum"][0].as_str());
    match (tag, properties.get("val")) {
        (Some(tag), Some(value)) => format!("{tag} ({})", words_at(value, depth + 1)),
        (Some(tag), None) => tag.to_owned(),
        (None, _) if properties.len() <= 4 => {
            format!("object with {}", properties.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
        (None, _) => format!("object with {} fields", properties.len()),
    }
}

fn text(schema: &Json) -> String {
    match (schema["minLength"].as_u64(), schema["maxLength"].as_u64(), schema["pattern"].as_str()) {
        (_, _, Some(pattern)) => format!("text like {pattern}"),
        (Some(least), Some(most), _) if least == most => format!("text of length {most}"),
        (_, Some(most), _) => format!("text of length {most} at most"),
        _ => "text".to_owned(),
    }
}

fn number(what: &str, schema: &Json) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!("{what} from {least} to {most}"),
        (Some(least), None) => format!("{what} of at least {least}"),
        (None, Some(most)) => format!("{what} of at most {most}"),
        (None, None) => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{form, words};
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn check(schema: Json, expected: &str) {
        assert_eq!(words(&schema), expected);
    }

    #[test]
    fn types_are_words() {
        check(json!({ "type": "string" }), "text");
        check(json!({ "type": "string", "minLength": 1, "maxLength": 1 }), "text of length 1");
        check(json!({ "type": "integer", "minimum": 0, "maximum": 255 }), "whole number from 0 to 255");
        check(json!({ "type": "array", "items": { "type": "boolean" } }), "list of true or false");
        check(json!({ "anyOf": [{ "type": "number" }, { "type": "null" }] }), "number, or nothing");
        check(json!({ "type": "string", "enum": ["a", "b"] }), "one of \"a\", \"b\"");
        let tagged = |tag: &str| json!({ "type": "object", "properties": { "tag": { "enum": [tag] } } });
        check(json!({ "anyOf": [tagged("on"), tagged("off")] }), "on, or off");
        check(json!({ "unknown": true }), r#"{"unknown":true}"#);
    }

    #[test]
    fn a_form_shows_each_field_and_escapes_what_it_says() {
        let schema = json!({
            "type": "object", "required": ["text"],
            "properties": {
                "text": { "type": "string", "description": "<script>" },
                "deep": { "type": "array", "items": { "type": "object", "properties": { "leaf": { "type": "boolean" } } } },
            },
        });
        let shown = form(&schema).into_string();
        assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script>"), "{shown}");
        assert!(shown.contains("<code>leaf</code>"), "{shown}");
        assert_eq!(shown.matches("may be left out").count(), 2, "{shown}");
    }

    #[test]
    fn depth_has_an_end() {
        let mut schema = json!({ "type": "boolean" });
        for _ in 0..100 {
            schema = json!({ "type": "object", "properties": { "x": schema } });
        }
        assert!(form(&schema).into_string().len() < 10_000);
    }
}
