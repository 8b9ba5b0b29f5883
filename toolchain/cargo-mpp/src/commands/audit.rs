//! `mpp audit`: how the installed packages stand.

use super::Output;
use crate::exit::Exit;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::audit::{self, AuditReport, Finding},
};
use mpp_schema::text::escaped;
use std::fmt::Write as _;

#[derive(Debug, Args)]
#[command(
    after_help = "The exit code is 3 when something installed is blocked or cannot be judged.\n\nExamples:\n  mpp audit"
)]
pub struct Arguments {}

pub fn run(_: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = audit::audit(context)?;
    let mut output = Output::new(&report, text(&report)).with_talk(talk(&report));
    if report.is_bad() {
        output.exit = Exit::User;
    }
    Ok(output)
}

fn text(report: &AuditReport) -> String {
    report.findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let what = serde_json::to_value(finding.what).ok();
    let what = what.as_ref().and_then(|what| what.as_str()).unwrap_or_default();
    let mut line = format!("{what}  {}@{}", finding.name, finding.version);
    if let Some(id) = &finding.id {
        let severity = finding.severity.and_then(|severity| serde_json::to_value(severity).ok());
        let severity = severity.as_ref().and_then(|severity| severity.as_str()).unwrap_or_default();
        let _ = write!(line, "  {} ({severity})", escaped(id));
    }
    let _ = write!(line, "\n    \"{}\"\n", escaped(&finding.reason));
    if let Some(fixed) = &finding.fixed_in {
        let _ = writeln!(line, "    fixed in {fixed}: mpp install {}", finding.name);
    }
    line
}

fn talk(report: &AuditReport) -> String {
    let mut talk = String::new();
    for failed in &report.failed {
        let _ = writeln!(talk, "could not ask the registry `{}`: {}", failed.registry, escaped(&failed.message));
    }
    for name in &report.unknown {
        let _ = writeln!(talk, "no registry of this home answers for {name}");
    }
    let _ = match report.findings.len() {
        0 => writeln!(talk, "{} packages, and nothing is said against them", report.packages),
        found => writeln!(talk, "{} packages, {found} findings", report.packages),
    };
    talk
}
