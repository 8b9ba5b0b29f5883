//! `mpp run`: a tool of a package file or of a project, without installing it.
//!
//! A project is built first and runs because it is signed with the development key: there is no road around verification.

use super::{
    build::{self, BuildOptions},
    call::{CallReport, ToolRequest, call_verified},
};
use crate::{Context, Event, OpsError, package_file};
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

/// The word does not name a package.
#[derive(Debug, thiserror::Error)]
#[error("could not run `{0}`: expected a file ending in .mpp, or a folder written with a `/` or as `.`")]
pub struct NotAPackage(String);

impl Coded for NotAPackage {
    fn code(&self) -> Code {
        codes::USAGE
    }
    fn hints(&self) -> Vec<String> {
        vec![format!("mpp run {}/", self.0), format!("an installed package: mpp call {} TOOL", self.0)]
    }
}

/// Runs what `target` names: a `.mpp` file, a project folder, or the project in the context's folder.
pub fn run(context: &Context<'_>, target: Option<&str>, request: &ToolRequest<'_>) -> Result<RunReport, OpsError> {
    let file = package_path(context, target)?;
    let trust = package_file::trust_for_files(context)?;
    let mut package = package_file::open_verified(context, &file, &trust)?;
    let tools = package.tools()?.tools;
    if request.tool.is_none() && tools.len() != 1 {
        return Ok(RunReport::Tools(tools));
    }
    call_verified(context, &mut package, request).map(|report| RunReport::Called(Box::new(report)))
}

fn package_path(context: &Context<'_>, target: Option<&str>) -> Result<PathBuf, OpsError> {
    let target = target.unwrap_or(".");
    if target.ends_with(".mpp") {
        return Ok(PathBuf::from(target));
    }
    if !is_package_word(target) {
        return Err(NotAPackage(target.to_owned()).into());
    }
    let built = build::build(context, Path::new(target), &BuildOptions::default())?;
    let built = built.into_iter().next().ok_or_else(|| NotAPackage(target.to_owned()))?;
    (context.tell)(Event::Note(format!("built {}", built.file.display())));
    Ok(built.file)
}

/// Whether the first word after `run` is a package: it ends in `.mpp`, is `.` or holds a `/`.
pub fn is_package_word(word: &str) -> bool {
    word.ends_with(".mpp")
        || word == "."
        || word == ".."
        || word.contains('/')
        || word.contains(std::path::MAIN_SEPARATOR)
}
