//! `mpp key`: signing keys.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::{
        key::{self, KeyReport, Lock},
        key_change,
    },
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
    /// Put another key in the place of one among the owners of namespaces
    #[command(after_help = "mpp key rotate old-key new-key\nmpp key rotate old-key new-key --namespace acme")]
    Rotate {
        /// The key that owns namespaces now, by name or as a key file
        old: String,
        /// The key that will, by name or as a key file
        new: String,
        /// Only this namespace; may be given several times
        #[arg(long = "namespace", value_name = "NAMESPACE")]
        namespaces: Vec<Ident>,
        #[command(flatten)]
        writing: super::writing::WritingArguments,
    },
    /// Say that a key must not be believed any more; what it signed before stays valid
    #[command(after_help = "mpp key revoke old-key --reason 'the laptop was stolen'")]
    Revoke {
        /// The key by name; or a public key (RW…), which the registry's root keys then revoke
        key: String,
        /// Why: people will read it
        #[arg(long, value_name = "TEXT", value_parser = super::writing::reason)]
        reason: String,
        #[command(flatten)]
        writing: super::writing::WritingArguments,
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
        Command::Rotate { old, new, namespaces, writing } => {
            let reports = key_change::rotate(context, &old, &new, &namespaces, &writing.into())?;
            let text: String = reports.iter().map(super::writing::text).collect();
            Ok(Output::new(json!({ "changes": reports }), text))
        }
        Command::Revoke { key, reason, writing } => {
            let report = key_change::revoke(context, &key, &reason, &writing.into())?;
            Ok(super::writing::output(&report))
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
