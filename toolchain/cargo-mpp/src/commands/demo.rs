//! `mpp demo`: the whole road, told as it is walked.

use super::{Output, inspect, outcome};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::demo::{self, Found, Step},
};
use serde_json::{Value as Json, json};
use std::{fmt::Write as _, path::PathBuf};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp demo\n  mpp demo --text notes.md --work /tmp/mpp-demo")]
pub struct Arguments {
    /// The text to run the tool on; the README of this folder or else of the tool unless said otherwise
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// The folder to work in, emptied first; below `target/` unless said otherwise
    #[arg(long, default_value = "target/mpp-demo", value_name = "FOLDER")]
    work: PathBuf,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let mut text = String::new();
    let mut steps = Vec::new();
    let (work, input) = (context.path(&arguments.work), arguments.text.map(|text| context.path(&text)));
    demo::demo(context, &work, input.as_deref(), &mut |step| {
        let _ = write!(
            text,
            "\n{}. {}\n   $ {}\n{}",
            steps.len() + 1,
            step.title,
            step.command,
            indent(&found_text(&step))
        );
        steps.push(json!({ "title": step.title, "command": step.command, "found": found_json(&step) }));
    })?;
    let closing = format!("\nEverything is still there to look at: {}\n", work.display());
    Ok(Output::new(json!({ "steps": steps, "folder": work.to_string_lossy() }), text + &closing))
}

fn found_text(step: &Step) -> String {
    match &step.found {
        Found::Lines(lines) => lines.join("\n"),
        Found::Package(report) => inspect::text(report),
        Found::Call(report) => outcome::output(report).text,
        Found::Refusal(problem) => format!("refused[{}]: {}", problem.code, problem.message),
    }
}

fn found_json(step: &Step) -> Json {
    match &step.found {
        Found::Lines(lines) => json!(lines),
        Found::Package(report) => json!(report),
        Found::Call(report) => outcome::output(report).json,
        Found::Refusal(problem) => json!({ "error": problem }),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("   {line}").trim_end().to_owned() + "\n").collect()
}
