//! `mpp doctor`: what is there and what is not.

use super::Output;
use crate::exit::Exit;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::doctor::{self, Check, State},
};
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp doctor\n  mpp --json doctor")]
pub struct Arguments {}

pub fn run(_: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let checks = doctor::doctor(context, &crate::context::version());
    let text = checks.iter().map(line).collect::<String>();
    let exit = if checks.iter().any(|check| check.state == State::Bad) { Exit::Host } else { Exit::Success };
    Ok(Output { exit, ..Output::new(json!({ "checks": checks }), text) })
}

fn line(check: &Check) -> String {
    let mark = match check.state {
        State::Good => "ok  ",
        State::Missing => "-   ",
        State::Bad => "BAD ",
    };
    let help = if check.help.is_empty() { String::new() } else { format!("      help: {}\n", check.help) };
    format!("{mark}{}: {}\n{help}", check.what, check.found)
}
