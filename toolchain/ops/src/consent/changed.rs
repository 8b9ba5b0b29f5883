//! What changed about a tool since a person confirmed a call of it last: its package, what it says about itself, and what it was granted
//! (CONS-39). One file a tool.

use super::Call;
use crate::{
    OpsError,
    atomic_write::{self, Readable},
    home::{Home, MalformedFile},
};
use mpp_schema::{
    Digest, FormatVersion, KeyId, PackageName, ToolName, Version,
    consent::Level,
    text::excerpt,
    tools::{ToolDefinition, ToolsFile},
};
use mpp_wit::ToolsDifference;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a tool was when a call of it was confirmed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    mpp: FormatVersion,
    version: Version,
    package: Digest,
    publisher: KeyId,
    tool: ToolDefinition,
    grants: Digest,
    granted: Vec<String>,
    level: Level,
}

fn path(home: &Home, package: &PackageName, tool: &ToolName) -> PathBuf {
    let folder = home.data.join("confirmed").join(package.namespace().as_str()).join(package.name().as_str());
    folder.join(format!("{tool}.json"))
}

/// What changed since a call of this tool was confirmed last, in words; nothing when nothing did, or none was.
pub(super) fn since_confirmed(home: &Home, call: &Call<'_>) -> Result<Option<String>, OpsError> {
    let path = path(home, call.package(), call.tool());
    let Some(bytes) = atomic_write::read_if_there(&path)? else { return Ok(None) };
    let before: Confirmed =
        serde_json::from_slice(&bytes).map_err(|error| MalformedFile { path, reason: error.to_string() })?;
    let mut changes = Vec::new();
    if before.publisher != call.publisher {
        changes.push(format!("its publisher was {}", before.publisher));
    }
    if before.package != call.digest {
        changes.push(format!("version {} became {}", before.version, call.version()));
    }
    changes.extend(definition(&before.tool, call.tool));
    if before.grants != call.grants_digest {
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|line| !those.contains(line)).cloned().collect()
        };
        changes.extend(only(call.granted, &before.granted).into_iter().map(|line| format!("it may now {line}")));
        changes.extend(only(&before.granted, call.granted).into_iter().map(|line| format!("it may no longer {line}")));
    }
    Ok((!changes.is_empty()).then(|| changes.join("; ")))
}

/// What a tool says about itself that it did not say before.
fn definition(before: &ToolDefinition, now: &ToolDefinition) -> Vec<String> {
    let file = |tool: &ToolDefinition| ToolsFile { mpp: FormatVersion::CURRENT, tools: vec![tool.clone()] };
    words(&ToolsDifference::between(&file(before), &file(now)))
}

/// What changes between two lists of tools, a line each.
pub(crate) fn words(difference: &ToolsDifference) -> Vec<String> {
    let mut lines: Vec<String> = difference.added.iter().map(|tool| format!("the tool `{tool}` is new")).collect();
    lines.extend(difference.removed.iter().map(|tool| format!("the tool `{tool}` is gone")));
    lines.extend(difference.renamed.iter().map(|pair| format!("the tool `{}` is called `{}`", pair.from, pair.to)));
    for change in &difference.changed {
        let tool = &change.name;
        if let Some(description) = &change.description {
            let text = |value: &Option<serde_json::Value>| {
                excerpt(value.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default())
            };
            let (was, now) = (text(&description.was), text(&description.now));
            lines.push(format!("`{tool}` described itself as \"{was}\", and does so as \"{now}\""));
        }
        let places = |changes: &[mpp_wit::Change]| -> Vec<String> {
            changes
                .iter()
                .map(|change| if change.at.is_empty() { "all of it".to_owned() } else { excerpt(&change.at) })
                .collect()
        };
        if !change.input.is_empty() {
            lines.push(format!("what `{tool}` takes: {}", places(&change.input).join(", ")));
        }
        if !change.output.is_empty() {
            lines.push(format!("what `{tool}` gives: {}", places(&change.output).join(", ")));
        }
    }
    lines
}

/// Remembers what was confirmed.
pub(super) fn remember(home: &Home, call: &Call<'_>, level: Level) -> Result<(), OpsError> {
    let path = path(home, call.package(), call.tool());
    let confirmed = Confirmed {
        mpp: FormatVersion::CURRENT,
        version: call.version().clone(),
        package: call.digest,
        publisher: call.publisher,
        tool: call.tool.clone(),
        grants: call.grants_digest,
        granted: call.granted.to_vec(),
        level,
    };
    let text = serde_json::to_string_pretty(&confirmed)
        .map_err(|error| MalformedFile { path: path.clone(), reason: error.to_string() })?;
    Ok(atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?)
}
