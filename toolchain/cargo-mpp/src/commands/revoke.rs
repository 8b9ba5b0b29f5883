//! `mpp revoke`: taking grants back.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::revoke::{self, Revoke},
};
use serde_json::json;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp revoke acme:notes\n  mpp revoke 0123456789abcdef0123456789abcdef\n  mpp revoke --orphaned\n  mpp revoke --all"
)]
pub struct Arguments {
    /// A package, or the id of one permission token
    #[arg(value_name = "PACKAGE|TOKEN", value_parser = what, required_unless_present_any = ["all", "orphaned"])]
    what: Option<Revoke>,
    /// Everything that was granted to any package
    #[arg(long, conflicts_with = "what")]
    all: bool,
    /// Everything that was granted to packages that are not installed, which is also what loose files and projects were granted
    #[arg(long, conflicts_with_all = ["what", "all"])]
    orphaned: bool,
}

fn what(word: &str) -> Result<Revoke, String> {
    if let Ok(id) = word.parse() {
        return Ok(Revoke::Token(id));
    }
    word.parse().map(Revoke::Package).map_err(|error: mpp_schema::ParseNameError| error.to_string())
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let many = if arguments.orphaned { Revoke::Orphaned } else { Revoke::All };
    let revoked = revoke::revoke(context, &arguments.what.unwrap_or(many))?;
    let text = revoked.iter().map(|id| format!("revoked {id}\n")).collect::<String>();
    Ok(Output::new(json!({ "revoked": revoked }), text))
}
