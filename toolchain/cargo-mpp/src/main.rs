//! `mpp`: the program that people type. Parses, calls one verb of `mpp-ops`, prints what it reports.
//!
//! No rule lives here. Arguments are parsed without doing anything; doing happens once, in `commands`; only `ui` prints, only
//! `context` looks at the environment and the clock, only `exit` knows exit codes.
//! Called with certain words, the program compiles or looks secrets up for another `mpp`, and does nothing else.

mod cli;
mod commands;
mod context;
mod exit;
mod os;
#[cfg(test)]
mod reference;
mod ui;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = context::arguments();
    if let Some(ended) = context::inner_process(&arguments) {
        return ended;
    }
    let wants_json = cli::wants_json(&arguments);
    match cli::Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => ui::usage(&error, wants_json),
    }
}

fn run(cli: cli::Cli) -> ExitCode {
    let ui = ui::Ui::new(&cli.global);
    let tell = |event| ui.tell(event);
    let passwords = context::TerminalPasswords;
    let outcome =
        context::context(&cli.global, &passwords, &tell, &ui).and_then(|context| commands::run(cli.command, &context));
    ui.clear();
    match outcome {
        Ok(output) => ui.output(&output),
        Err(error) => ui.error(&error),
    }
}
