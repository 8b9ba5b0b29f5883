//! `mpp yank`, `unyank`, `deprecate`, `block` and `co-sign`: what is said about a version after its release.

use super::{
    Output,
    writing::{self, exact_version},
};
use clap::Args;
pub use mpp_ops::verb::notice::Verb;
use mpp_ops::{
    Context, OpsError,
    verb::notice::{self, As},
};
use mpp_schema::{PackageName, Version};

#[derive(Debug, Args)]
pub struct NoticeArguments {
    /// The package and its version
    #[arg(value_name = "NAMESPACE:NAME@VERSION", value_parser = exact_version)]
    package: (PackageName, Version),
    /// Why: people will read it
    #[arg(long, value_name = "TEXT", value_parser = writing::reason)]
    reason: String,
    #[command(flatten)]
    writing: writing::WritingArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Whoever runs the registry adds --as-registry.\n\nExamples:\n  \
                        mpp block acme:md@0.1.0 --reason 'it was built on a stolen laptop'\n  \
                        mpp block acme:md@0.1.0 --as-registry --reason 'malware'")]
pub struct BlockArguments {
    #[command(flatten)]
    notice: NoticeArguments,
    /// Sign with the registry's root keys, and not as the publisher
    #[arg(long)]
    as_registry: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp co-sign acme:md@0.1.0 --key auditor")]
pub struct CoSignArguments {
    /// The package and its version
    #[arg(value_name = "NAMESPACE:NAME@VERSION", value_parser = exact_version)]
    package: (PackageName, Version),
    #[command(flatten)]
    writing: writing::WritingArguments,
}

pub fn run(arguments: NoticeArguments, verb: Verb, context: &Context<'_>) -> Result<Output, OpsError> {
    say(arguments, verb, As::Publisher, context)
}

pub fn block(arguments: BlockArguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let by = if arguments.as_registry { As::Registry } else { As::Publisher };
    say(arguments.notice, Verb::Block, by, context)
}

fn say(arguments: NoticeArguments, verb: Verb, by: As, context: &Context<'_>) -> Result<Output, OpsError> {
    let NoticeArguments { package: (name, version), reason, writing } = arguments;
    let report = notice::say(context, (&name, &version), verb, &reason, by, &writing.into())?;
    Ok(writing::output(&report))
}

pub fn co_sign(arguments: CoSignArguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let (name, version) = arguments.package;
    let report = notice::co_sign(context, (&name, &version), &arguments.writing.into())?;
    Ok(writing::output(&report))
}
