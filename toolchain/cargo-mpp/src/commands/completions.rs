//! `mpp completions`: a script for the shell, made from the table of commands.

use super::Output;
use crate::cli::Cli;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use mpp_ops::OpsError;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp completions bash > ~/.local/share/bash-completion/completions/mpp\n  \
                  mpp completions zsh > ~/.zfunc/_mpp\n  mpp completions fish > ~/.config/fish/completions/mpp.fish")]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

pub fn run(arguments: Arguments) -> Result<Output, OpsError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "mpp", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Output::new(serde_json::json!({ "shell": arguments.shell.to_string(), "script": script }), script))
}
