//! What changes between two lists of tools, as people who decide about an update need to see it (PROJ-20).
//!
//! Works on `tools.json`, which is what a model gets to read. Whether a change is good is not judged.

use mpp_schema::{
    ToolName,
    tools::{ToolDefinition, ToolsFile},
};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What changes between two lists of tools.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ToolsDifference {
    /// Tools that only the newer list has.
    pub added: Vec<ToolName>,
    /// Tools that only the older list has.
    pub removed: Vec<ToolName>,
    /// Tools that seem to have got another name: the only pair of a removed and an added one that takes and gives the same.
    pub renamed: Vec<Renamed>,
    /// Tools of one name that are described differently, or take or give something else. A renamed one is here under its new name.
    pub changed: Vec<ToolChange>,
}

/// A tool under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// What it was called.
    pub from: ToolName,
    /// What it is called.
    pub to: ToolName,
}

/// What changes about one tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolChange {
    /// The tool, as the newer list calls it.
    pub name: ToolName,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Change>,
    /// Places in the schema of the arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<Change>,
    /// Places in the schema of the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Change>,
}

/// Something that was one thing and is another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where: a JSON pointer into the schema; empty for the whole.
    pub at: String,
    /// What was there; nothing when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Json>,
    /// What is there; nothing when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Json>,
}

impl ToolsDifference {
    /// Compares two lists.
    pub fn between(older: &ToolsFile, newer: &ToolsFile) -> Self {
        let only_in = |these: &ToolsFile, those: &ToolsFile| -> Vec<ToolDefinition> {
            these.tools.iter().filter(|tool| find(those, &tool.name).is_none()).cloned().collect()
        };
        let (removed, added) = (only_in(older, newer), only_in(newer, older));
        let pairs = renamed(&removed, &added);
        let names = |tools: &[ToolDefinition], taken: BTreeSet<&ToolName>| -> Vec<ToolName> {
            tools.iter().map(|tool| tool.name.clone()).filter(|name| !taken.contains(name)).collect()
        };
        let same = newer.tools.iter().filter_map(|tool| Some((find(older, &tool.name)?, tool)));
        let moved = pairs.iter().filter_map(|pair| Some((find(older, &pair.from)?, find(newer, &pair.to)?)));
        Self {
            changed: same.chain(moved).filter_map(|(was, now)| change(was, now)).collect(),
            added: names(&added, pairs.iter().map(|pair| &pair.to).collect()),
            removed: names(&removed, pairs.iter().map(|pair| &pair.from).collect()),
            renamed: pairs,
        }
    }

    /// Whether the lists are one.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn find<'a>(file: &'a ToolsFile, name: &ToolName) -> Option<&'a ToolDefinition> {
    file.tools.iter().find(|tool| tool.name == *name)
}

/// Pairs that fit each other and nothing else.
fn renamed(removed: &[ToolDefinition], added: &[ToolDefinition]) -> Vec<Renamed> {
    let alike = |a: &ToolDefinition, b: &ToolDefinition| {
        (shape(&a.input), a.output.as_ref().map(shape)) == (shape(&b.input), b.output.as_ref().map(shape))
    };
    let mut pairs = Vec::new();
    for old in removed {
        let mut fits = added.iter().filter(|new| alike(old, new));
        if let (Some(new), None) = (fits.next(), fits.next())
            && removed.iter().filter(|other| alike(other, new)).count() == 1
        {
            pairs.push(Renamed { from: old.name.clone(), to: new.name.clone() });
        }
    }
    pairs
}

/// A schema without its descriptions.
fn shape(schema: &Json) -> Json {
    match schema {
        Json::Object(object) => {
            let kept = object.iter().filter(|(key, value)| *key != "description" || !value.is_string());
            Json::Object(kept.map(|(key, value)| (key.clone(), shape(value))).collect())
        }
        Json::Array(items) => items.iter().map(shape).collect(),
        other => other.clone(),
    }
}

fn change(was: &ToolDefinition, now: &ToolDefinition) -> Option<ToolChange> {
    let description = (was.description != now.description).then(|| Change {
        at: String::new(),
        was: Some(json!(was.description)),
        now: Some(json!(now.description)),
    });
    let changes = |was: Option<&Json>, now: Option<&Json>| {
        let mut found = Vec::new();
        walk("", was, now, &mut found);
        found
    };
    let (input, output) =
        (changes(Some(&was.input), Some(&now.input)), changes(was.output.as_ref(), now.output.as_ref()));
    let is_same = description.is_none() && input.is_empty() && output.is_empty();
    (!is_same).then(|| ToolChange { name: now.name.clone(), description, input, output })
}

/// The outermost places at which two values differ.
fn walk(at: &str, was: Option<&Json>, now: Option<&Json>, found: &mut Vec<Change>) {
    match (was, now) {
        (was, now) if was == now => {}
        (Some(Json::Object(was)), Some(Json::Object(now))) => {
            let keys: BTreeSet<&String> = was.keys().chain(now.keys()).collect();
            for key in keys {
                walk(&format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), was.get(key), now.get(key), found);
            }
        }
        (was, now) => found.push(Change { at: at.to_owned(), was: was.cloned(), now: now.cloned() }),
    }
}
