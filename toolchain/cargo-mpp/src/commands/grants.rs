//! `mpp grants`: what was granted.

use super::Output;
use clap::{Args, Subcommand};
use mpp_ops::{
    Context, OpsError,
    verb::grants::{self, GrantsReport, ListedGrant},
};
use mpp_schema::{PackageName, text::escaped};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  mpp grants\n  mpp grants acme:notes\n  \
                  mpp grants export acme:notes notes-grants.jsonl\n  mpp grants import notes-grants.jsonl"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only those of this package
    package: Option<PackageName>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write permission tokens to a file, one a line
    Export {
        /// A package, or the id of one permission token
        #[arg(value_name = "PACKAGE|TOKEN")]
        what: String,
        /// The file
        file: PathBuf,
    },
    /// Take permission tokens from a file; each must be signed by this home's owner or a grantor of its policy
    Import {
        /// The file
        file: PathBuf,
    },
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    match arguments.command {
        None => list(arguments.package.as_ref(), context),
        Some(Command::Export { what, file }) => {
            let count = grants::export(context, &what, &file)?;
            let text = format!("wrote {count} permission tokens to {}\n", file.display());
            Ok(Output::new(json!({ "exported": count, "file": file }), text))
        }
        Some(Command::Import { file }) => {
            let imported = grants::import(context, &file)?;
            let text = imported.iter().map(|id| format!("imported {id}\n")).collect::<String>();
            Ok(Output::new(json!({ "imported": imported }), text))
        }
    }
}

fn list(package: Option<&PackageName>, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = grants::list(context, package)?;
    let text = report.grants.iter().map(entry).collect::<String>() + &broken(&report);
    let nothing = report.grants.is_empty() && report.broken.is_empty();
    let talk = match report.grants.iter().filter(|grant| grant.orphaned).count() {
        _ if nothing => "nothing is granted yet: mpp grant PACKAGE\n".to_owned(),
        0 => String::new(),
        count => format!("{count} for packages that are not installed; to take these back: mpp revoke --orphaned\n"),
    };
    Ok(Output::new(&report, text).with_talk(talk))
}

fn entry(grant: &ListedGrant) -> String {
    let by = grant.grantor.as_ref().map(|name| format!(", by `{name}`")).unwrap_or_default();
    let mut text = format!("{}  {}\n    {}, {}{by}\n", grant.package, grant.id, grant.functions, grant.lifetime);
    for line in &grant.allows {
        text.push_str(&format!("    may {line}\n"));
    }
    if let (Some(code), Some(why)) = (&grant.code, &grant.why) {
        text.push_str(&format!("    does not count [{code}]: {}\n", escaped(why)));
    }
    text
}

fn broken(report: &GrantsReport) -> String {
    let line = |broken: &mpp_ops::verb::grants::BrokenToken| {
        let file = escaped(&broken.file.display().to_string());
        format!("{file}\n    grants nothing [{}]: {}\n", broken.code, escaped(&broken.why))
    };
    report.broken.iter().map(line).collect()
}
