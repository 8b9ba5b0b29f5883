//! `mpp test`: the cases in a project's `tests` folder, called as agents call, and compared with what they expect (PROJ-71 to PROJ-75).
//!
//! Every case starts from nothing, in a home that is thrown away: no grant, key, secret or variable of the user counts there, and
//! what a tool writes into a folder goes into a copy.

mod case;
mod compare;
mod own_home;

use self::{
    case::{Case, CaseFile, Expected},
    compare::differences,
    own_home::OwnHome,
};
use super::{
    build::{self, BuildOptions},
    call::{Permit, ToolRequest, call_verified},
};
use crate::{
    Context, OpsError, ToolInput,
    atomic_write::{self, Readable},
    package_file,
};
use mpp_build::Project;
use mpp_host::Ending;
use mpp_schema::{Code, Coded, PackageName, ToolName, Turn, codes};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Which cases, and what becomes of those that do not pass.
#[derive(Debug, Default)]
pub struct TestOptions {
    /// How to build.
    pub build: BuildOptions,
    /// Only cases whose `tool/case` holds this.
    pub filter: Option<String>,
    /// Write what came out into the cases.
    pub bless: bool,
}

/// What became of all cases.
#[derive(Debug, Serialize)]
pub struct TestReport {
    /// In the order of their names.
    pub cases: Vec<CaseReport>,
    /// How many came out as expected.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
    /// How many were written anew.
    pub blessed: usize,
    /// How many the filter left out.
    pub left_out: usize,
}

/// What became of one case.
#[derive(Debug, Serialize)]
pub struct CaseReport {
    /// The package.
    pub package: PackageName,
    /// The tool.
    pub tool: ToolName,
    /// The name of its file without the ending.
    pub case: String,
    /// Its file.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub file: PathBuf,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It came out as expected.
    Passed,
    /// It did not.
    Failed {
        /// Each place that differs.
        differences: Vec<String>,
    },
    /// What came out was written into it.
    Blessed,
}

/// Runs the cases of the project in the folder `path`, or of every tool of the workspace there.
pub fn test(context: &Context<'_>, path: &Path, options: &TestOptions) -> Result<TestReport, OpsError> {
    let mut report = TestReport { cases: Vec::new(), passed: 0, failed: 0, blessed: 0, left_out: 0 };
    for project in build::projects(context, path, &options.build)? {
        let (files, left_out) = case::files(&project, options.filter.as_deref())?;
        report.left_out += left_out;
        if !files.is_empty() {
            report.cases.extend(project_cases(context, &project, files, options)?);
        }
    }
    let count = |is: fn(&Outcome) -> bool| report.cases.iter().filter(|case| is(&case.outcome)).count();
    report.passed = count(|outcome| *outcome == Outcome::Passed);
    report.blessed = count(|outcome| *outcome == Outcome::Blessed);
    report.failed = report.cases.len() - report.passed - report.blessed;
    Ok(report)
}

fn project_cases(
    context: &Context<'_>,
    project: &Project,
    files: Vec<CaseFile>,
    options: &TestOptions,
) -> Result<Vec<CaseReport>, OpsError> {
    let (package, _) = build::package(context, project, &options.build)?;
    let own = OwnHome::new()?;
    let file = own.keep(package)?;
    let run = |case: CaseFile| {
        let outcome = outcome(context, project, &own, &file, &case, options.bless)?;
        Ok(CaseReport { package: project.name.clone(), tool: case.tool, case: case.name, file: case.path, outcome })
    };
    files.into_iter().map(run).collect()
}

fn outcome(
    context: &Context<'_>,
    project: &Project,
    own: &OwnHome,
    package: &Path,
    file: &CaseFile,
    bless: bool,
) -> Result<Outcome, OpsError> {
    let case = Case::read(&file.path)?;
    own.forget()?;
    let wishes = case.grants.wishes(project, file, &own.folders())?;
    let request = ToolRequest {
        tool: Some(file.tool.as_str()),
        input: ToolInput(vec![case.arguments.to_string()]),
        permit: Permit { wishes, yes: true },
        goes_on: true,
        ..ToolRequest::default()
    };
    let found = own.with(context, |inside| call(inside, package, &request))?;
    let differences = differences(case.expected().as_ref(), &found);
    if differences.is_empty() {
        return Ok(Outcome::Passed);
    }
    if bless {
        let text = case::blessed(&file.path, &found)?;
        atomic_write::write(&file.path, text.as_bytes(), Readable::ByAll)?;
        return Ok(Outcome::Blessed);
    }
    Ok(Outcome::Failed { differences })
}

/// What came out of a call. What is wrong with this machine is no outcome of a case.
fn call(context: &Context<'_>, package: &Path, request: &ToolRequest<'_>) -> Result<Expected, OpsError> {
    let mut package = package_file::open_loose(context, package)?;
    let error =
        |code: Code, message: String| Expected::Error { code: code.to_string(), message: Some(message), value: None };
    Ok(match call_verified(context, &mut package, None, "./", request) {
        Ok(report) => match report.outcome.ending {
            Ending::Returned(result) => Expected::Result(result.unwrap_or_default()),
            Ending::ToolError(value) => {
                Expected::Error { code: codes::TOOL_ERROR.to_string(), message: None, value: Some(value) }
            }
            Ending::Trapped { code, message } | Ending::Limited { code, message } => error(code, message),
        },
        Err(problem) if matches!(problem.code().turn(), Turn::Host | Turn::Bug) => return Err(problem),
        Err(problem) => error(problem.code(), problem.message()),
    })
}

/// A case that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// It does not have the shape of a case.
    #[error("could not read the case `{}`: {problem}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A folder of cases for a tool that does not exist.
    #[error("could not run the cases in `{}`: `{package}` has no tool of that name, but {}", folder.display(), known.join(", "))]
    UnknownTool {
        /// The folder.
        folder: PathBuf,
        /// The package.
        package: PackageName,
        /// The tools that it has.
        known: Vec<String>,
    },
}

impl Coded for TestError {
    fn code(&self) -> Code {
        codes::TEST_CASE
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Malformed { .. } => {
                vec!["write { \"arguments\": { … } } and let it be filled in: mpp test --bless".to_owned()]
            }
            Self::UnknownTool { .. } => vec!["files that are no cases belong into tests/fixtures".to_owned()],
        }
    }
}
