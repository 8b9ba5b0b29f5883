//! `mpp publish`: to a registry.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::publish::{self, PublishOptions},
};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Without a head key of the registry the package is proposed: it waits in\n\
                      refs/heads/publish/ until `mpp registry sign-head` takes it in.\n\n\
                      Examples:\n  mpp publish md --key acme\n  mpp publish md.mpp --registry home --dry-run\n  \
                      mpp publish md.mpp --pull-request registry-clone")]
pub struct Arguments {
    /// The project to build, or a signed package file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The registry; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// The key to sign with, by name or as a minisign key file; may be left out where there is only one
    #[arg(long, value_name = "NAME|FILE")]
    key: Option<String>,
    /// The registry's key file, where this home does not keep it
    #[arg(long, value_name = "FILE")]
    head_key: Option<PathBuf>,
    /// Write a proposal into this folder, a clone from which a pull request is made, and push nothing
    #[arg(long, value_name = "FOLDER", conflicts_with = "head_key")]
    pull_request: Option<PathBuf>,
    /// Do everything but the publishing itself
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = PublishOptions {
        registry: arguments.registry,
        key: arguments.key,
        head_key: arguments.head_key,
        dry_run: arguments.dry_run,
        pull_request: arguments.pull_request,
    };
    let report = publish::publish(context, &arguments.path, &options)?;
    let verb = if report.dry_run {
        "would publish"
    } else if report.proposed.is_some() && report.new {
        "proposed"
    } else if report.proposed.is_some() {
        "already proposed"
    } else if report.new {
        "published"
    } else {
        "already published"
    };
    let text = format!(
        "{verb} {}@{}\nregistry  {}\npackage   {}\nsigned    by {}\n",
        report.name, report.version, report.registry, report.digest, report.key
    );
    let waits = report.proposed.as_ref().map(|waits_in| format!("waits in  {waits_in}\n")).unwrap_or_default();
    Ok(Output::new(&report, text + &waits))
}
