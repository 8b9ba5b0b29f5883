//! `mpp owner list|add|remove|transfer|reset`: who owns a namespace.

use super::{Output, writing};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::namespace::{self, Change, OwnersReport},
};
use mpp_schema::{Ident, text::escaped};
use std::fmt::Write as _;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show who owns a namespace, and who did
    #[command(after_help = "Examples:\n  mpp owner list acme")]
    List {
        /// The namespace
        namespace: Ident,
        /// The registry; may be left out where there is only one
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
    /// Add an owner
    #[command(after_help = "Examples:\n  mpp owner add acme colleague.pub")]
    Add(OwnerArguments),
    /// Remove an owner
    #[command(after_help = "Examples:\n  mpp owner remove acme RWQ…")]
    Remove(OwnerArguments),
    /// Give the namespace to one other key, which must be at hand: --key OLD --key NEW
    #[command(after_help = "To somebody elsewhere: you `mpp owner add`, and they `mpp owner remove` you.\n\n\
                      Examples:\n  mpp owner transfer acme new.pub --key old --key new")]
    Transfer(OwnerArguments),
    /// Give the namespace to another key by the registry's root keys; the new key must be at hand
    #[command(after_help = "Examples:\n  mpp owner reset acme new.pub --key new --reason 'the key was lost'")]
    Reset {
        #[command(flatten)]
        arguments: OwnerArguments,
        /// Why: people will read it
        #[arg(long, value_name = "TEXT", value_parser = writing::reason)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct OwnerArguments {
    /// The namespace
    namespace: Ident,
    /// The owner's public key (RW…) or a .pub file
    #[arg(value_name = "KEY")]
    owner: String,
    /// How many owners must sign from then on; nothing for as many as now
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<u8>,
    #[command(flatten)]
    writing: writing::WritingArguments,
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::List { namespace, registry } => {
            let report = namespace::list(context, &namespace, registry.as_deref())?;
            Ok(Output::new(&report, text(&report)))
        }
        Command::Add(arguments) => change(arguments, Change::Add, context),
        Command::Remove(arguments) => change(arguments, Change::Remove, context),
        Command::Transfer(arguments) => change(arguments, Change::Transfer, context),
        Command::Reset { arguments, reason } => change(arguments, |key| Change::Reset(key, reason), context),
    }
}

fn change(
    arguments: OwnerArguments,
    how: impl FnOnce(String) -> Change,
    context: &Context<'_>,
) -> Result<Output, OpsError> {
    let OwnerArguments { namespace, owner, threshold, writing } = arguments;
    let report = namespace::change(context, &namespace, &how(owner), threshold, &writing.into())?;
    Ok(writing::output(&report))
}

fn text(report: &OwnersReport) -> String {
    let mut text = format!("{}  in the registry `{}`\n", report.namespace, report.registry);
    for record in report.records.iter().rev() {
        let _ = writeln!(text, "\nrecord {}  {}  {} must sign", record.version, record.issued, record.threshold);
        for owner in &record.owners {
            let _ = writeln!(text, "  {}", owner.public_key);
        }
        if let Some(reason) = &record.reset {
            let _ = writeln!(text, "  given away by the registry: \"{}\"", escaped(reason));
        }
    }
    text
}
