//! `mpp uninstall`: remove a package.

use super::Output;
use clap::Args;
use mpp_ops::{Context, OpsError, verb::uninstall};
use mpp_schema::PackageName;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp uninstall acme:md")]
pub struct Arguments {
    /// The package, NAMESPACE:NAME
    name: PackageName,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let record = uninstall::uninstall(context, &arguments.name)?;
    Ok(Output::new(&record, format!("uninstalled {}@{}\n", record.name, record.version)))
}
