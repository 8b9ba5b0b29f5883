//! The reference of all commands in the guide, written from the table of commands itself: it cannot say what the program does not do.
//!
//! Only tests are in here. `BLESS=1 cargo test --workspace --bins -- reference` writes the chapter anew.

use crate::cli::Cli;
use clap::{Arg, Command, CommandFactory as _};
use std::fmt::Write as _;

mod tests;

fn reference() -> String {
    let mut program = Cli::command();
    program.build();
    let mut text = "# Every command\n\nWritten from the program: `mpp help COMMAND` says the same. Each command also takes what stands under \
                    [Everywhere](#everywhere).\n"
        .to_owned();
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        section(&mut text, command, "mpp", 2);
    }
    text.push_str("\n## Everywhere\n");
    arguments(&mut text, program.get_arguments());
    text
}

fn section(text: &mut String, command: &Command, above: &str, level: usize) {
    if command.is_hide_set() {
        return;
    }
    let path = format!("{above} {}", command.get_name());
    write!(text, "\n{} {path}\n", "#".repeat(level)).unwrap();
    for said in [command.get_about(), command.get_long_about()].into_iter().flatten().take(2) {
        paragraph(text, &said.to_string());
    }
    if command.get_subcommands().next().is_none() {
        let usage = command.clone().render_usage().to_string();
        write!(text, "\n```console\n{}\n```\n", usage.trim_start_matches("Usage: ").trim()).unwrap();
    }
    arguments(text, command.get_arguments().filter(|argument| !argument.is_global_set()));
    if let Some(after) = command.get_after_help() {
        write!(text, "\n```console\n{}\n```\n", after.to_string().trim()).unwrap();
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        section(text, inner, &path, level + 1);
    }
}

/// Adds a paragraph that the text does not end with already.
fn paragraph(text: &mut String, said: &str) {
    let said = said.trim();
    let said = if said.ends_with(['.', ':']) { said.to_owned() } else { format!("{said}.") };
    if !text.ends_with(&format!("\n{said}\n")) {
        write!(text, "\n{}\n", escaped(&said)).unwrap();
    }
}

fn arguments<'a>(text: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let shown: Vec<&Arg> = arguments.filter(|argument| !argument.is_hide_set() && !help(argument)).collect();
    if shown.is_empty() {
        return;
    }
    text.push('\n');
    for argument in shown {
        let said = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
        writeln!(text, "- `{}`: {}", spelled(argument), escaped(&said).replace('\n', " ").trim_end_matches('.'))
            .unwrap();
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !values.is_empty() && argument.get_action().takes_values() {
            writeln!(text, "  ({})", values.join(", ")).unwrap();
        }
    }
}

fn help(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

/// As it is typed: `-q, --quiet`, `--key <NAME>`, `<FILE>`.
fn spelled(argument: &Arg) -> String {
    let values = || {
        let names = argument.get_value_names().unwrap_or_default();
        // Some names are brackets of their own.
        let named = |name: &str| if name.contains(']') { format!("[{name}]") } else { format!("<{name}>") };
        names.iter().map(|name| named(name)).collect::<Vec<_>>().join(" ")
    };
    let mut spelled = match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, None) => return values(),
    };
    if argument.get_action().takes_values() {
        write!(spelled, " {}", values()).unwrap();
    }
    spelled
}

/// What Markdown would take for an element of HTML, outside of code.
fn escaped(said: &str) -> String {
    let mut code = false;
    said.chars().fold(String::new(), |mut escaped, letter| {
        code ^= letter == '`';
        if letter == '<' && !code {
            escaped.push('\\');
        }
        escaped.push(letter);
        escaped
    })
}
