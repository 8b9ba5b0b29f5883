//! `mpp install`: from a registry into this home.

use super::{Output, call::package_and_version};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::install::{self, InstallOptions, InstallReport, Network},
};
use mpp_schema::{PackageName, VersionReq, text::escaped};
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
    /// Install exactly what mpp.lock says, and nothing where it would have to change
    #[arg(long, conflicts_with = "packages")]
    locked: bool,
    /// Ask no registry: take what mpp.lock says from mpp-vendor and from what this home keeps
    #[arg(long, conflicts_with = "packages")]
    offline: bool,
    /// Choose no version that was signed less than this many days ago, unless mpp.lock holds it; 0 overrides the policy and the project
    #[arg(long, value_name = "DAYS")]
    minimum_age: Option<u32>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = InstallOptions {
        registry: arguments.registry,
        locked: arguments.locked,
        minimum_age_days: arguments.minimum_age,
        network: if arguments.offline { Network::Offline } else { Network::Ask },
    };
    let reports = if arguments.packages.is_empty() {
        install::install_project(context, &options)?
    } else {
        let one = |(name, version): &(PackageName, Option<VersionReq>)| {
            install::install(context, name, version.as_ref(), &options)
        };
        arguments.packages.iter().map(one).collect::<Result<Vec<_>, _>>()?
    };
    let text = reports.iter().map(text).collect::<String>();
    let talk = reports.iter().flat_map(|report| &report.remarks).map(|remark| format!("note: {remark}\n"));
    let talk: String = talk.collect();
    Ok(Output::new(json!({ "installed": reports }), text).with_talk(talk))
}

fn text(report: &InstallReport) -> String {
    let lines = |label: &str, sentences: &[String]| -> String {
        sentences.iter().map(|sentence| format!("{label}  {sentence}\n")).collect()
    };
    let asks = lines("asks to", &report.asks_for) + &lines("unusual", &report.unusual) + &changes(report, lines);
    let tools = report.tools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let replaced = report.replaced.as_ref().map(|version| format!(" (was {version})")).unwrap_or_default();
    format!(
        "installed {}@{}{replaced}\npackage  {}\ntools    {tools}\n{asks}",
        report.name, report.version, report.digest
    )
}

/// What an update changes about tools, signers and the request, and what that means for grants.
fn changes(report: &InstallReport, lines: impl Fn(&str, &[String]) -> String) -> String {
    let (new, gone) = (&report.newly_asks_for, &report.no_longer_asks_for);
    let before: Vec<String> = report.signers_before.iter().map(ToString::to_string).collect();
    let tools: Vec<String> = report.changed_tools.iter().map(|line| escaped(line)).collect();
    let changed = lines("changed", &tools) + &lines("signed before by", &before);
    if report.replaced.is_none() || new.is_empty() && gone.is_empty() {
        return changed;
    }
    let grant = format!("earlier grants do not count for this version; to grant again: mpp grant {}\n", report.name);
    changed + &lines("+ now asks to", new) + &lines("- no longer asks to", gone) + &grant
}
