//! `mpp completions`: a script for the shell, made from the table of commands.

use super::Output;
use crate::cli::Cli;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use mpp_ops::OpsError;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell, for example: mpp completions bash > ~/.local/share/bash-completion/completions/mpp
    shell: Shell,
}

pub fn run(arguments: Arguments) -> Result<Output, OpsError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "mpp", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Output::new(serde_json::json!({ "shell": arguments.shell.to_string(), "script": script }), script))
}
