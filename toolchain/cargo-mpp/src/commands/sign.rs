//! `mpp sign`: one more signature.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::sign::{self, Source},
};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp sign md.mpp --key acme\n  mpp sign md.mpp --attach mpp.json.minisig --public-key acme.pub"
)]
pub struct Arguments {
    /// The package
    file: PathBuf,
    /// A key of this home by name, or a minisign key file
    #[arg(long, value_name = "NAME|FILE", required_unless_present = "attach")]
    key: Option<String>,
    /// Take a signature that another minisign program made over mpp.json
    #[arg(long, value_name = "MINISIG", conflicts_with = "key", requires = "public_key")]
    attach: Option<PathBuf>,
    /// The public key of the attached signature (RW… or a .pub file)
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let source = match (arguments.key, arguments.attach, arguments.public_key) {
        (None, Some(signature), Some(public_key)) => Source::Attach { signature, public_key },
        (key, ..) => Source::Key(key.unwrap_or_default()),
    };
    let report = sign::sign(context, &arguments.file, &source)?;
    let text = format!(
        "signed   {}\npackage  {}\nkey      {}\nsays     {}\n",
        arguments.file.display(),
        report.digest,
        report.key,
        report.trusted_comment
    );
    Ok(Output::new(&report, text))
}
