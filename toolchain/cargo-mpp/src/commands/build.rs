//! `mpp build`: a package file from a project.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::build::{self, BuildOptions, BuildReport},
};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp build\n  mpp build tools --package md --locked --offline")]
pub struct Arguments {
    /// The project or workspace
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only this package of a workspace
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    /// Refuse to change the lock file
    #[arg(long)]
    locked: bool,
    /// Refuse to use the network
    #[arg(long)]
    offline: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = BuildOptions { package: arguments.package, locked: arguments.locked, offline: arguments.offline };
    let reports = build::build(context, &arguments.path, &options)?;
    let text = reports.iter().map(text).collect::<String>();
    Ok(Output::new(json!({ "packages": reports }), text))
}

fn text(report: &BuildReport) -> String {
    let warnings: String = report.warnings.iter().map(|warning| format!("warning  {warning}\n")).collect();
    format!(
        "built    {}@{}\nfile     {} ({} bytes)\npackage  {}\n{warnings}",
        report.name,
        report.version,
        report.file.display(),
        report.size,
        report.digest
    )
}
