//! `mpp publish`: to a registry.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::publish::{self, PublishOptions, PublishReport},
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
    /// Check everything, say exactly what would be pushed, and push nothing
    #[arg(long)]
    dry_run: bool,
    /// Publish although the git work tree holds what is not committed
    #[arg(long)]
    allow_dirty: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = PublishOptions {
        registry: arguments.registry,
        key: arguments.key,
        head_key: arguments.head_key,
        dry_run: arguments.dry_run,
        pull_request: arguments.pull_request,
        allow_dirty: arguments.allow_dirty,
    };
    let report = publish::publish(context, &arguments.path, &options)?;
    let verb = match (report.dry_run, report.proposed.is_some(), report.new) {
        (true, _, true) => "would publish",
        (false, true, true) => "proposed",
        (false, true, false) => "already proposed",
        (false, false, true) => "published",
        (_, _, false) => "already published",
    };
    let mut text = format!(
        "{verb} {}@{}\nregistry  {}\npackage   {}\nsigned    by {}\n",
        report.name, report.version, report.registry, report.digest, report.key
    );
    if let Some(older) = &report.compatible_with {
        text.push_str(&format!("fits      whoever uses {older}\n"));
    }
    if report.dry_run && !report.writes.is_empty() {
        text.push_str(&pushes(&report));
    }
    text.extend(report.proposed.as_ref().map(|waits_in| format!("waits in  {waits_in}\n")));
    Ok(Output::new(&report, text))
}

/// What a push would hold.
fn pushes(report: &PublishReport) -> String {
    let file = format!("{}-{}.mpp", report.name.name(), report.version);
    let place = report.reference.as_deref().unwrap_or("where the registry keeps its files");
    let mut text = format!(
        "pushes    {place}\n    {file} ({} bytes, SHA-256 {})\npushes    refs/heads/main\n",
        report.size, report.file
    );
    report.writes.iter().for_each(|path| text.push_str(&format!("    {path}\n")));
    text
}
