//! `mpp vendor`: everything that a project needs, in a folder of it.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::{install::Network, vendor},
};

#[derive(Debug, Args)]
#[command(
    after_help = "With the folder mpp-vendor, `mpp install --locked` needs no network.\n\nExamples:\n  mpp vendor\n  mpp vendor && mpp install --locked --offline"
)]
pub struct Arguments {
    /// Ask no registry: take what is here
    #[arg(long)]
    offline: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let network = if arguments.offline { Network::Offline } else { Network::Ask };
    let report = vendor::vendor(context, network)?;
    let packages = report.packages.iter().map(|one| format!("{}@{}  {} bytes\n", one.name, one.version, one.size));
    let text: String = packages.collect();
    let talk = format!("{}: {} files written, {} removed\n", report.folder.display(), report.written, report.removed);
    Ok(Output::new(&report, text).with_talk(talk))
}
