//! How tools and their calls read, shared by `run`, `call`, `list` and `inspect`.

use super::Output;
use crate::exit::Exit;
use mpp_ops::outcome::{Ending, Log};
use mpp_ops::verb::call::CallReport;
use mpp_schema::{Code, Problem, codes, text::escaped, tools::ToolDefinition};
use serde_json::{Value as Json, json};

/// One tool with its parameters and the first paragraph of its description.
pub fn tool_line(tool: &ToolDefinition) -> String {
    let parameters = tool.input.get("properties").and_then(Json::as_object);
    let flags: Vec<_> = parameters.iter().flat_map(|p| p.keys()).map(|name| format!("--{name} …")).collect();
    let description = tool.description.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    format!("  {} {}\n      {}\n", tool.name, flags.join(" "), escaped(&description))
}

/// The end of a call: the result on stdout, the tool's log on stderr.
pub fn output(report: &CallReport) -> Output {
    let package = json!({ "name": report.package, "version": report.version, "digest": report.digest });
    let log = log_text(&report.outcome.log);
    let (json, text, exit) = match &report.outcome.ending {
        Ending::Returned(result) => (
            json!({ "package": package, "tool": report.tool, "result": result }),
            readable(result.as_ref()),
            Exit::Success,
        ),
        Ending::ToolError(error) => {
            let message = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            return failed(codes::TOOL_ERROR, message, log, Some(error));
        }
        Ending::Trapped { code, message } | Ending::Limited { code, message } => {
            return failed(*code, message.clone(), log, None);
        }
    };
    Output { json, text, talk: log, failure: None, exit }
}

/// What the tool wrote, marked as its own words.
fn log_text(log: &Log) -> String {
    log.stdout_lines().iter().chain(&log.stderr_lines()).map(|line| format!("tool: {line}\n")).collect()
}

fn failed(code: Code, message: String, log: String, value: Option<&Json>) -> Output {
    let problem = Problem { code: code.to_string(), message: message.clone(), help: String::new() };
    let mut json = json!({ "error": problem });
    if let Some(value) = value {
        json["error"]["value"] = value.clone();
    }
    Output { json, text: String::new(), talk: log, failure: Some((code, escaped(&message))), exit: Exit::of(code) }
}

/// A result for people: a lone text as it is, anything else as indented JSON.
fn readable(result: Option<&Json>) -> String {
    let Some(result) = result else { return String::new() };
    let lone = result.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("result"));
    match lone.unwrap_or(result) {
        Json::String(text) if text.ends_with('\n') => text.clone(),
        Json::String(text) => format!("{text}\n"),
        other => serde_json::to_string_pretty(other).unwrap_or_default() + "\n",
    }
}
