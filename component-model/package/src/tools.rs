//! `tools.json` as a package may carry it (PKG-50 to PKG-52). Whether it says the same as the WIT is asked by `mpp-wit`.

use crate::{
    limits::TOOL_BYTES_MAX,
    manifest::{ManifestError, check_texts, check_version},
    strict_json,
};
use mpp_schema::{ToolName, tools::ToolsFile};
use serde_json::Value;
use std::collections::BTreeSet;

const FILE: &str = "tools.json";

/// Reads and checks the file's bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<ToolsFile, ManifestError> {
    let invalid = |reason: String| ManifestError::Invalid { file: FILE, reason };
    let document = strict_json::read(bytes).map_err(|error| invalid(error.to_string()))?;
    check_version(FILE, bytes)?;
    let tools: ToolsFile = serde_json::from_value(document.clone()).map_err(|error| invalid(error.to_string()))?;
    let plain = document["tools"].as_array().is_some_and(|tools| tools.iter().all(is_plain));
    if !document.is_object() || !plain {
        return Err(invalid("expected an object with a list of objects, in which no field holds nothing".to_owned()));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = tools.tools.iter().find(|tool| !names.insert(&tool.name)) {
        return Err(invalid(format!("two tools are named `{}`", twice.name)));
    }
    check_texts(FILE, &document)?;
    check_sizes(&tools)?;
    Ok(tools)
}

/// Whether a tool is written as an object, and a field that would hold nothing is left out.
fn is_plain(tool: &Value) -> bool {
    let holds_nothing = |field: &Value| field.is_null() || field == "";
    tool.is_object()
        && !["interface", "description", "output"].iter().any(|key| tool.get(key).is_some_and(holds_nothing))
}

/// The file's bytes: readable for people, the same for the same tools.
pub(crate) fn write(tools: &ToolsFile) -> Result<Vec<u8>, ManifestError> {
    let failed = |error: serde_json::Error| ManifestError::Invalid { file: FILE, reason: error.to_string() };
    let mut bytes = serde_json::to_vec_pretty(tools).map_err(failed)?;
    bytes.push(b'\n');
    read(&bytes)?;
    Ok(bytes)
}

/// Whether everything that a manifest says about tools is about one of these.
pub(crate) fn check_named<'a>(
    mut named: impl Iterator<Item = &'a ToolName>,
    tools: &ToolsFile,
) -> Result<(), ManifestError> {
    match named.find(|name| !tools.tools.iter().any(|tool| tool.name == **name)) {
        Some(name) => Err(ManifestError::Invalid {
            file: "mpp.json",
            reason: format!("`tools.{name}`: expected the name of a tool of the package, found another"),
        }),
        None => Ok(()),
    }
}

fn check_sizes(tools: &ToolsFile) -> Result<(), ManifestError> {
    for tool in &tools.tools {
        let found = serde_json::to_vec(tool).map_or(usize::MAX, |bytes| bytes.len());
        if found > TOOL_BYTES_MAX {
            let field = format!("the definition of {}", tool.name);
            return Err(ManifestError::Long { file: FILE, field, limit: TOOL_BYTES_MAX, found });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read;
    use mpp_schema::{Code, Coded as _, codes};
    use serde_json::{Value, json};

    fn good() -> Value {
        json!({ "mpp": "1.0", "tools": [{
            "name": "search", "description": "Finds notes.",
            "input": { "type": "object", "properties": { "text": { "type": "string", "description": "What to find." } } }
        }] })
    }

    #[track_caller]
    fn check(spoil: impl FnOnce(&mut Value), expected: Result<(), Code>) {
        let mut file = good();
        spoil(&mut file);
        let outcome = read(&serde_json::to_vec(&file).unwrap());
        assert_eq!(outcome.map(drop).map_err(|error| error.code()), expected);
    }

    #[test]
    fn hidden_characters_are_found_wherever_a_model_reads() {
        check(|_| {}, Ok(()));
        let text = Err(codes::MANIFEST_TEXT);
        check(|file| file["tools"][0]["description"] = "a\u{200b}".into(), text);
        check(|file| file["tools"][0]["input"]["properties"]["text"]["description"] = "a\u{e0041}".into(), text);
        check(|file| file["tools"][0]["input"]["properties"]["a\u{202e}"] = json!({}), text);
        check(|file| file["tools"][0]["output"] = json!({ "enum": ["\u{1b}[2J"] }), text);
    }

    #[test]
    fn texts_and_definitions_are_bounded() {
        let text = Err(codes::MANIFEST_TEXT);
        check(|file| file["tools"][0]["description"] = "a".repeat(1024).into(), Ok(()));
        check(|file| file["tools"][0]["description"] = "a".repeat(1025).into(), text);
        check(|file| file["tools"][0]["input"]["description"] = "a".repeat(1025).into(), text);
        check(|file| file["tools"][0]["input"]["default"] = json!({ "a.description": "a".repeat(1025) }), Ok(()));
        check(|file| file["tools"][0]["input"]["enum"] = json!(["a".repeat(15 << 10)]), Ok(()));
        check(|file| file["tools"][0]["input"]["enum"] = json!(["a".repeat(16 << 10)]), text);
    }

    #[test]
    fn the_shape_is_strict() {
        let invalid = Err(codes::MANIFEST_INVALID);
        check(|file| file["more"] = 1.into(), invalid);
        check(|file| file["tools"][0]["more"] = 1.into(), invalid);
        check(|file| file["tools"][0]["name"] = "Search".into(), invalid);
        check(|file| file["tools"][0] = json!(["search", null, "a", {}]), invalid);
        check(|file| file["tools"][0]["interface"] = Value::Null, invalid);
        check(|file| file["tools"][0]["output"] = Value::Null, invalid);
        check(|file| file["tools"][0]["description"] = "".into(), invalid);
        check(|file| file["tools"][0]["input"]["default"] = Value::Null, Ok(()));
        check(|file| *file = json!(["1.0", []]), invalid);
        check(
            |file| {
                let twin = file["tools"][0].clone();
                file["tools"].as_array_mut().unwrap().push(twin)
            },
            invalid,
        );
        check(|file| file["mpp"] = "2.0".into(), Err(codes::FORMAT_NEWER));
        let twice = br#"{"mpp":"1.0","tools":[{"name":"a","input":{"type":"object","type":"string"}}]}"#;
        assert_eq!(read(twice).unwrap_err().code(), codes::MANIFEST_INVALID);
    }
}
