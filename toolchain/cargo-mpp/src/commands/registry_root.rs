//! `mpp registry rotate` and `sign-root`: who may sign roots and heads from now on.

use super::{Output, writing::WritingArguments};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::registry_root::{self, KeysReport, PendingReport, RootChange, Sign},
};
use mpp_schema::KeyId;
use std::path::PathBuf;

pub const ROTATE_EXAMPLES: &str = "mpp registry rotate --new-head-key head2.pub --head-key head2.key\n\
     Root keys in several hands: each person signs the same file, on a machine of their own:\n  \
     mpp registry rotate --propose root.json --new-root-key a.pub --new-root-key b.pub --root-threshold 2\n  \
     mpp registry sign-root root.json\n  \
     mpp registry rotate --signed root.json\n\
     After a head key was misused, go on from the last commit that was right:\n  \
     mpp registry rotate --recover COMMIT --new-head-key head2.pub --head-key head2.key";

pub const SIGN_ROOT_EXAMPLES: &str = "mpp registry sign-root root.json --dry-run\nmpp registry sign-root root.json";

#[derive(Debug, Args)]
pub struct RotateArguments {
    /// A public key that may sign the next root; may be given several times; nothing for those of now
    #[arg(long = "new-root-key", value_name = "KEY", conflicts_with = "signed")]
    new_root_keys: Vec<String>,
    /// How many root keys must sign
    #[arg(long, value_name = "NUMBER", conflicts_with = "signed")]
    root_threshold: Option<u8>,
    /// A public key that may sign heads; may be given several times; nothing for those of now
    #[arg(long = "new-head-key", value_name = "KEY", conflicts_with = "signed")]
    new_head_keys: Vec<String>,
    /// How many head keys must sign
    #[arg(long, value_name = "NUMBER", conflicts_with = "signed")]
    head_threshold: Option<u8>,
    /// How many days a head is fresh
    #[arg(long, value_name = "DAYS", conflicts_with = "signed")]
    head_lifetime: Option<u16>,
    /// How many days the new root is accepted
    #[arg(long, value_name = "DAYS", conflicts_with = "signed")]
    lifetime: Option<u32>,
    /// Drop everything after this commit, the last one that was right
    #[arg(long, value_name = "COMMIT")]
    recover: Option<String>,
    /// Only write the next root into a file, unsigned, for others to sign with `mpp registry sign-root`
    #[arg(long, value_name = "FILE", conflicts_with = "signed")]
    propose: Option<PathBuf>,
    /// Publish the root in this file, which enough people signed
    #[arg(long, value_name = "FILE")]
    signed: Option<PathBuf>,
    #[command(flatten)]
    writing: WritingArguments,
}

#[derive(Debug, Args)]
pub struct SignRootArguments {
    /// The file that `mpp registry rotate --propose` wrote
    file: PathBuf,
    /// A root key by name or as a key file; may be given several times; nothing for those of this home that may sign
    #[arg(long = "root-key", value_name = "NAME|FILE")]
    root_keys: Vec<String>,
    /// Only show what it changes
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub fn rotate(arguments: RotateArguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let writing = arguments.writing.into();
    if let Some(file) = &arguments.signed {
        let good = arguments.recover.as_deref();
        return registry_root::publish(context, file, good, &writing).map(|report| super::writing::output(&report));
    }
    let change = RootChange {
        new_root_keys: arguments.new_root_keys,
        root_threshold: arguments.root_threshold,
        new_head_keys: arguments.new_head_keys,
        head_threshold: arguments.head_threshold,
        head_lifetime_days: arguments.head_lifetime,
        lifetime_days: arguments.lifetime,
        good: arguments.recover,
    };
    match &arguments.propose {
        Some(file) => registry_root::propose(context, &change, file, &writing).map(|report| pending(&report)),
        None => registry_root::rotate(context, &change, &writing).map(|report| super::writing::output(&report)),
    }
}

pub fn sign(arguments: &SignRootArguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let sign = if arguments.dry_run { Sign::Not } else { Sign::Now };
    registry_root::sign(context, &arguments.file, &arguments.root_keys, sign).map(|report| pending(&report))
}

fn pending(report: &PendingReport) -> Output {
    let known = report.known_as.as_ref().map_or("not known to this home".to_owned(), ToString::to_string);
    let mut text = format!("root      {} of registry {} ({known})\n", report.version, report.registry);
    text += &format!("sha-256   {}\n", report.fingerprint);
    text += &keys("root keys", &report.root_keys);
    text += &keys("head keys", &report.head_keys);
    let [before, after] = report.head_lifetime_days;
    text += &format!("heads     fresh for {after} days{}\n", changed(before != after, &before));
    let [before, after] = report.expires;
    text += &format!("expires   {after}{}\n", changed(before != after, &before));
    if let Some(resume) = report.resume {
        text += &format!("drops     every record after the first {} of the log ({})\n", resume.length, resume.hash);
    }
    text += &format!("signed    {}\n", list(&report.signed));
    for (who, of) in [("before", report.by_keys_before), ("of its own", report.by_own_keys)] {
        text += &format!("          {} of {} root keys {who}\n", of.signed, of.threshold);
    }
    Output::new(report, text).with_talk(talk(report))
}

fn talk(report: &PendingReport) -> String {
    let file = report.file.display();
    let mut talk = String::new();
    if report.known_as.is_none() {
        talk += "what was in force before is the file's word: compare the sha-256 with the others who sign\n";
    }
    talk + &match report.is_whole() {
        true => format!("next: mpp registry rotate --signed {file}\n"),
        false => format!("next, whoever holds another root key: mpp registry sign-root {file}\n"),
    }
}

fn keys(what: &str, of: &KeysReport) -> String {
    let before = changed(of.threshold != of.threshold_before, &of.threshold_before);
    let mut text = format!("{what} {} of {} must sign{before}\n", of.threshold, of.keys.len());
    for key in &of.keys {
        text += &format!("        {} {key}\n", if of.added.contains(key) { "+" } else { " " });
    }
    of.removed.iter().for_each(|key| text += &format!("        - {key}\n"));
    text
}

/// What it was before, where that was something else.
fn changed(is: bool, before: &impl ToString) -> String {
    if is { format!(" (before: {})", before.to_string()) } else { String::new() }
}

fn list(keys: &[KeyId]) -> String {
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    if keys.is_empty() { "by nobody yet".to_owned() } else { format!("by {}", keys.join(", ")) }
}
