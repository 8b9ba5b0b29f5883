//! `mpp policy`: what was decided beforehand.

use super::Output;
use clap::Subcommand;
use mpp_ops::{Context, OpsError, verb::policy};
use serde_json::json;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  mpp policy show\n  mpp policy init\n  mpp policy check")]
pub enum Command {
    /// Show what the policy says
    Show,
    /// Write a policy file that says what holds without one, to be changed
    Init {
        /// Allow grants without a terminal, as CI needs
        #[arg(long)]
        headless_grants: bool,
    },
    /// Check that the policy can be obeyed
    Check,
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Show => {
            let report = policy::show(context)?;
            let place = if report.exists { "" } else { " (not there; this is what holds without it)" };
            let means = report.means.iter().map(|line| format!("  {line}\n")).collect::<String>();
            let text = format!("{}{place}\n{means}", report.file.display());
            Ok(Output::new(&report, text))
        }
        Command::Init { headless_grants } => {
            let (file, new) = policy::init(context, headless_grants)?;
            let verb = if new { "wrote" } else { "there already:" };
            let text = format!("{verb} {}\n", file.display());
            Ok(Output::new(json!({ "file": file, "new": new }), text))
        }
        Command::Check => {
            let report = policy::show(context)?;
            let text = format!("{} can be obeyed\n", report.file.display());
            Ok(Output::new(json!({ "file": report.file, "exists": report.exists, "sound": true }), text))
        }
    }
}
