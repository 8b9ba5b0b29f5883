//! `mpp test`: the cases of a project.

use super::Output;
use crate::exit::Exit;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::{
        build::BuildOptions,
        test::{self, CaseReport, Outcome, TestOptions, TestReport},
    },
};
use mpp_schema::{codes, text::escaped};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "A case is a file tests/TOOL/CASE.json with `arguments`, `grants` where it needs some, and\n\
                      the `result` or `error` that it expects. It runs in a home of its own, which is thrown\n\
                      away. Files that are no cases belong into tests/fixtures.\n\n\
                      Examples:\n  mpp test\n  mpp test md outline/ --bless")]
pub struct Arguments {
    /// The project or workspace
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only cases whose TOOL/CASE holds this text
    filter: Option<String>,
    /// Write what comes out into the cases that expect something else
    #[arg(long)]
    bless: bool,
    /// Only this package of a workspace
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    /// Refuse to change the lock file
    #[arg(long)]
    locked: bool,
    /// Refuse to use the network
    #[arg(long)]
    offline: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let build = BuildOptions { package: arguments.package, locked: arguments.locked, offline: arguments.offline };
    let options = TestOptions { build, filter: arguments.filter, bless: arguments.bless };
    let report = test::test(context, &arguments.path, &options)?;
    let mut output = Output::new(&report, text(&report));
    if report.cases.is_empty() {
        output = output.with_talk("no case was run: write tests/TOOL/CASE.json, then mpp test --bless\n");
    }
    if report.failed > 0 {
        output.failure = Some((codes::TEST_FAILED, format!("{} of {} cases", report.failed, report.cases.len())));
        output.exit = Exit::of(codes::TEST_FAILED);
    }
    Ok(output)
}

fn text(report: &TestReport) -> String {
    let mut text: String = report.cases.iter().map(line).collect();
    let left_out = match report.left_out {
        0 => String::new(),
        left_out => format!(", {left_out} left out"),
    };
    let blessed = match report.blessed {
        0 => String::new(),
        blessed => format!(", {blessed} blessed"),
    };
    text.push_str(&format!("{} passed, {} failed{blessed}{left_out}\n", report.passed, report.failed));
    text
}

fn line(case: &CaseReport) -> String {
    let (word, differences) = match &case.outcome {
        Outcome::Passed => ("passed ", [].as_slice()),
        Outcome::Blessed => ("blessed", [].as_slice()),
        Outcome::Failed { differences } => ("FAILED ", differences.as_slice()),
    };
    let differences: String = differences.iter().map(|place| format!("    {}\n", escaped(place))).collect();
    format!("{word}  {} {}/{}\n{differences}", case.package, case.tool, case.case)
}
