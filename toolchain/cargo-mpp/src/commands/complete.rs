//! `mpp complete`: which words fit at the cursor, for the scripts of `mpp completions`.
//!
//! Words of the command line come from its table, names from the home. Files are left to the shell, which quotes what it inserts. Asks no registry,
//! and says nothing rather than an error: a shell would show it in the middle of a line.

mod line;
mod places;

use super::Output;
use crate::cli::Cli;
use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::engine::{self, CompletionCandidate};
use mpp_ops::{Context, OpsError, verb::complete::Names};
use serde_json::json;
use std::{ffi::OsString, sync::Arc};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Asker {
    /// With the whole line, which it splits at `:` too.
    Bash,
    /// With the words up to the cursor.
    Zsh,
    /// With the words up to the cursor.
    Fish,
}

#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell that asks
    shell: Asker,
    /// Where the cursor is in the line, for bash
    #[arg(long, default_value_t = 0)]
    point: usize,
    /// What the shell takes for the word that is typed, for bash
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    seen: String,
    /// The line, or its words up to the cursor
    #[arg(last = true)]
    words: Vec<OsString>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let found = match arguments.shell {
        Asker::Bash => for_bash(&arguments, context),
        Asker::Zsh | Asker::Fish => candidates(arguments.words, context).iter().map(described).collect(),
    };
    let text = found.iter().map(|line| format!("{line}\n")).collect::<String>();
    Ok(Output::new(json!({ "candidates": found }), text))
}

/// Values without what bash takes for words before this one.
fn for_bash(arguments: &Arguments, context: &Context<'_>) -> Vec<String> {
    let line = arguments.words.first().map(|line| line.to_string_lossy()).unwrap_or_default();
    let words = line::words(&line, arguments.point);
    let typed = words.last().cloned().unwrap_or_default();
    let before = typed.strip_suffix(&arguments.seen).unwrap_or_default().to_owned();
    let values = candidates(words.into_iter().map(OsString::from).collect(), context);
    let values = values.iter().map(|candidate| candidate.get_value().to_string_lossy());
    values.filter_map(|value| value.strip_prefix(&before).map(str::to_owned)).collect()
}

/// What fits in place of the last word.
fn candidates(words: Vec<OsString>, context: &Context<'_>) -> Vec<CompletionCandidate> {
    let Some(last) = words.len().checked_sub(1) else { return Vec::new() };
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let names = Arc::new(Names::new(context.home.clone(), texts));
    let mut table = Cli::command();
    table.build();
    let mut table = places::with_names(table, &names);
    let is_typed = !words[last].is_empty();
    let found = engine::complete(&mut table, words, last, Some(&context.folder)).unwrap_or_default();
    let mut found: Vec<_> = found.into_iter().filter(|candidate| !candidate.is_hide_set()).collect();
    // Where a name can stand, flags are offered to whoever begins to type one.
    let is_flag = |candidate: &CompletionCandidate| candidate.get_value().as_encoded_bytes().starts_with(b"-");
    if !is_typed && !found.iter().all(is_flag) {
        found.retain(|candidate| !is_flag(candidate));
    }
    found
}

/// A value, and after a tab the first line of what it is.
fn described(candidate: &CompletionCandidate) -> String {
    let value = candidate.get_value().to_string_lossy();
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    match help.lines().next().unwrap_or_default() {
        "" => value.into_owned(),
        help => format!("{value}\t{help}"),
    }
}
