//! `mpp info`: what a registry says about a package.

use super::{Output, call::package_and_version};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::search::{self, InfoReport},
};
use mpp_schema::{PackageName, VersionReq, text::escaped};
use std::fmt::Write as _;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp info acme:md\n  mpp info acme:md@0.1 --registry home")]
pub struct Arguments {
    /// The package, NAMESPACE:NAME[@VERSION]
    #[arg(value_name = "PACKAGE", value_parser = package_and_version)]
    package: (PackageName, Option<VersionReq>),
    /// Only this registry
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let (name, version) = arguments.package;
    let mut report = search::info(context, &name, arguments.registry.as_deref())?;
    report.releases.retain(|release| version.as_ref().is_none_or(|wanted| wanted.matches(&release.version)));
    Ok(Output::new(&report, text(&report)))
}

fn text(report: &InfoReport) -> String {
    let mut text = format!("{}  in the registry `{}`\n", report.name, report.registry);
    if let Some(installed) = &report.installed {
        let _ = writeln!(text, "installed  {installed}");
    }
    for release in &report.releases {
        let tools = release.tools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "\n{}  {}\n  {}\n  tools    {tools}\n  package  {}\n  file     {} ({} bytes)",
            release.version,
            release.issued,
            escaped(&release.description),
            release.package,
            release.file,
            release.size
        );
        for notice in &release.notices {
            let by = if notice.by_registry { " by the registry" } else { "" };
            let _ = writeln!(text, "  {}{by}: \"{}\"", notice.what, escaped(&notice.reason));
        }
    }
    text
}
