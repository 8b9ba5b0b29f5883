//! `mpp run`: a tool of a file or project, at once.

use super::{Output, asking::Asking, outcome};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::run::{self, RunReport},
};
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_help = "The first word is a package when it ends in .mpp, is `.` or holds a `/`; otherwise \
                  it is a tool of the project here. Our flags stand before it. What follows the tool is its own: one JSON \
                  object, @FILE, - for stdin, or flags named after its parameters.\n\nExamples:\n  \
                  mpp run md/\n  \
                  mpp run md/ outline --text @README.md\n  \
                  mpp run notes.mpp search '{\"text\": \"milk\"}'")]
pub struct Arguments {
    /// The package (a .mpp file or a project folder), the tool, and the tool's arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PACKAGE] [TOOL] [JSON|@FILE|-|--FLAG VALUE"
    )]
    words: Vec<String>,
    #[command(flatten)]
    asking: Asking,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let mut words = arguments.words.into_iter().peekable();
    let target = words.next_if(|word| run::is_package_word(word));
    let tool = words.next_if(|word| !is_input(word));
    let dry_run = arguments.asking.dry_run;
    let request = arguments.asking.request(context, tool.as_deref(), words)?;
    if dry_run {
        return Ok(outcome::dry_run(&run::dry_run(context, target.as_deref(), &request)?));
    }
    match run::run(context, target.as_deref(), &request)? {
        RunReport::Called(report) => Ok(outcome::output(&report)),
        RunReport::Tools(tools) => {
            let text = tools.iter().map(outcome::tool_line).collect::<String>();
            Ok(Output::new(json!({ "tools": tools }), text).with_talk("choose a tool: mpp run PACKAGE TOOL …\n"))
        }
    }
}

/// A word that can only be input, so that the tool may be left out where there is only one.
fn is_input(word: &str) -> bool {
    word == "-" || word.starts_with(['-', '@', '{'])
}
