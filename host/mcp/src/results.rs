//! How tools and what they gave read on the wire.

use crate::content;
use crate::toolbox::{Called, Provenance, Tool};
use mpp_host::Ending;
use mpp_schema::Problem;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject, ToolAnnotations};
use serde_json::Value as Json;
use std::sync::Arc;

/// The member of `_meta` that says where a result came from.
const PACKAGE: &str = "dev.mpp/package";
/// The member of `_meta` that says what the privacy filter did: kinds and counts.
const PRIVACY: &str = "dev.mpp/privacy";

pub(crate) fn tool(tool: &Tool) -> rmcp::model::Tool {
    let description = Some(tool.description.clone().into()).filter(|_| !tool.description.is_empty());
    let mut shown = rmcp::model::Tool::new_with_raw(tool.name.clone(), description, Arc::clone(&tool.input_schema))
        .with_title(tool.title.clone())
        .with_annotations(ToolAnnotations::from_raw(
            None,
            Some(tool.annotations.read_only),
            Some(tool.annotations.destructive),
            Some(tool.annotations.idempotent),
            Some(tool.annotations.open_world),
        ));
    shown.output_schema.clone_from(&tool.output_schema);
    shown
}

/// A call that ended (MCP-17, MCP-18).
pub(crate) fn called(called: Called) -> CallToolResult {
    let Called { outcome, package, content } = called;
    let mut result = match outcome.ending {
        Ending::Returned(None) => CallToolResult::success(Vec::new()),
        Ending::Returned(Some(value)) => match content {
            Some(content) => CallToolResult::success(content::blocks(content, &value)),
            None => data(value),
        },
        Ending::ToolError(error) => failed(text(&error)),
        Ending::Trapped { code, message } | Ending::Limited { code, message } => failed(format!("{code}: {message}")),
    };
    if result.is_error == Some(true) {
        let refused = outcome.refusals.kept.iter().map(|refusal| format!("{}: {}", refusal.code, refusal.message));
        result.content.extend(refused.map(ContentBlock::text));
    }
    let mut meta = provenance(&package);
    if !outcome.found.is_empty() {
        meta.0.insert(PRIVACY.to_owned(), outcome.found.to_json());
    }
    result.meta = Some(meta);
    result
}

fn data(value: Json) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(plain(&value))]);
    result.structured_content = Some(value);
    result
}

/// What was found, which is of this program and of no package.
pub(crate) fn found(found: Json) -> CallToolResult {
    data(found)
}

/// A call that was not begun, with what can be done about it.
pub(crate) fn refused(problem: &Problem) -> CallToolResult {
    let help = problem.help.lines().map(|line| format!("\nhelp: {line}"));
    failed(format!("{}: {}{}", problem.code, problem.message, help.collect::<String>()))
}

fn failed(why: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}

/// A tool that gives one text is read as that text.
fn plain(value: &Json) -> String {
    match value.as_object() {
        Some(object) if object.len() == 1 => object.get("result").map_or_else(|| value.to_string(), text),
        _ => value.to_string(),
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn provenance(package: &Provenance) -> MetaObject {
    let mut meta = MetaObject::default();
    meta.0.insert(PACKAGE.to_owned(), serde_json::to_value(package).unwrap_or_default());
    meta
}
