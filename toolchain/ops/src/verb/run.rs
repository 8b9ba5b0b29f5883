//! `mpp run`: a tool of a package file or of a project, without installing it.
//!
//! A project is built first and runs because it is signed with the development key: there is no road around verification.

use super::{
    build::{self, BuildOptions},
    call::{self, CallReport, DryRun, ToolRequest, call_verified},
};
use crate::{Context, OpsError, package_file};
use mpp_schema::{Code, Coded, codes, tools::ToolDefinition};
use std::path::{Path, PathBuf};

/// A run, or the list of tools when none was named and there are several.
#[derive(Debug)]
pub enum RunReport {
    /// A tool ran.
    Called(Box<CallReport>),
    /// The package has several tools.
    Tools(Vec<ToolDefinition>),
}

/// Runs what `target` names: a `.mpp` file, a project folder, or the project in the context's folder.
pub fn run(context: &Context<'_>, target: Option<&str>, request: &ToolRequest<'_>) -> Result<RunReport, OpsError> {
    let file = package_path(context, target, request.tool)?;
    let mut package = package_file::open_loose(context, &file)?;
    let tools = package.tools()?.tools;
    if request.tool.is_none() && tools.len() != 1 {
        return Ok(RunReport::Tools(tools));
    }
    let target = target.unwrap_or("./");
    call_verified(context, &mut package, None, target, request).map(|report| RunReport::Called(Box::new(report)))
}

/// What such a run would be allowed to do, and why.
pub fn dry_run(context: &Context<'_>, target: Option<&str>, request: &ToolRequest<'_>) -> Result<DryRun, OpsError> {
    let file = package_path(context, target, request.tool)?;
    let mut package = package_file::open_loose(context, &file)?;
    call::dry_run_verified(context, &mut package, None, target.unwrap_or("./"), request)
}

pub(crate) fn package_path(
    context: &Context<'_>,
    target: Option<&str>,
    tool: Option<&str>,
) -> Result<PathBuf, OpsError> {
    let target = target.unwrap_or(".");
    if target.ends_with(".mpp") {
        return Ok(PathBuf::from(target));
    }
    let options = BuildOptions::default();
    let projects = build::projects(context, Path::new(target), &options);
    let projects = projects.map_err(|error| meant_a_folder(context, tool, error))?;
    match projects.as_slice() {
        [project] => Ok(build::build_project(context, project, &options)?.file),
        several => Err(SeveralTools(build::folders(several)).into()),
    }
}

/// The first word was taken for a tool; when a folder has that name, it may have been meant.
fn meant_a_folder(context: &Context<'_>, tool: Option<&str>, error: OpsError) -> OpsError {
    match tool.filter(|tool| context.path(Path::new(tool)).is_dir()) {
        Some(folder) => error.hint(format!("a folder is written with a slash: mpp run {folder}/")),
        None => error,
    }
}

/// The workspace has several packages with tools.
#[derive(Debug, thiserror::Error)]
#[error("could not choose what to run: the workspace has the tools in {}", .0.join(", "))]
pub struct SeveralTools(Vec<String>);

impl Coded for SeveralTools {
    fn code(&self) -> Code {
        codes::USAGE
    }
    fn hints(&self) -> Vec<String> {
        self.0.iter().map(|folder| format!("mpp run {folder}/")).collect()
    }
}

/// Whether the first word after `run` is a package: it ends in `.mpp`, is `.` or holds a `/`.
pub fn is_package_word(word: &str) -> bool {
    word.ends_with(".mpp")
        || word == "."
        || word == ".."
        || word.contains('/')
        || word.contains(std::path::MAIN_SEPARATOR)
}
