//! `mpp install`: from a registry into this home.

use super::{Output, call::package_and_version};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::install::{self, InstallOptions, InstallReport},
};
use mpp_schema::{PackageName, VersionReq};
use serde_json::json;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp install acme:md\n  mpp install 'acme:md@^0.1' --registry home\n  mpp install --locked"
)]
pub struct Arguments {
    /// The packages, NAMESPACE:NAME[@VERSION]; nothing for those of mpp-tools.toml
    #[arg(value_name = "PACKAGE", value_parser = package_and_version)]
    packages: Vec<(PackageName, Option<VersionReq>)>,
    /// The registry; may be left out where only one has the package
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// Install exactly what mpp.lock says
    #[arg(long, conflicts_with = "packages")]
    locked: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = InstallOptions { registry: arguments.registry, locked: arguments.locked };
    let reports = if arguments.packages.is_empty() {
        install::install_project(context, &options)?
    } else {
        let one = |(name, version): &(PackageName, Option<VersionReq>)| {
            install::install(context, name, version.as_ref(), &options)
        };
        arguments.packages.iter().map(one).collect::<Result<Vec<_>, _>>()?
    };
    let text = reports.iter().map(text).collect::<String>();
    Ok(Output::new(json!({ "installed": reports }), text))
}

fn text(report: &InstallReport) -> String {
    let asks: String = report.asks_for.iter().map(|sentence| format!("asks to  {sentence}\n")).collect();
    let tools = report.tools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let replaced = report.replaced.as_ref().map(|version| format!(" (was {version})")).unwrap_or_default();
    format!(
        "installed {}@{}{replaced}\npackage  {}\ntools    {tools}\n{asks}",
        report.name, report.version, report.digest
    )
}
