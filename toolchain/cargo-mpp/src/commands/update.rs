//! `mpp update`: newer versions, shown before anything happens.

use super::{Output, call::package_and_version};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::update::{self, UpdateOptions, UpdateReport},
};
use mpp_schema::{PackageName, VersionReq};

#[derive(Debug, Args)]
#[command(
    after_help = "In a folder with mpp-tools.toml its tools are updated, and mpp.lock; elsewhere what is installed.\n\n\
                  Examples:\n  mpp update --dry-run\n  mpp update acme:md\n  mpp update 'acme:md@^0.2'"
)]
pub struct Arguments {
    /// The packages, NAMESPACE:NAME[@VERSION]; nothing for all
    #[arg(value_name = "PACKAGE", value_parser = package_and_version)]
    packages: Vec<(PackageName, Option<VersionReq>)>,
    /// Choose no version that was signed less than this many days ago; 0 overrides the policy and the project
    #[arg(long, value_name = "DAYS")]
    minimum_age: Option<u32>,
    /// Outside a project, also take versions that are not compatible with the installed ones
    #[arg(long)]
    incompatible: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short, conflicts_with = "dry_run")]
    yes: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = UpdateOptions {
        packages: arguments.packages,
        minimum_age_days: arguments.minimum_age,
        incompatible: arguments.incompatible,
        dry_run: arguments.dry_run,
        yes: arguments.yes,
    };
    let report = update::update(context, &options)?;
    Ok(Output::new(&report, text(&report)).with_talk(talk(&report)))
}

fn text(report: &UpdateReport) -> String {
    let changes = report.changes.iter().map(|change| format!("{change}\n"));
    let installed = report.installed.iter().map(|one| format!("installed {}@{}\n", one.name, one.version));
    let dropped = report.dropped.iter().map(|dropped| format!("{dropped}\n"));
    changes.chain(dropped).chain(installed).collect()
}

fn talk(report: &UpdateReport) -> String {
    let notes: String = report.remarks.iter().map(|remark| format!("note: {remark}\n")).collect();
    let end = match (report.changed, report.changes.is_empty() && report.dropped.is_empty()) {
        (true, _) => "to go back: mpp rollback\n",
        (false, true) => "everything is as new as it may be\n",
        (false, false) => "nothing was changed\n",
    };
    notes + end
}
