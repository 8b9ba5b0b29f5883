//! `mpp completions`: a script for the shell. Those of bash, zsh and fish ask `mpp complete`; others get the words of the command line only.

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
    let script = match arguments.shell {
        Shell::Bash => include_str!("completions/mpp.bash").to_owned(),
        Shell::Zsh => include_str!("completions/mpp.zsh").to_owned(),
        Shell::Fish => include_str!("completions/mpp.fish").to_owned(),
        other => {
            let mut script = Vec::new();
            clap_complete::generate(other, &mut Cli::command(), "mpp", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    Ok(Output::new(serde_json::json!({ "shell": arguments.shell.to_string(), "script": script }), script))
}
