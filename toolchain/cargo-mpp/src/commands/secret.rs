//! `mpp secret`: secrets that the host sends for packages.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::secret::{self, SecretReport, Source},
};
use mpp_schema::{Ident, PackageName};
use serde_json::json;

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp secret set acme:issues github-token\n  mpp secret list\n  mpp secret remove acme:issues github-token"
)]
pub enum Command {
    /// Store a secret for a package, in place of an older one
    #[command(
        after_help = "The value is asked for without echo, or read from stdin; it is never an argument.\n\nExamples:\n  mpp secret set acme:issues github-token\n  mpp secret set acme:issues github-token - < token.txt"
    )]
    Set {
        /// The package
        package: PackageName,
        /// What the package calls the secret
        secret: Ident,
        /// `-` reads the value from stdin
        #[arg(value_name = "-", value_parser = ["-"])]
        stdin: Option<String>,
    },
    /// List the secrets of this home, without their values
    #[command(after_help = "Examples:\n  mpp secret list acme:issues")]
    List {
        /// Of this package only
        package: Option<PackageName>,
    },
    /// Remove a secret
    #[command(after_help = "Examples:\n  mpp secret remove acme:issues github-token")]
    Remove {
        /// The package
        package: PackageName,
        /// What the package calls the secret
        secret: Ident,
    },
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Set { package, secret, stdin } => {
            let source = if stdin.is_some() { Source::Stdin } else { Source::Ask };
            let report = secret::set(context, &package, &secret, source)?;
            let text = format!("stored `{secret}` of {package} in {}\n", report.place.words());
            Ok(Output::new(&report, text))
        }
        Command::List { package } => list(context, package.as_ref()),
        Command::Remove { package, secret } => {
            secret::remove(context, &package, &secret)?;
            let text = format!("removed `{secret}` of {package}\n");
            Ok(Output::new(json!({ "removed": { "package": package, "secret": secret } }), text))
        }
    }
}

fn list(context: &Context<'_>, package: Option<&PackageName>) -> Result<Output, OpsError> {
    let secrets = secret::list(context, package)?;
    let row = |it: &SecretReport| vec![it.package.to_string(), it.secret.to_string(), it.place.words().to_owned()];
    let text = table(&secrets.iter().map(row).collect::<Vec<_>>());
    let talk = if secrets.is_empty() { "no secrets; store one: mpp secret set NS:NAME SECRET\n" } else { "" };
    Ok(Output::new(json!({ "secrets": secrets }), text).with_talk(talk))
}
