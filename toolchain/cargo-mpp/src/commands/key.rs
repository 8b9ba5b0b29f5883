//! `mpp key`: signing keys.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::key::{self, KeyReport, Lock},
};
use mpp_schema::Ident;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp key new acme\n  mpp key list\n  mpp key show development\n  mpp key export acme > acme.key\n  mpp key import acme acme.key"
)]
pub enum Command {
    /// Make a key pair, with a password of MPP_KEY_PASSWORD or the terminal
    New {
        /// What to call it
        name: Ident,
        /// Make a key without a password
        #[arg(long)]
        no_password: bool,
    },
    /// List the keys of this home
    List,
    /// Show the public half of a key
    Show {
        /// The key, or `development`
        name: String,
    },
    /// Print the minisign key file of a key, still locked if it was
    Export {
        /// The key
        name: String,
    },
    /// Take a minisign key file into this home
    Import {
        /// What to call it
        name: Ident,
        /// The key file
        file: PathBuf,
    },
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::New { name, no_password } => {
            let lock = if no_password { Lock::None } else { Lock::Ask };
            let report = key::new(context, &name, lock)?;
            Ok(Output::new(&report, describe(&report)).with_talk(advice(&report)))
        }
        Command::List => list(context),
        Command::Show { name } => {
            let report = key::show(context, &name)?;
            Ok(Output::new(&report, describe(&report)))
        }
        Command::Export { name } => {
            let text = key::export(context, &name)?;
            Ok(Output::new(json!({ "name": name, "key_file": text }), text))
        }
        Command::Import { name, file } => {
            let report = key::import(context, &name, &file)?;
            Ok(Output::new(&report, describe(&report)))
        }
    }
}

fn list(context: &Context<'_>) -> Result<Output, OpsError> {
    let keys = key::list(context)?;
    let row = |key: &KeyReport| {
        let note = if key.development { "runs in this home only" } else { "" };
        vec![key.name.clone(), key.public_key.clone(), note.to_owned()]
    };
    let text = table(&keys.iter().map(row).collect::<Vec<_>>());
    let talk = if keys.is_empty() { "no keys yet; make one: mpp key new NAME\n" } else { "" };
    Ok(Output::new(json!({ "keys": keys }), text).with_talk(talk))
}

fn describe(key: &KeyReport) -> String {
    format!("name        {}\nkey id      {}\npublic key  {}\n", key.name, key.id, key.public_key)
}

fn advice(key: &KeyReport) -> String {
    let lock = match key.locked {
        Some(false) => "the key file has no password\n",
        _ => "",
    };
    format!("{lock}others trust it with: mpp trust add NAME {}\n", key.public_key)
}
