//! `mpp check`: everything that a build would refuse, found without making code. Nothing is written beside what the compiler keeps.

use super::build::{self, BuildOptions};
use crate::{Context, Event, OpsError};
use mpp_build::{Event as BuildEvent, Project};
use mpp_schema::{PackageName, ToolName, Version};
use serde::Serialize;
use std::path::Path;

/// A project in which nothing was found that a build would refuse.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tools that its WIT declares.
    pub tools: Vec<ToolName>,
    /// Things that the author should know.
    pub warnings: Vec<String>,
}

/// Checks the project in the folder `path`, or every tool of the workspace there.
pub fn check(context: &Context<'_>, path: &Path, options: &BuildOptions) -> Result<Vec<CheckReport>, OpsError> {
    build::projects(context, path, options)?.iter().map(|project| check_one(context, project, options)).collect()
}

fn check_one(context: &Context<'_>, project: &Project, options: &BuildOptions) -> Result<CheckReport, OpsError> {
    let mut warnings = Vec::new();
    let tools = mpp_build::examine(project, &build::how(options), &mut |event| match event {
        BuildEvent::Warning { text } => warnings.push(text),
        other => build::tell(context, other),
    });
    (context.tell)(Event::Finished);
    Ok(CheckReport {
        name: project.name.clone(),
        version: project.version.clone(),
        tools: tools?.tools.into_iter().map(|tool| tool.name).collect(),
        warnings,
    })
}
