//! `mpp build`: from a project to a package file signed with this home's development key.

use crate::{
    Context, Event, OpsError,
    atomic_write::{self, Readable},
    plugins,
};
use mpp_build::{CompilerLevel, Event as BuildEvent, Project, Step};
use mpp_package::{
    key::SecretKey,
    pack::{Package, pack},
};
use mpp_schema::{Code, Coded, Digest, PackageName, Version, codes};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How to build.
#[derive(Debug, Default, Clone)]
pub struct BuildOptions {
    /// Only this package of a workspace.
    pub package: Option<String>,
    /// Refuse to change the lock file.
    pub locked: bool,
    /// Refuse to use the network.
    pub offline: bool,
}

/// A package file that was made.
#[derive(Debug, Serialize)]
pub struct BuildReport {
    /// The file.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub file: PathBuf,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Package digest.
    pub digest: Digest,
    /// Size of the file in bytes.
    pub size: u64,
    /// Things that the author should know.
    pub warnings: Vec<String>,
}

/// Builds the project in the folder `path`, or every tool of the workspace there.
pub fn build(context: &Context<'_>, path: &Path, options: &BuildOptions) -> Result<Vec<BuildReport>, OpsError> {
    projects(context, path, options)?.iter().map(|project| build_project(context, project, options)).collect()
}

/// Builds one project, signed with the development key. It is made when there is none, but not before there is something to build.
pub(crate) fn build_project(
    context: &Context<'_>,
    project: &Project,
    options: &BuildOptions,
) -> Result<BuildReport, OpsError> {
    let (development, made) = context.home.development_key()?;
    if made {
        (context.tell)(Event::Note("made a development key; what it signs runs in this home only".to_owned()));
    }
    build_one(context, project, options, &development)
}

fn build_one(
    context: &Context<'_>,
    project: &Project,
    options: &BuildOptions,
    development: &SecretKey,
) -> Result<BuildReport, OpsError> {
    let (package, warnings) = package(context, project, options)?;
    let signed = package.sign_for_development(development)?;
    let file = project.package_file();
    atomic_write::write(&file, signed.bytes(), Readable::ByAll)?;
    let manifest = signed.manifest();
    Ok(BuildReport {
        file,
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: signed.digest(),
        size: signed.bytes().len() as u64,
        warnings,
    })
}

/// Where the projects are, as a command takes it.
pub(crate) fn folders(projects: &[Project]) -> Vec<String> {
    projects.iter().map(|project| project.folder.display().to_string()).collect()
}

/// The projects that `path` and the options name.
pub(crate) fn projects(context: &Context<'_>, path: &Path, options: &BuildOptions) -> Result<Vec<Project>, OpsError> {
    let mut projects = mpp_build::projects(&context.path(path))?;
    if let Some(wanted) = &options.package {
        let there = projects.iter().map(|project| project.name.name().to_string()).collect();
        projects.retain(|project| project.name.name().as_str() == wanted);
        if projects.is_empty() {
            return Err(NoSuchProject { wanted: wanted.clone(), there }.into());
        }
    }
    Ok(projects)
}

/// The workspace has no package of that name.
#[derive(Debug, thiserror::Error)]
#[error("could not find the package `{wanted}` in this workspace: it has {}", there.join(", "))]
pub struct NoSuchProject {
    wanted: String,
    there: Vec<String>,
}

impl Coded for NoSuchProject {
    fn code(&self) -> Code {
        codes::BUILD_METADATA
    }
    fn hints(&self) -> Vec<String> {
        self.there.iter().map(|name| format!("mpp build --package {name}")).collect()
    }
}

/// Compiles, describes, checks and packs one project; nothing is signed. Gives the package and what its author should know.
pub(crate) fn package(
    context: &Context<'_>,
    project: &Project,
    options: &BuildOptions,
) -> Result<(Package, Vec<String>), OpsError> {
    let mut warnings = Vec::new();
    let contents = mpp_build::build(project, &how(options), &mut |event| match event {
        BuildEvent::Warning { text } => warnings.push(text),
        other => tell(context, other),
    });
    (context.tell)(Event::Finished);
    let mut contents = contents?;
    warnings.extend(plugins::take_part(context, project, options, &mut contents)?);
    Ok((pack(contents)?, warnings))
}

/// The options as the builder takes them.
pub(crate) fn how(options: &BuildOptions) -> mpp_build::BuildOptions {
    mpp_build::BuildOptions { locked: options.locked, offline: options.offline, ..Default::default() }
}

/// Shows what a builder says.
pub(crate) fn tell(context: &Context<'_>, event: BuildEvent) {
    (context.tell)(match event {
        BuildEvent::StepStarted { package, step } => Event::Started { step: word(step), what: package.to_string() },
        BuildEvent::Compiled { name, done, total, .. } => Event::Advanced { what: name, done, total },
        BuildEvent::CompilerMessage { level: CompilerLevel::Warning, rendered } => Event::Compiler(rendered),
        BuildEvent::TargetInstalling { target, toolchain } => {
            Event::Note(format!("installing the compiler target {target} for the toolchain {toolchain}"))
        }
        _ => return,
    });
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Build => "compiling",
        Step::Describe => "describing",
        Step::Check => "checking",
    }
}
