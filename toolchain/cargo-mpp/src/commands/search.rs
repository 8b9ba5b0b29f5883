//! `mpp search`: words in names, descriptions and tools.

use super::{Output, table::table};
use clap::Args;
use mpp_ops::{Context, OpsError, verb::search};
use mpp_schema::text::escaped;
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp search markdown\n  mpp search --registry home")]
pub struct Arguments {
    /// Words that must all occur; nothing for every package
    words: Vec<String>,
    /// Only this registry
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let found = search::search(context, &arguments.words.join(" "), arguments.registry.as_deref())?;
    let rows: Vec<_> = found
        .iter()
        .map(|hit| {
            vec![hit.name.to_string(), hit.version.to_string(), hit.registry.to_string(), escaped(&hit.description)]
        })
        .collect();
    let talk = if found.is_empty() { "nothing found\n" } else { "" };
    Ok(Output::new(json!({ "packages": found }), table(&rows)).with_talk(talk))
}
