//! `mpp trust`: trusted publishers.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{Context, OpsError, verb::trust};
use mpp_schema::Ident;
use serde_json::json;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  mpp trust add acme acme.pub\n  mpp trust list\n  mpp trust remove acme")]
pub enum Command {
    /// Trust a publisher's key
    Add {
        /// What to call the publisher
        name: Ident,
        /// Its minisign public key (RW…) or a .pub file
        key: String,
    },
    /// List the publishers that this home trusts
    List,
    /// Stop trusting a publisher
    Remove {
        /// The publisher
        name: Ident,
    },
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Add { name, key } => {
            let (report, new) = trust::add(context, &name, &key)?;
            let verb = if new { "trusts" } else { "already trusts" };
            let text = format!("this home {verb} `{name}`, key {}\n", report.id);
            Ok(Output::new(json!({ "trusted": report, "new": new }), text))
        }
        Command::List => {
            let trusted = trust::list(context)?;
            let rows: Vec<_> = trusted.iter().map(|t| vec![t.name.clone(), t.public_key.clone()]).collect();
            let talk = if trusted.is_empty() { "no publisher yet: mpp trust add NAME KEY\n" } else { "" };
            Ok(Output::new(json!({ "trusted": trusted }), table(&rows)).with_talk(talk))
        }
        Command::Remove { name } => {
            trust::remove(context, &name)?;
            Ok(Output::new(json!({ "removed": name }), format!("this home no longer trusts `{name}`\n")))
        }
    }
}
