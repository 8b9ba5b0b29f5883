//! `mpp new`: a tool from a template.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::new::{self, NewOptions, NewReport},
};
use mpp_schema::Ident;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp new md\n  mpp new tools/md --namespace acme\n  mpp new customer-numbers --template filter"
)]
pub struct Arguments {
    /// The folder to make
    path: PathBuf,
    /// The template: rust, filter
    #[arg(long, default_value = "rust")]
    template: String,
    /// The namespace to publish under later
    #[arg(long, value_name = "NS")]
    namespace: Option<Ident>,
    /// The name of the tool, if not that of the folder
    #[arg(long)]
    name: Option<Ident>,
    /// Ask nothing, for scripts; nothing is asked yet
    #[arg(long)]
    accept_defaults: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = NewOptions { template: arguments.template, namespace: arguments.namespace, name: arguments.name };
    let report = new::new(context, &arguments.path, &options)?;
    let next = format!("next: mpp {} {}/\n", report.next, arguments.path.display());
    Ok(Output::new(&report, text(&report)).with_talk(next))
}

/// The report for people; `init` has the same.
pub fn text(report: &NewReport) -> String {
    let files: String = report.files.iter().map(|file| format!("  {file}\n")).collect();
    format!("{} in {}\n{files}", report.package, report.folder.display())
}
