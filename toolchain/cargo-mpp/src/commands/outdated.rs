//! `mpp outdated`: which newer versions there are.

use super::{Output, table::table};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::outdated::{self, Outdated},
};
use mpp_schema::Version;
use std::fmt::Write as _;

#[derive(Debug, Args)]
#[command(
    after_help = "Of each package: its name, the present version, the one that `mpp update` takes, and the newest.\n\n\
                  Examples:\n  mpp outdated\n  mpp outdated --minimum-age 7"
)]
pub struct Arguments {
    /// Leave out versions that were signed less than this many days ago; 0 overrides the policy and the project
    #[arg(long, value_name = "DAYS")]
    minimum_age: Option<u32>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = outdated::outdated(context, arguments.minimum_age)?;
    let text = table(&report.outdated.iter().map(row).collect::<Vec<_>>());
    let mut talk = String::new();
    for remark in report.outdated.iter().flat_map(|one| &one.remarks) {
        let _ = writeln!(talk, "note: {remark}");
    }
    for name in &report.unknown {
        let _ = writeln!(talk, "no registry of this home answers for {name}");
    }
    let newer = report.outdated.iter().filter(|one| one.update.is_some() || one.newest.is_some()).count();
    let _ = writeln!(talk, "{} packages, {newer} with newer versions", report.packages);
    Ok(Output::new(&report, text).with_talk(talk))
}

fn row(one: &Outdated) -> Vec<String> {
    let version = |version: &Option<Version>| version.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    vec![one.name.to_string(), version(&one.present), version(&one.update), version(&one.newest)]
}
