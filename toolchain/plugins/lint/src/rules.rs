//! What is looked for. An error is what makes a package wrong for whoever uses it; everything else is a warning.

use serde_json::Value;

pub struct Package {
    pub manifest: Value,
    pub tools: Value,
    pub imports: Vec<String>,
    pub component_bytes: usize,
    pub has_readme: bool,
}

#[derive(Debug, PartialEq)]
pub struct Found {
    pub is_error: bool,
    pub message: String,
    pub help: Option<String>,
}

/// Larger than this, a component is slow to load for everybody.
const COMPONENT_BYTES: usize = 4 << 20;
/// Models choose by descriptions: a shorter one says too little, a longer one costs tokens in every conversation.
const DESCRIPTION_BYTES: std::ops::RangeInclusive<usize> = 12..=400;
/// Some clients cut names after 64 bytes, and put the package before them.
const NAME_BYTES: usize = 40;
/// Some providers refuse schemas that are deeper.
const DEPTH: usize = 8;

/// Permissions, and the beginnings of the interfaces that need them. Environment and clocks are of the base and cannot be told from it.
const PERMISSIONS: &[(&str, &[&str])] = &[
    ("folders", &["wasi:filesystem/"]),
    ("http", &["wasi:http/"]),
    ("secrets", &["wasi:http/"]),
    ("kv", &["wasi:keyvalue/", "mpp:host/durable"]),
    ("config", &["wasi:config/"]),
    ("logging", &["wasi:logging/"]),
    ("devices", &["mpp:host/device"]),
    ("progress", &["mpp:host/progress"]),
    ("tools", &["mpp:host/tools"]),
];

pub fn check(package: &Package) -> Vec<Found> {
    let mut found = Vec::new();
    permissions(package, &mut found);
    package_texts(package, &mut found);
    for tool in package.tools["tools"].as_array().into_iter().flatten() {
        check_tool(tool, &mut found);
    }
    found
}

fn warning(message: String, help: &str) -> Found {
    Found { is_error: false, message, help: Some(help.to_owned()) }
}

/// What is asked for and never used makes people grant more than they need to.
fn permissions(package: &Package, found: &mut Vec<Found>) {
    let Some(asked) = package.manifest["permissions"].as_object() else { return };
    for (name, interfaces) in PERMISSIONS {
        let is_used = package.imports.iter().any(|import| interfaces.iter().any(|start| import.starts_with(start)));
        if asked.contains_key(*name) && !is_used {
            let message = format!("the permission `{name}` is asked for, and no import needs it");
            found.push(Found { is_error: true, message, help: Some(format!("remove `{name}` from the permissions")) });
        }
    }
}

fn package_texts(package: &Package, found: &mut Vec<Found>) {
    if !package.has_readme {
        found.push(warning("there is no readme".to_owned(), "write a README.md beside the manifest"));
    }
    if package.manifest["license"].as_str().is_none() {
        found.push(warning("no licence is named".to_owned(), "write `license = \"…\"`, an SPDX expression"));
    }
    if package.component_bytes > COMPONENT_BYTES {
        let message = format!("the component has {} bytes", package.component_bytes);
        found.push(warning(message, "build with `opt-level = \"s\"`, `lto = true` and `strip = true`"));
    }
}

fn check_tool(tool: &Value, found: &mut Vec<Found>) {
    let name = tool["name"].as_str().unwrap_or_default();
    let description = tool["description"].as_str().unwrap_or_default();
    if description.trim().is_empty() {
        let message = format!("the tool `{name}` has no description");
        let help = Some("write a comment above its function in the WIT text: it is what an agent reads".to_owned());
        found.push(Found { is_error: true, message, help });
    } else if !DESCRIPTION_BYTES.contains(&description.len()) {
        let message = format!("the description of `{name}` has {} bytes", description.len());
        found.push(warning(message, "one or two sentences are best"));
    }
    if name.len() > NAME_BYTES {
        found.push(warning(format!("the name `{name}` is long"), "some clients cut names of tools"));
    }
    for (side, schema) in [("arguments", &tool["input"]), ("result", &tool["output"])] {
        let depth = depth(schema);
        if depth > DEPTH {
            let message = format!("the {side} of `{name}` nest {depth} levels deep");
            found.push(warning(message, "some model providers refuse such schemas"));
        }
    }
    undescribed(name, &tool["input"], found);
}

fn undescribed(name: &str, input: &Value, found: &mut Vec<Found>) {
    let parameters = input["properties"].as_object();
    let undescribed = parameters.into_iter().flatten().filter(|(_, schema)| schema["description"].as_str().is_none());
    let undescribed: Vec<_> = undescribed.map(|(parameter, _)| format!("`{parameter}`")).collect();
    if !undescribed.is_empty()
        && undescribed.len() == parameters.map_or(0, serde_json::Map::len)
        && undescribed.len() > 3
    {
        let message = format!("no parameter of `{name}` is described: {}", undescribed.join(", "));
        found.push(warning(message, "give each a type of its own with a comment: `type title = string;`"));
    }
}

/// How many objects and lists lie within each other.
fn depth(schema: &Value) -> usize {
    let inside = match schema["type"].as_str() {
        Some("object") => schema["properties"].as_object().into_iter().flatten().map(|(_, inner)| depth(inner)).max(),
        Some("array") => Some(depth(&schema["items"])),
        _ => return schema["anyOf"].as_array().into_iter().flatten().map(depth).max().unwrap_or(0),
    };
    1 + inside.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Package, check};
    use serde_json::{Value, json};

    fn package(manifest: Value, tool: Value) -> Package {
        Package {
            manifest,
            tools: json!({ "tools": [tool] }),
            imports: Vec::new(),
            component_bytes: 0,
            has_readme: true,
        }
    }

    #[track_caller]
    fn assert_found(package: &Package, expected: &[(bool, &str)]) {
        let found = check(package);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, (is_error, words)) in found.iter().zip(expected) {
            assert!(found.is_error == *is_error && found.message.contains(words), "{found:?}");
        }
    }

    fn good() -> (Value, Value) {
        (json!({ "license": "MIT" }), json!({ "name": "count", "description": "Counts the words of a text." }))
    }

    #[test]
    fn a_good_package_is_left_alone() {
        let (manifest, tool) = good();
        assert_found(&package(manifest, tool), &[]);
    }

    #[test]
    fn a_permission_that_no_import_needs_is_an_error() {
        let (mut manifest, tool) = good();
        manifest["permissions"] = json!({ "kv": { "quota": "1MiB" }, "env": ["LANG"] });
        let mut package = package(manifest, tool);
        assert_found(&package, &[(true, "`kv`")]);
        package.imports.push("wasi:keyvalue/store@0.2.0-draft2".to_owned());
        assert_found(&package, &[]);
    }

    #[test]
    fn a_tool_that_says_nothing_is_an_error_and_one_that_says_too_much_is_not() {
        let (manifest, _) = good();
        assert_found(&package(manifest.clone(), json!({ "name": "x" })), &[(true, "no description")]);
        let long = json!({ "name": "x".repeat(50), "description": "x".repeat(500) });
        assert_found(&package(manifest, long), &[(false, "500 bytes"), (false, "is long")]);
    }

    #[test]
    fn deep_schemas_are_told() {
        let (manifest, mut tool) = good();
        tool["output"] =
            (0..9).fold(json!({ "type": "string" }), |inner, _| json!({ "type": "array", "items": inner }));
        assert_found(&package(manifest, tool), &[(false, "9 levels")]);
    }
}
