//! `mpp verify`: the admission check.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::verify::{self, VerifyOptions, VerifyReport},
};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp verify md.mpp\n  mpp verify md.mpp --full --threshold 2\n  mpp verify md.mpp --key acme.pub"
)]
pub struct Arguments {
    /// The package
    file: PathBuf,
    /// Also unpack everything, validate the component and derive the schemas again
    #[arg(long)]
    full: bool,
    /// How many distinct trusted keys must have signed
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    threshold: u8,
    /// Only this key counts (RW… or a .pub file); may be given more than once
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = VerifyOptions { full: arguments.full, threshold: arguments.threshold.into(), keys: arguments.keys };
    let report = verify::verify(context, &arguments.file, &options)?;
    Ok(Output::new(&report, text(&report)))
}

fn text(report: &VerifyReport) -> String {
    let checked =
        if report.full { "container, signatures, all content" } else { "container, signatures, stored digests" };
    let mut text =
        format!("accepted {}@{}\npackage  {}\nchecked  {checked}\n", report.name, report.version, report.digest);
    for signer in &report.signers {
        text.push_str(&format!("signed   by {} {}\n", signer.name, signer.key));
    }
    text
}
