//! `mpp inspect`: a package in plain sentences.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::inspect::{self, InspectReport, SignatureReport, Standing},
};
use mpp_schema::text::escaped;
use std::fmt::Write as _;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp inspect md.mpp\n  mpp inspect acme:md")]
pub struct Arguments {
    /// A package file, or an installed package by its name
    #[arg(value_name = "FILE|PACKAGE")]
    target: String,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = inspect::inspect(context, &arguments.target)?;
    Ok(Output::new(&report, text(&report)))
}

/// The report for people.
pub fn text(report: &InspectReport) -> String {
    let mut text = format!("{}@{}\n  {}\n\n", report.name, report.version, escaped(&report.description));
    let _ = writeln!(text, "package digest  {}", report.digest);
    let _ = writeln!(text, "trust level     {}", plain(&report.trust));
    if let Some(license) = &report.license {
        let _ = writeln!(text, "license         {}", escaped(license));
    }
    let _ = writeln!(
        text,
        "built by        {}",
        escaped(report.source.compiler.as_deref().unwrap_or(&report.source.builder))
    );
    text.push_str("\nIt asks to\n");
    report.asks_for.iter().for_each(|sentence| text.push_str(&format!("  {sentence}\n")));
    if !report.unusual.is_empty() {
        text.push_str("\nWorth a second look\n");
        report.unusual.iter().for_each(|sentence| text.push_str(&format!("  {sentence}\n")));
    }
    text.push_str("\nIts tools\n");
    report.tools.iter().for_each(|tool| text.push_str(&super::outcome::tool_line(tool)));
    text.push_str("\nSigned by\n");
    report.signatures.iter().for_each(|signature| text.push_str(&signature_line(signature)));
    text.push_str("\nIt holds\n");
    for entry in &report.entries {
        let unpacked = entry.unpacked.map(|unpacked| format!(" ({} unpacked)", unpacked.size)).unwrap_or_default();
        let _ = writeln!(text, "  {:>9}  {}{unpacked}", entry.size, entry.path);
    }
    text
}

fn plain(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

fn signature_line(signature: &SignatureReport) -> String {
    let standing = match signature.standing {
        Standing::Trusted => "trusted",
        Standing::Development => "this home's development key",
        Standing::Unknown => "unknown key: nothing can be said about it",
        Standing::Invalid => "INVALID: not made by the key that it names",
    };
    let name = signature.name.as_deref().map(|name| format!("{name}, ")).unwrap_or_default();
    format!("  {}\n    {name}{standing}\n    says \"{}\"\n", signature.key, escaped(&signature.trusted_comment))
}
