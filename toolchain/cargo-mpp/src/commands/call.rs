//! `mpp call`: a tool of an installed package.

use super::{Output, asking::Asking, outcome};
use clap::Args;
use mpp_ops::{Context, OpsError, verb::call};
use mpp_schema::{PackageName, VersionReq};

#[derive(Debug, Args)]
#[command(after_help = "What follows the tool is its own: one JSON object, @FILE, - for stdin, or flags named \
                  after its parameters.\n\nExamples:\n  \
                  mpp call acme:md outline --text @README.md\n  \
                  mpp call acme:md outline '{\"text\": \"# Hello\"}'\n  \
                  mpp call --folder notes=~/notes:ro acme:notes search --text milk")]
pub struct Arguments {
    /// The package, NAMESPACE:NAME[@VERSION]
    #[arg(value_name = "PACKAGE", value_parser = package_and_version)]
    package: (PackageName, Option<VersionReq>),
    /// The tool; may be left out where there is only one
    #[arg(value_name = "TOOL] [JSON|@FILE|-|--FLAG VALUE", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
    #[command(flatten)]
    asking: Asking,
}

/// `namespace:name`, `namespace:name@1.2`.
pub fn package_and_version(word: &str) -> Result<(PackageName, Option<VersionReq>), String> {
    let (name, version) = word.split_once('@').map_or((word, None), |(name, version)| (name, Some(version)));
    let name = name.parse().map_err(|error: mpp_schema::ParseNameError| error.to_string())?;
    let version = version.map(|text| text.parse::<VersionReq>().map_err(|error| format!("{error}: \"{text}\"")));
    Ok((name, version.transpose()?))
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let (name, version) = arguments.package;
    let mut words = arguments.words.into_iter().peekable();
    let tool = words.next_if(|word| word != "-" && !word.starts_with(['-', '@', '{']));
    let dry_run = arguments.asking.dry_run;
    let request = arguments.asking.request(context, tool.as_deref(), words)?;
    if dry_run {
        return Ok(outcome::dry_run(&call::dry_run(context, &name, version.as_ref(), &request)?));
    }
    let report = call::call(context, &name, version.as_ref(), &request)?;
    Ok(outcome::output(&report))
}
