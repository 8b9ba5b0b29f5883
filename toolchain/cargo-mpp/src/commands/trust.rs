//! `mpp trust`: trusted publishers.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::trust::{self, Reach, TrustReport},
};
use mpp_schema::{Ident, PackageName};
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
        /// Its packages may also be granted devices, private addresses, wildcards and wide folders
        #[arg(long)]
        elevated: bool,
    },
    /// Say how far a trusted publisher is trusted
    Mark {
        /// The publisher
        name: Ident,
        /// Its packages may also be granted devices, private addresses, wildcards and wide folders
        #[arg(long, conflicts_with = "limited", required_unless_present = "limited")]
        elevated: bool,
        /// Its packages may be granted ordinary folders, named hosts, secrets and the like
        #[arg(long)]
        limited: bool,
    },
    /// List the publishers that this home trusts
    List,
    /// Pin a namespace to a key: only who holds it, or was given the namespace by its owners, is believed
    #[command(after_help = "mpp trust pin acme\nmpp trust pin acme RWQ…")]
    Pin {
        /// The namespace
        namespace: Ident,
        /// The key (RW…) or a .pub file; nothing for the only one that owns it now
        key: Option<String>,
        /// The registry that says who owns it; may be left out where there is only one
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
    /// Take the pin of a namespace away
    Unpin {
        /// The namespace
        namespace: Ident,
    },
    /// Forget who signed the first file of a package that came from no registry: the next one is the first
    #[command(after_help = "Example:\n  mpp trust forget acme:notes")]
    Forget {
        /// The package
        #[arg(value_name = "NS:NAME")]
        package: PackageName,
    },
    /// Stop trusting a publisher
    Remove {
        /// The publisher
        name: Ident,
    },
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Add { name, key, elevated } => {
            let (report, new) = trust::add(context, &name, &key, reach(elevated))?;
            let verb = if new { "trusts" } else { "already trusts" };
            let text = format!("this home {verb} `{name}`, key {}\n", report.id);
            Ok(Output::new(json!({ "trusted": report, "new": new }), text))
        }
        Command::Mark { name, elevated, .. } => {
            let changed = trust::mark(context, &name, reach(elevated))?;
            let level = if elevated { "elevated" } else { "limited" };
            let text = format!("packages of `{name}` may be granted what needs the trust level `{level}`\n");
            Ok(Output::new(json!({ "name": name, "elevated": elevated, "changed": changed }), text))
        }
        Command::List => {
            let trusted = trust::list(context)?;
            let rows: Vec<_> = trusted.iter().map(row).collect();
            let pins = trust::pins(context)?;
            let pinned = pins.iter().map(|pin| vec![format!("{}:*", pin.namespace), pin.public_key.clone()]);
            let first_uses = trust::first_uses(context)?;
            let first = first_uses.iter().flat_map(|(package, keys)| {
                keys.iter().map(move |key| vec![package.to_string(), key.to_string(), "first use".to_owned()])
            });
            let rows: Vec<_> = rows.into_iter().chain(pinned).chain(first).collect();
            let talk = if rows.is_empty() { "no publisher yet: mpp trust add NAME KEY\n" } else { "" };
            Ok(Output::new(json!({ "trusted": trusted, "pins": pins, "first_uses": first_uses }), table(&rows))
                .with_talk(talk))
        }
        Command::Pin { namespace, key, registry } => {
            let (report, new) = trust::pin(context, &namespace, key.as_deref(), registry.as_deref())?;
            let verb = if new { "is now" } else { "was already" };
            let text = format!("the namespace `{namespace}` {verb} pinned to key {}\n", report.id);
            Ok(Output::new(json!({ "pin": report, "new": new }), text))
        }
        Command::Unpin { namespace } => {
            trust::unpin(context, &namespace)?;
            let text = format!("the namespace `{namespace}` is not pinned any more\n");
            Ok(Output::new(json!({ "unpinned": namespace }), text))
        }
        Command::Forget { package } => {
            trust::forget(context, &package)?;
            Ok(Output::new(json!({ "forgot": package }), format!("the next file of {package} is the first one\n")))
        }
        Command::Remove { name } => {
            trust::remove(context, &name)?;
            Ok(Output::new(json!({ "removed": name }), format!("this home no longer trusts `{name}`\n")))
        }
    }
}

fn row(trusted: &TrustReport) -> Vec<String> {
    let mark = if trusted.elevated { "elevated" } else { "" };
    vec![trusted.name.clone(), trusted.public_key.clone(), mark.to_owned()]
}

fn reach(elevated: bool) -> Reach {
    if elevated { Reach::Elevated } else { Reach::Limited }
}
