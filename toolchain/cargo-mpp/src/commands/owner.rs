//! `mpp owner`: who signs the grants of this home; with a word after it, who owns a namespace.

use super::{Output, namespace};
use clap::Args;
use mpp_ops::{Context, OpsError, verb::owner};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Its tokens count in another home whose policy.toml lists the public key\n\
                  under [grantors].\n\nExamples:\n  mpp owner\n  mpp owner --pem > owner.pub.pem\n  mpp owner list acme"
)]
pub struct Arguments {
    #[command(subcommand)]
    namespace: Option<namespace::Command>,
    /// Print the public key as a PEM file
    #[arg(long)]
    pem: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    if let Some(command) = arguments.namespace {
        return namespace::run(command, context);
    }
    let report = owner::owner(context)?;
    let text = match arguments.pem {
        true => report.pem.clone(),
        false => {
            format!("key id      {}\npublic key  {}\nhost        {}\n", report.key, report.public_key, report.host)
        }
    };
    Ok(Output::new(&report, text))
}
