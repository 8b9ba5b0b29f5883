//! `mpp diff`: what changes between two packages.

use super::{Output, call::package_and_version};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::diff::{self, Target},
};
use mpp_schema::Version;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp diff acme:md\n  mpp diff acme:md@0.1.0 acme:md@0.2.0\n  mpp diff old.mpp new.mpp"
)]
pub struct Arguments {
    /// The older one: a package file, or NAMESPACE:NAME[@VERSION]; without a version what is installed
    #[arg(value_name = "FILE|PACKAGE", value_parser = target)]
    from: Target,
    /// The newer one; nothing for the newest of that name
    #[arg(value_name = "FILE|PACKAGE", value_parser = target)]
    to: Option<Target>,
    /// The registry; may be left out where only one has the package
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = diff::diff(context, &arguments.from, arguments.to.as_ref(), arguments.registry.as_deref())?;
    let mut talk = String::new();
    for (verified, what) in [(report.from_verified, "older"), (report.to_verified, "newer")] {
        if !verified {
            talk.push_str(&format!(
                "note: the {what} one is a file: who signed it is what it claims; mpp verify FILE\n"
            ));
        }
    }
    if report.same {
        talk.push_str("they are one package, signed by the same keys\n");
    }
    Ok(Output::new(&report, report.difference.to_string()).with_talk(talk))
}

/// A word that ends in `.mpp` or holds a `/` is a file.
fn target(word: &str) -> Result<Target, String> {
    match word.ends_with(".mpp") || word.contains('/') {
        true => Ok(Target::File(word.into())),
        // A whole version is meant exactly here, and not as the versions compatible with it.
        false => match word.split_once('@').filter(|(_, version)| version.parse::<Version>().is_ok()) {
            Some((name, version)) => package_and_version(&format!("{name}@={version}")),
            None => package_and_version(word),
        }
        .map(|(name, version)| Target::Package(name, version)),
    }
}
