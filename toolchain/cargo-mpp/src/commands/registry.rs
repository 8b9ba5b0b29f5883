//! `mpp registry`: making registries and getting to know them.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{Context, OpsError, verb::registry};
use mpp_schema::{Digest, Ident};
use serde_json::json;
use std::path::PathBuf;

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
        Command::List => {
            let known = registry::list(context)?;
            let rows: Vec<_> =
                known.iter().map(|r| vec![r.name.to_string(), r.url.clone(), r.root.to_string()]).collect();
            let talk = if known.is_empty() { "no registry yet: mpp registry add NAME URL\n" } else { "" };
            Ok(Output::new(json!({ "registries": known }), table(&rows)).with_talk(talk))
        }
    }
}
