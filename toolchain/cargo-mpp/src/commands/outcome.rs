//! How tools and their calls read, shared by `run`, `call`, `list` and `inspect`.

use super::Output;
use crate::exit::Exit;
use mpp_ops::outcome::{Ending, Found, Log, Refusals};
use mpp_ops::verb::call::{CallReport, DryRun};
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
    let outcome = &report.outcome;
    let log = log_text(&outcome.log) + &refusals_text(&outcome.refusals) + &found_text(&outcome.found);
    let mut output = with_refusals(ended(report, log), &outcome.refusals);
    if !outcome.found.is_empty() {
        output.json["privacy"] = outcome.found.to_json();
    }
    output
}

/// What the privacy filter did: kinds and counts, never values.
fn found_text(found: &Found) -> String {
    if found.is_empty() {
        return String::new();
    }
    let each = |(kind, count)| format!("{kind} {count}");
    let masked: Vec<_> = found.masked.iter().map(each).collect();
    let reported: Vec<_> = found.reported.iter().map(each).collect();
    let parts = [
        (!masked.is_empty()).then(|| format!("masked {}", masked.join(", "))),
        (!reported.is_empty()).then(|| format!("left as it is {}", reported.join(", "))),
        (found.blocked > 0).then(|| format!("texts that did not leave: {}", found.blocked)),
        found.opened.then(|| "tokens in the arguments were turned back".to_owned()),
    ];
    format!("privacy: {}\n", parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

/// What the host refused, which the tool may have hidden.
fn refusals_text(refusals: &Refusals) -> String {
    let mut text: String =
        refusals.kept.iter().map(|refusal| format!("refused[{}]: {}\n", refusal.code, refusal.message)).collect();
    if refusals.more > 0 {
        text.push_str(&format!("refused: {} more\n", refusals.more));
    }
    text
}

fn with_refusals(mut output: Output, refusals: &Refusals) -> Output {
    if !refusals.is_empty() {
        let kept =
            refusals.kept.iter().map(|refusal| json!({ "code": refusal.code.as_str(), "message": refusal.message }));
        output.json["refusals"] = json!({ "kept": kept.collect::<Vec<_>>(), "more": refusals.more });
    }
    output
}

fn ended(report: &CallReport, log: String) -> Output {
    let package = json!({ "name": report.package, "version": report.version, "digest": report.digest });
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
    Output { json, text, data: None, talk: log, failure: None, exit }
}

/// What a call would be allowed to do.
pub fn dry_run(report: &DryRun) -> Output {
    let tool = report.tool.as_ref().map_or("every tool".to_owned(), |tool| format!("`{tool}`"));
    let mut text = format!("{tool} of {}@{}; {}\n", report.package, report.version, report.publisher);
    if report.verdicts.is_empty() {
        text.push_str("may compute on what it is given, and asks for nothing else\n");
    }
    for verdict in &report.verdicts {
        let may = if verdict.granted { "may" } else { "may not" };
        text.push_str(&format!("{may} {}\n    {}\n", verdict.what, verdict.why));
    }
    let notes = report.not_counting.iter().cloned();
    let broken =
        report.broken.iter().map(|broken| format!("{}: {} [{}]", broken.file.display(), broken.why, broken.code));
    notes.chain(broken).for_each(|note| text.push_str(&format!("note: {}\n", escaped(&note))));
    text.push_str(if report.starts { "the call would be made\n" } else { "the call would be refused\n" });
    report.help.iter().for_each(|help| text.push_str(&format!("  help: {help}\n")));
    Output::new(json!({ "dry_run": report }), text)
}

/// What the tool wrote, marked as its own words.
fn log_text(log: &Log) -> String {
    let written = log.stdout_lines().into_iter().chain(log.stderr_lines()).map(|line| format!("tool: {line}\n"));
    let logged = log.records.iter().map(|record| format!("tool: {}\n", record.line()));
    written.chain(logged).collect()
}

fn failed(code: Code, message: String, log: String, value: Option<&Json>) -> Output {
    let problem = Problem { code: code.to_string(), message: message.clone(), help: String::new() };
    let mut json = json!({ "error": problem });
    if let Some(value) = value {
        json["error"]["value"] = value.clone();
    }
    Output {
        json,
        text: String::new(),
        data: None,
        talk: log,
        failure: Some((code, escaped(&message))),
        exit: Exit::of(code),
    }
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
