//! `mpp new`: a tool from a template.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::new::{self, Names, NewOptions, NewReport},
};
use mpp_schema::Ident;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp new md\n  mpp new tools/md --namespace acme\n  mpp new notes --template rust-state\n  mpp new mine --template ../our-template\n  mpp new mine --template https://git.example/our-template"
)]
pub struct Arguments {
    /// The folder to make
    path: PathBuf,
    /// The template: rust, rust-state, rust-http, c, python, javascript, filter, plugin; a folder with a template.toml; or the address of a git repository with one
    #[arg(long, default_value = "rust", value_name = "NAME|PATH|URL")]
    template: String,
    /// The namespace to publish under later
    #[arg(long, value_name = "NS")]
    namespace: Option<Ident>,
    /// The name of the tool, if not that of the folder
    #[arg(long)]
    name: Option<Ident>,
    /// Ask nothing: the namespace is `local`, the name that of the folder
    #[arg(long)]
    accept_defaults: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let names = if arguments.accept_defaults { Names::AcceptDefaults } else { Names::Ask };
    let Arguments { path, template, namespace, name, .. } = arguments;
    let options = NewOptions { template, namespace, name, names };
    let report = new::new(context, &path, &options)?;
    let next = format!("next: mpp {} {}/\n", report.next, path.display());
    Ok(Output::new(&report, text(&report)).with_talk(next))
}

/// The report for people; `init` has the same.
pub fn text(report: &NewReport) -> String {
    let files: String = report.files.iter().map(|file| format!("  {file}\n")).collect();
    format!("{} in {}\n{files}", report.package, report.folder.display())
}
