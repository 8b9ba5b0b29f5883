//! From a project to the contents of a package: build, describe, check.
//!
//! Nothing is packed, signed or written: the contents are values, and who calls decides where the file goes.

use crate::{
    BuildError, Event, Programs, Project, Step,
    builder::{self, Built},
    check::{check, check_tool_names},
    documents, source,
};
use mpp_package::pack::Contents;
use mpp_schema::{
    FormatVersion,
    manifest::{Kind, Limits, Manifest},
};
use mpp_wit::{ToolSet, WitFolder};
use std::{collections::BTreeMap, path::PathBuf};

/// How to build. The profile is always the release profile.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Use nothing but crates that were fetched before.
    pub offline: bool,
    /// Refuse to change the lock file.
    pub locked: bool,
    /// Let the compiler colour its messages.
    pub colour: bool,
    /// Where the builder works, when it is not to be the project's usual target folder: `verify --rebuild` must not take what lies there.
    pub target_folder: Option<PathBuf>,
    /// The programs to run.
    pub programs: Programs,
}

/// Builds `project`, installing the wasm target when it is missing.
pub fn build(project: &Project, options: &BuildOptions, events: &mut dyn FnMut(Event)) -> Result<Contents, BuildError> {
    let built = step(project, Step::Build, events, |events| builder::build(project, options, events))?;
    let (wit, tools) = step(project, Step::Describe, events, |events| describe(project, events))?;
    step(project, Step::Check, events, |_| check(project, &tools, &built.component))?;
    contents(project, options, built, wit, &tools)
}

/// Says that a step begins, runs it, and says that it ended well.
pub(crate) fn step<T>(
    project: &Project,
    step: Step,
    events: &mut dyn FnMut(Event),
    run: impl FnOnce(&mut dyn FnMut(Event)) -> Result<T, BuildError>,
) -> Result<T, BuildError> {
    let package = project.name.clone();
    events(Event::StepStarted { package: package.clone(), step });
    let done = run(events)?;
    events(Event::StepFinished { package, step });
    Ok(done)
}

pub(crate) fn describe(project: &Project, events: &mut dyn FnMut(Event)) -> Result<(WitFolder, ToolSet), BuildError> {
    let wit = documents::wit_folder(project)?;
    let tools = ToolSet::from_wit(&wit, project.metadata.world.as_deref())?;
    check_tool_names(project, &tools)?;
    for text in tools.warnings() {
        events(Event::Warning { text });
    }
    Ok((wit, tools))
}

fn contents(
    project: &Project,
    options: &BuildOptions,
    built: Built,
    wit: WitFolder,
    tools: &ToolSet,
) -> Result<Contents, BuildError> {
    Ok(Contents {
        manifest: manifest(project, options, &built, tools)?,
        component: built.component,
        tools: tools.tools_file(),
        wit: wit.files,
        readme: documents::readme(project)?,
        license_text: documents::licence(project)?,
        sbom: None,
        extra: BTreeMap::new(),
    })
}

fn manifest(project: &Project, options: &BuildOptions, built: &Built, tools: &ToolSet) -> Result<Manifest, BuildError> {
    let metadata = &project.metadata;
    Ok(Manifest {
        mpp: FormatVersion::CURRENT,
        kind: metadata.kind.unwrap_or(Kind::Tool),
        name: project.name.clone(),
        version: project.version.clone(),
        description: project.description.clone(),
        license: project.license.clone(),
        homepage: project.homepage.clone(),
        world: tools.world().to_owned(),
        trust: project.trust(),
        permissions: metadata.permissions.clone(),
        tools: metadata.tools.clone(),
        agents: metadata.agents.clone(),
        limits: metadata.limits.clone().filter(|limits| *limits != Limits::default()),
        privacy: metadata.privacy.clone(),
        source: source::source(project, built, options)?,
        // The packer knows sizes and digests.
        entries: Vec::new(),
    })
}
