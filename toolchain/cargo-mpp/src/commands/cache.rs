//! `mpp cache`: the compiled code that this home keeps.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::cache::{self, CacheReport},
};
use serde_json::json;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  mpp cache list\n  mpp cache clear")]
pub enum Command {
    /// List what is kept, largest first
    #[command(after_help = "Examples:\n  mpp cache list --json")]
    List,
    /// Remove what is kept; tools are compiled again when they are called
    #[command(after_help = "Examples:\n  mpp cache clear")]
    Clear,
    /// Print the folder
    #[command(after_help = "Examples:\n  du -sh \"$(mpp cache path)\"")]
    Path,
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::List => {
            let report = cache::list(context)?;
            let rows: Vec<_> =
                report.records.iter().map(|record| vec![record.name.clone(), size(record.bytes)]).collect();
            let talk = total("", &report);
            Ok(Output::new(report, table(&rows)).with_talk(talk))
        }
        Command::Clear => {
            let report = cache::clear(context)?;
            let talk = total("removed: ", &report);
            Ok(Output::new(report, "").with_talk(talk))
        }
        Command::Path => {
            let folder = cache::path(context);
            let text = format!("{}\n", folder.display());
            Ok(Output::new(json!({ "folder": folder }), text))
        }
    }
}

fn total(before: &str, report: &CacheReport) -> String {
    format!("{before}{} in {}\n", size(report.bytes), report.folder.display())
}

fn size(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}
