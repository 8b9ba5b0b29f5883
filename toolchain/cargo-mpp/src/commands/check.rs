//! `mpp check`: what a build would refuse, without a build.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::{
        build::BuildOptions,
        check::{self, CheckReport},
    },
};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Reads the manifest, the WIT and the permissions, derives the schemas, and lets the\n\
                      compiler check the code. No component is made.\n\nExamples:\n  mpp check\n  mpp check tools --package md")]
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
    let reports = check::check(context, &arguments.path, &options)?;
    let text = reports.iter().map(text).collect::<String>();
    Ok(Output::new(json!({ "packages": reports }), text))
}

fn text(report: &CheckReport) -> String {
    let tools = report.tools.iter().map(|tool| tool.as_str()).collect::<Vec<_>>().join(", ");
    let warnings: String = report.warnings.iter().map(|warning| format!("warning  {warning}\n")).collect();
    format!("checked  {}@{}\ntools    {tools}\n{warnings}", report.name, report.version)
}
