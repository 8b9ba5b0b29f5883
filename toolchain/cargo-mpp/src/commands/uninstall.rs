//! `mpp uninstall`: remove a package.

use super::{Output, kv::amount};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::uninstall::{self, Data},
};
use mpp_schema::PackageName;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp uninstall acme:md\n  mpp uninstall acme:notes --keep-data")]
pub struct Arguments {
    /// The package, NAMESPACE:NAME
    name: PackageName,
    /// Keep what the package keeps, for when it is installed again
    #[arg(long)]
    keep_data: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let data = if arguments.keep_data { Data::Keep } else { Data::Remove };
    let report = uninstall::uninstall(context, &arguments.name, data)?;
    let mut text = format!("uninstalled {}@{}\n", report.record.name, report.record.version);
    if let Some(removed) = &report.removed_data {
        text.push_str(&format!("removed what it kept: {}\n", amount(removed)));
    }
    let name = &report.record.name;
    if !report.kept_tokens.is_empty() {
        text.push_str(&format!(
            "{} of its permission tokens stay, and count again if it is installed again and asks for the same\n  \
             to take them back: mpp revoke {name}\n",
            report.kept_tokens.len()
        ));
    }
    for secret in &report.kept_secrets {
        text.push_str(&format!("its secret `{secret}` stays; to remove it: mpp secret remove {name} {secret}\n"));
    }
    Ok(Output::new(&report, text))
}
