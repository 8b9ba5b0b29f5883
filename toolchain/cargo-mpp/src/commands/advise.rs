//! `mpp advise`: an advisory about some versions of a package.

use super::{Output, writing};
use clap::{Args, ValueEnum};
use mpp_ops::{
    Context, OpsError,
    verb::{
        advise::{self, Advice},
        notice::As,
    },
};
use mpp_schema::{PackageName, Version, VersionReq, index};

#[derive(Debug, Args)]
#[command(
    override_usage = "mpp advise [OPTIONS] <NAMESPACE:NAME>",
    after_help = "Examples:\n  mpp advise acme:md --id ACME-2026-1 --versions '<0.1.2' --fixed-in 0.1.2 \\\n      \
                  --severity high --text 'it can hang on some headings'"
)]
pub struct Arguments {
    /// The package
    #[arg(value_name = "NAMESPACE:NAME")]
    name: PackageName,
    /// What the advisory is called; another one with this id stands in its place from now on
    #[arg(long)]
    id: String,
    /// The versions that it concerns
    #[arg(long, value_name = "REQUIREMENT")]
    versions: VersionReq,
    /// How bad it is
    #[arg(long)]
    severity: Severity,
    /// What people should know
    #[arg(long, value_parser = writing::reason)]
    text: String,
    /// The first version that is not concerned
    #[arg(long, value_name = "VERSION")]
    fixed_in: Option<Version>,
    /// Sign with the registry's root keys, and not as the publisher
    #[arg(long)]
    as_registry: bool,
    #[command(flatten)]
    writing: writing::WritingArguments,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Severity {
    /// It was a mistake, and concerns nobody
    Withdrawn,
    Low,
    Medium,
    High,
    Critical,
}

impl From<Severity> for index::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Withdrawn => Self::Withdrawn,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let Arguments { name, id, versions, severity, text, fixed_in, as_registry, writing } = arguments;
    let advice = Advice { name, id, versions, severity: severity.into(), text, fixed_in };
    let by = if as_registry { As::Registry } else { As::Publisher };
    let report = advise::advise(context, &advice, by, &writing.into())?;
    Ok(writing::output(&report))
}
