//! `mpp registry`: making registries and getting to know them.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::{registry, registry_upkeep},
};
use mpp_schema::{Digest, Ident};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp registry init registry.git\n  mpp registry add home registry.git\n  mpp registry list"
)]
pub enum Command {
    /// Make a registry: a bare git repository with a signed root, head and log
    Init {
        /// The folder to make
        path: PathBuf,
    },
    /// Use a registry from now on; its root is pinned
    Add {
        /// What to call it
        name: Ident,
        /// A path or an address that git understands
        url: String,
        /// The SHA-256 that the registry's first root must have
        #[arg(long, value_name = "FINGERPRINT")]
        root: Option<Digest>,
    },
    /// List the registries of this home
    List,
    /// Sign a new head, so that the registry stays fresh: for cron or CI
    #[command(after_help = "mpp registry sign-head\nmpp registry sign-head --head-key /run/secrets/head.key")]
    SignHead {
        #[command(flatten)]
        writing: super::writing::WritingArguments,
    },
    /// Show the head that this home believes, to be compared with what others were shown
    #[command(after_help = "mpp registry head --save my-head.json\nmpp registry head --compare their-head.json")]
    Head {
        /// The registry; may be left out where there is only one
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
        /// A head that somebody else was shown; a contradiction is kept as proof
        #[arg(long, value_name = "FILE", conflicts_with = "save")]
        compare: Option<PathBuf>,
        /// Write the signed head to a file
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Verify a registry from its first root to its newest record, as somebody who has never seen it
    #[command(after_help = "mpp registry check /srv/registry.git --files\n\n\
                            As a hook of a bare repository, hooks/pre-receive:\n  \
                            #!/bin/sh\n  \
                            MPP_HOME=\"$PWD/mpp-check/home\" exec mpp registry check --pre-receive .")]
    Check {
        /// A path or an address that git understands
        url: String,
        /// Check a push to the bare repository at this path, as git's pre-receive hook: reads its lines from standard input
        #[arg(long, conflicts_with_all = ["root", "files"])]
        pre_receive: bool,
        /// The SHA-256 that the registry's first root must have
        #[arg(long, value_name = "FINGERPRINT")]
        root: Option<Digest>,
        /// Fetch and compare every package file too
        #[arg(long)]
        files: bool,
    },
    /// Change the root: who may sign roots and heads, and for how long they are good
    #[command(after_help = "mpp registry rotate --new-head-key head2.pub --head-key head2.key\n\
                      After a head key was misused, go on from the last commit that was right:\n  \
                      mpp registry rotate --recover COMMIT --new-head-key head2.pub --head-key head2.key")]
    Rotate(RotateArguments),
    /// Show the proofs that this home keeps of registries that contradicted themselves
    Evidence {
        /// Only this registry
        #[arg(long, value_name = "NAME")]
        registry: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub struct RotateArguments {
    /// A public key that may sign the next root; may be given several times; nothing for those of now
    #[arg(long = "new-root-key", value_name = "KEY")]
    new_root_keys: Vec<String>,
    /// How many root keys must sign
    #[arg(long, value_name = "NUMBER")]
    root_threshold: Option<u8>,
    /// A public key that may sign heads; may be given several times; nothing for those of now
    #[arg(long = "new-head-key", value_name = "KEY")]
    new_head_keys: Vec<String>,
    /// How many head keys must sign
    #[arg(long, value_name = "NUMBER")]
    head_threshold: Option<u8>,
    /// How many days a head is fresh
    #[arg(long, value_name = "DAYS")]
    head_lifetime: Option<u16>,
    /// How many days the new root is accepted
    #[arg(long, value_name = "DAYS")]
    lifetime: Option<u32>,
    /// Drop everything after this commit, the last one that was right
    #[arg(long, value_name = "COMMIT")]
    recover: Option<String>,
    #[command(flatten)]
    writing: super::writing::WritingArguments,
}

fn rotate(arguments: RotateArguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let change = registry_upkeep::RootChange {
        new_root_keys: arguments.new_root_keys,
        root_threshold: arguments.root_threshold,
        new_head_keys: arguments.new_head_keys,
        head_threshold: arguments.head_threshold,
        head_lifetime_days: arguments.head_lifetime,
        lifetime_days: arguments.lifetime,
        good: arguments.recover,
    };
    registry_upkeep::rotate(context, &change, &arguments.writing.into()).map(|report| super::writing::output(&report))
}

fn head(
    context: &Context<'_>,
    registry: Option<&str>,
    compare: Option<&Path>,
    save: Option<&Path>,
) -> Result<Output, OpsError> {
    let report = registry_upkeep::head(context, registry, compare)?;
    if let Some(file) = save {
        registry_upkeep::write_head(context, &report, file)?;
    }
    let mut text = format!(
        "registry  {} ({})\nhead      {} under root {}\nlog       {} records, {}\nissued    {}\nexpires   {}\n",
        report.registry,
        report.id,
        report.seq,
        report.root,
        report.log_length,
        report.log_hash,
        report.issued,
        report.expires
    );
    if let Some(compared) = report.compared {
        text += &format!("the other {compared}\n");
    }
    Ok(Output::new(&report, text))
}

fn check(context: &Context<'_>, url: &str, root: Option<Digest>, files: bool) -> Result<Output, OpsError> {
    let depth = if files { registry_upkeep::Depth::Files } else { registry_upkeep::Depth::Index };
    let report = registry_upkeep::check(context, url, root, depth)?;
    let compared = report.files.map(|files| format!("files     {files}\n")).unwrap_or_default();
    let text = format!(
        "registry  {}\nroot      {}\nhead      {}\nrecords   {}\npackages  {}\n{compared}",
        report.id, report.root, report.seq, report.records, report.packages
    );
    Ok(Output::new(&report, text))
}

fn evidence(context: &Context<'_>, registry: Option<&str>) -> Result<Output, OpsError> {
    let kept = registry_upkeep::evidence(context, registry)?;
    let mut text = String::new();
    for proof in &kept {
        text += &format!("{}  {}\n", proof.registry, proof.file.display());
        for head in &proof.heads {
            text += &format!(
                "  head {} under root {}, {} records, {}, signed {}\n",
                head.seq, head.root, head.log_length, head.log_hash, head.issued
            );
        }
    }
    let talk = if kept.is_empty() { "no registry has contradicted itself, as far as this home has seen\n" } else { "" };
    Ok(Output::new(json!({ "evidence": kept }), text).with_talk(talk))
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Init { path } => {
            let report = registry::init(context, &path)?;
            let text = format!(
                "made a registry in {}\nregistry  {}\nroot      {}\nkey       {} (signs roots and heads)\n",
                report.path.display(),
                report.id,
                report.root,
                report.key
            );
            Ok(Output::new(&report, text).with_talk(format!("next: mpp registry add NAME {}\n", path.display())))
        }
        Command::Add { name, url, root } => {
            let report = registry::add(context, &name, &url, root)?;
            let text = format!("registry  {} ({})\npinned    root {}\n", report.name, report.id, report.root);
            let talk = "compare the root with what the registry's owner says; `--root FINGERPRINT` checks it\n";
            Ok(Output::new(&report, text).with_talk(if root.is_none() { talk } else { "" }))
        }
        Command::SignHead { writing } => {
            registry_upkeep::sign_head(context, &writing.into()).map(|report| super::writing::output(&report))
        }
        Command::Head { registry, compare, save } => {
            head(context, registry.as_deref(), compare.as_deref(), save.as_deref())
        }
        Command::Check { url, pre_receive: true, .. } => {
            let report = registry_upkeep::check_push(context, Path::new(&url), std::io::stdin().lock())?;
            let text = format!(
                "accepted: {} references, {} records, {} package files\n",
                report.references, report.records, report.files
            );
            Ok(Output::new(&report, text))
        }
        Command::Check { url, root, files, .. } => check(context, &url, root, files),
        Command::Rotate(arguments) => rotate(arguments, context),
        Command::Evidence { registry } => evidence(context, registry.as_deref()),
        Command::List => {
            let known = registry::list(context)?;
            let rows: Vec<_> =
                known.iter().map(|r| vec![r.name.to_string(), r.url.clone(), r.root.to_string()]).collect();
            let talk = if known.is_empty() { "no registry yet: mpp registry add NAME URL\n" } else { "" };
            Ok(Output::new(json!({ "registries": known }), table(&rows)).with_talk(talk))
        }
    }
}
