//! `mpp connect`: an agent starts `mpp serve`, because its settings say so.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::connect::{self, Action, Change, Client, ConnectOptions, ConnectReport},
    verb::serve::Pattern,
};
use mpp_schema::text::escaped;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp connect claude-code\n  mpp connect codex --tools acme:md\n  mpp connect zed --print\n  mpp connect vscode --file .vscode/mcp.json\n  mpp connect goose --remove\n\nClients: claude-code, claude-desktop, codex, gemini-cli, vscode, cursor, zed,\ngoose. One entry is written, and the rest of the file stays as it is."
)]
pub struct Arguments {
    /// The client
    client: Client,
    /// Offer it only these tools: NAMESPACE:NAME or NAMESPACE:NAME/TOOL, where * stands for anything
    #[arg(long, value_name = "PATTERN")]
    tools: Vec<Pattern>,
    /// Offer it two tools that find and call the others: fewer tokens (mpp list --tokens)
    #[arg(long)]
    search: bool,
    /// Its settings, when they are not those of this user
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Take the entry out
    #[arg(long, conflicts_with = "print")]
    remove: bool,
    /// Print the entry and write nothing
    #[arg(long)]
    print: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let Arguments { client, tools, search, file, remove, print } = arguments;
    let action = match (remove, print) {
        (true, _) => Action::Remove,
        (_, true) => Action::Print,
        _ => Action::Write,
    };
    let chosen = tools.iter().flat_map(|pattern| ["--tools".to_owned(), pattern.to_string()]);
    let words = chosen.chain(search.then(|| "--search".to_owned())).collect();
    let report = connect::connect(context, &ConnectOptions { client, file, words, action })?;
    if let (Action::Print, Some(entry)) = (action, &report.entry) {
        let talk = format!("for {}\n", report.file.display());
        return Ok(Output::new(&report, entry.clone()).with_talk(talk));
    }
    Ok(Output::new(&report, text(&report)).with_talk(talk(&report)))
}

fn text(report: &ConnectReport) -> String {
    let what = match report.change {
        Change::Made => "made",
        Change::Added => "added to",
        Change::Replaced => "changed in",
        Change::Removed => "removed from",
        Change::None | Change::Printed => "nothing to do in",
    };
    let lines = |sign: char, text: &str| -> String {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| format!("{sign} {}\n", escaped(line))).collect()
    };
    let place = if report.line == 0 { String::new() } else { format!(":{}", report.line) };
    let change = lines('-', &report.removed) + &lines('+', &report.added);
    format!("{what} {}{place}\n{change}", report.file.display())
}

fn talk(report: &ConnectReport) -> String {
    match report.change {
        Change::Made | Change::Added | Change::Replaced => {
            format!("next: start {} anew; `mpp doctor` says whether it can start mpp\n", report.client)
        }
        Change::Removed | Change::None | Change::Printed => String::new(),
    }
}
