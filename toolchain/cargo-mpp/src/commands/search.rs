//! `mpp search`: words in names, descriptions and tools.

use super::{Output, table::table};
use clap::Args;
use mpp_ops::{Context, OpsError, verb::search};
use mpp_schema::text::escaped;
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp search markdown\n  mpp search --registry home --limit 100")]
pub struct Arguments {
    /// Words that must all occur; nothing for every package
    words: Vec<String>,
    /// Only this registry
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// How many packages of each registry at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let words = arguments.words.join(" ");
    let report = search::search(context, &words, arguments.registry.as_deref(), arguments.limit)?;
    let rows: Vec<_> = report
        .packages
        .iter()
        .map(|hit| {
            vec![hit.name.to_string(), hit.version.to_string(), hit.registry.to_string(), escaped(&hit.description)]
        })
        .collect();
    let talk = match report.fitting - report.packages.len().min(report.fitting) {
        0 if report.packages.is_empty() => "nothing found\n".to_owned(),
        0 => String::new(),
        more => format!("{more} more fit: say more words, or --limit {}\n", report.fitting),
    };
    Ok(Output::new(json!(report), table(&rows)).with_talk(talk))
}
