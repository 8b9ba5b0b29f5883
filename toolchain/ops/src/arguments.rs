//! The arguments of a tool as people write them: inline JSON, `@file`, `-`, or flags named after the tool's parameters.
//!
//! Words become one JSON text here; whether it fits the tool is asked by the codec alone, which names the path of what is wrong.

use crate::atomic_write::IoError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mpp_schema::{Code, Coded, codes, tools::ToolDefinition};
use serde_json::{Map, Value as Json};
use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

/// The words that follow a tool's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolInput(pub Vec<String>);

/// Why words are not arguments.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentsError {
    /// No parameter of that name.
    #[error("could not use `--{flag}`: the tool `{tool}` has {}", known(parameters))]
    UnknownFlag {
        /// What was written.
        flag: String,
        /// The tool.
        tool: String,
        /// What could have been written.
        parameters: Vec<String>,
    },
    /// A flag without its value.
    #[error("could not use `--{0}`: a value must follow it")]
    NoValue(String),
    /// A parameter that takes one value was given twice.
    #[error("could not use `--{0}` twice: its parameter is not a list")]
    Twice(String),
    /// A word that is neither JSON nor a flag.
    #[error("could not use `{0}`: expected one JSON object, `@file`, `-`, or flags such as `--name value`")]
    Unexpected(String),
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// Standard input could not be read.
    #[error("could not read standard input")]
    Stdin(#[source] io::Error),
    /// A file for a text parameter does not hold text.
    #[error("could not use `@{0}` as text: it is not UTF-8")]
    NotText(String),
}

fn known(parameters: &[String]) -> String {
    match parameters {
        [] => "no parameters".to_owned(),
        _ => parameters.iter().map(|name| format!("`--{name}`")).collect::<Vec<_>>().join(", "),
    }
}

impl Coded for ArgumentsError {
    fn code(&self) -> Code {
        match self {
            Self::Io(error) => error.code(),
            Self::Stdin(_) => codes::IO_FAILED,
            _ => codes::TOOL_ARGUMENTS,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownFlag { parameters, .. } => parameters.iter().map(|name| format!("--{name} VALUE")).collect(),
            Self::NoValue(flag) => vec![format!("--{flag} VALUE, --{flag} @FILE, or --{flag} -")],
            Self::Unexpected(_) => vec!["quote JSON for the shell: '{\"text\": \"…\"}'".to_owned()],
            _ => Vec::new(),
        }
    }
}

impl ToolInput {
    /// The words as one JSON text; files are looked for in `folder`.
    pub fn json(&self, tool: &ToolDefinition, folder: &Path) -> Result<String, ArgumentsError> {
        match self.0.as_slice() {
            [] => Ok("{}".to_owned()),
            [first, ..] if first.starts_with("--") => flags(&self.0, tool, folder),
            [one] if one == "-" => stdin_text("-"),
            [one] => match one.strip_prefix('@') {
                Some(file) => text(file, read(file, folder)?),
                None if looks_like_json(one) => Ok(one.clone()),
                None => Err(ArgumentsError::Unexpected(one.clone())),
            },
            [_, second, ..] => Err(ArgumentsError::Unexpected(second.clone())),
        }
    }
}

/// Whether the codec has something to say about it. A broken object is told better there than here.
fn looks_like_json(word: &str) -> bool {
    word.trim_start().starts_with(['{', '[']) || serde_json::from_str::<serde::de::IgnoredAny>(word).is_ok()
}

fn flags(words: &[String], tool: &ToolDefinition, folder: &Path) -> Result<String, ArgumentsError> {
    let mut arguments = Map::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let flag = word.strip_prefix("--").ok_or_else(|| ArgumentsError::Unexpected(word.to_owned()))?;
        let (name, inline) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let schema = parameter(tool, name)?;
        let value = match inline {
            Some(value) => value,
            None if kind(schema) == "boolean" && words.peek().is_none_or(|next| next.starts_with("--")) => "true",
            None => words.next().ok_or_else(|| ArgumentsError::NoValue(name.to_owned()))?,
        };
        put(&mut arguments, name, schema, value, folder)?;
    }
    Ok(Json::Object(arguments).to_string())
}

fn parameter<'a>(tool: &'a ToolDefinition, name: &str) -> Result<&'a Json, ArgumentsError> {
    let properties = tool.input.get("properties").and_then(Json::as_object);
    let found = properties.and_then(|properties| properties.get(name));
    found.map(inner).ok_or_else(|| ArgumentsError::UnknownFlag {
        flag: name.to_owned(),
        tool: tool.name.to_string(),
        parameters: properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default(),
    })
}

/// What is inside an option.
fn inner(schema: &Json) -> &Json {
    let cases = schema.get("anyOf").and_then(Json::as_array);
    match cases.map(Vec::as_slice) {
        Some([value, null]) if kind(null) == "null" => inner(value),
        _ => schema,
    }
}

fn kind(schema: &Json) -> &str {
    schema.get("type").and_then(Json::as_str).unwrap_or_default()
}

fn put(
    arguments: &mut Map<String, Json>,
    name: &str,
    schema: &Json,
    word: &str,
    folder: &Path,
) -> Result<(), ArgumentsError> {
    let item = schema.get("items").filter(|_| kind(schema) == "array" && !word.starts_with('['));
    let value = value(item.map_or(schema, inner), word, folder)?;
    match (item, arguments.get_mut(name)) {
        (Some(_), Some(Json::Array(list))) => list.push(value),
        (_, Some(_)) => return Err(ArgumentsError::Twice(name.to_owned())),
        (Some(_), None) => drop(arguments.insert(name.to_owned(), Json::Array(vec![value]))),
        (None, None) => drop(arguments.insert(name.to_owned(), value)),
    }
    Ok(())
}

fn value(schema: &Json, word: &str, folder: &Path) -> Result<Json, ArgumentsError> {
    let is_text = kind(schema) == "string";
    if let Some(literal) = word.strip_prefix("@@") {
        return Ok(Json::String(format!("@{literal}")));
    }
    if is_text && is_bytes(schema) && (word == "-" || word.starts_with('@')) {
        let bytes = if word == "-" { stdin_bytes()? } else { read(&word[1..], folder)? };
        return Ok(Json::String(STANDARD.encode(bytes)));
    }
    let written = match word.strip_prefix('@') {
        Some(file) => text(file, read(file, folder)?)?,
        None if word == "-" => stdin_text(word)?,
        None => word.to_owned(),
    };
    if is_text {
        return Ok(Json::String(written));
    }
    Ok(serde_json::from_str(&written).unwrap_or(Json::String(written)))
}

/// Whether a text parameter carries bytes: the schema's description says so (rule of the schema in `spec/tool.md`).
fn is_bytes(schema: &Json) -> bool {
    let description = schema.get("description").and_then(Json::as_str);
    description.is_some_and(|text| text == "base64" || text.ends_with("(base64)"))
}

fn read(file: &str, folder: &Path) -> Result<Vec<u8>, IoError> {
    let path = folder.join(file);
    fs::read(&path).map_err(IoError::on("read", &path))
}

fn text(file: &str, bytes: Vec<u8>) -> Result<String, ArgumentsError> {
    String::from_utf8(bytes).map_err(|_| ArgumentsError::NotText(file.to_owned()))
}

fn stdin_bytes() -> Result<Vec<u8>, ArgumentsError> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(ArgumentsError::Stdin)?;
    Ok(bytes)
}

fn stdin_text(name: &str) -> Result<String, ArgumentsError> {
    text(name, stdin_bytes()?)
}

#[cfg(test)]
mod tests {
    use super::ToolInput;
    use mpp_schema::tools::ToolDefinition;
    use serde_json::json;

    fn tool() -> ToolDefinition {
        let input = json!({ "type": "object", "properties": {
            "text": { "type": "string" },
            "depth": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
            "strict": { "type": "boolean" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "data": { "type": "string", "description": "base64" }
        }});
        serde_json::from_value(json!({ "name": "outline", "input": input })).unwrap()
    }

    #[track_caller]
    fn check(words: &[&str], expected: Result<serde_json::Value, &str>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("note.md"), "# Hi").unwrap();
        std::fs::write(folder.path().join("bytes"), [0xff, 0]).unwrap();
        let input = ToolInput(words.iter().map(|word| (*word).to_owned()).collect());
        let found = input.json(&tool(), folder.path());
        match expected {
            Ok(expected) => assert_eq!(serde_json::from_str::<serde_json::Value>(&found.unwrap()).unwrap(), expected),
            Err(expected) => assert!(found.unwrap_err().to_string().contains(expected)),
        }
    }

    #[test]
    fn json_and_files() {
        check(&[], Ok(json!({})));
        check(&[r#"{"text":"a"}"#], Ok(json!({ "text": "a" })));
        check(&["{}", "{}"], Err("could not use `{}`"));
        check(&["hello"], Err("could not use `hello`: expected one JSON object"));
        check(&["-x"], Err("could not use `-x`: expected one JSON object"));
        check(&["@missing"], Err("could not read"));
    }

    #[test]
    fn flags_follow_the_schema() {
        check(
            &["--text", "@note.md", "--depth", "3", "--strict"],
            Ok(json!({ "text": "# Hi", "depth": 3, "strict": true })),
        );
        check(&["--text=7", "--strict", "false"], Ok(json!({ "text": "7", "strict": false })));
        check(&["--tags", "a", "--tags", "b"], Ok(json!({ "tags": ["a", "b"] })));
        check(&["--tags", r#"["a"]"#], Ok(json!({ "tags": ["a"] })));
        check(&["--data", "@bytes"], Ok(json!({ "data": "/wA=" })));
        check(&["--text", "@@home"], Ok(json!({ "text": "@home" })));
        check(&["--depth", "deep"], Ok(json!({ "depth": "deep" })));
    }

    #[test]
    fn flags_that_cannot_be() {
        check(&["--txt", "a"], Err("`--text`"));
        check(&["--text"], Err("a value must follow"));
        check(&["--text", "a", "--text", "b"], Err("twice"));
        check(&["--text", "a", "b"], Err("could not use `b`"));
        check(&["--text", "@bytes"], Err("not UTF-8"));
    }
}
