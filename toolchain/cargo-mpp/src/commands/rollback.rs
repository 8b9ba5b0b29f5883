//! `mpp rollback`: back to what was there before an update.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::rollback::{self, RollbackOptions, RollbackReport},
};
use mpp_schema::{PackageName, Version};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp rollback acme:md\n  mpp rollback acme:md --to 0.1.0\n  mpp rollback")]
pub struct Arguments {
    /// The package; nothing for mpp.lock of this folder and all that it names
    package: Option<PackageName>,
    /// The version; nothing for the one before
    #[arg(long, value_name = "VERSION", requires = "package")]
    to: Option<Version>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short, conflicts_with = "dry_run")]
    yes: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = RollbackOptions { to: arguments.to, dry_run: arguments.dry_run, yes: arguments.yes };
    let report = match &arguments.package {
        Some(name) => rollback::rollback(context, name, &options)?,
        None => rollback::rollback_project(context, &options)?,
    };
    let talk = if report.changed { "" } else { "nothing was changed\n" };
    Ok(Output::new(&report, text(&report)).with_talk(talk))
}

fn text(report: &RollbackReport) -> String {
    let changes = report.changes.iter().map(|change| format!("{change}\n"));
    let installed = report.installed.iter().map(|one| format!("installed {}@{}\n", one.name, one.version));
    changes.chain(installed).collect()
}
