//! `mpp new` and `mpp init`: a tool from a template, or from the cargo package that is there.

use crate::{Context, OpsError};
use mpp_schema::{Ident, PackageName};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the new tool is called.
#[derive(Debug)]
pub struct NewOptions {
    /// The template.
    pub template: String,
    /// The namespace; a placeholder where nothing is given.
    pub namespace: Option<Ident>,
    /// The name; that of the folder where nothing is given.
    pub name: Option<Ident>,
}

/// A project that was made.
#[derive(Debug, Serialize)]
pub struct NewReport {
    /// Its folder.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub folder: PathBuf,
    /// `namespace:name`.
    pub package: PackageName,
    /// The files that were written, relative to the folder.
    pub files: Vec<String>,
    /// The command that is tried first.
    #[serde(skip)]
    pub next: String,
}

/// Namespace of projects that were not told theirs.
const LOCAL_NAMESPACE: &str = "local";

/// Makes a project in the folder `path`, which must not hold anything yet.
pub fn new(context: &Context<'_>, path: &Path, options: &NewOptions) -> Result<NewReport, OpsError> {
    let folder = context.path(path);
    let name = match &options.name {
        Some(name) => name.clone(),
        None => name_of(&folder)?,
    };
    let template = mpp_build::template(&options.template)?;
    let made = mpp_build::new::create(template, &folder, &PackageName::new(namespace(options)?, name))?;
    Ok(NewReport { folder: made.folder, package: made.package, files: made.files, next: template.next() })
}

/// Turns the cargo package in the folder `path` into a tool: what it lacks is added, nothing that is there is changed.
pub fn init(context: &Context<'_>, path: &Path, namespace: Option<&Ident>) -> Result<InitReport, OpsError> {
    let local = LOCAL_NAMESPACE.parse()?;
    let plan = mpp_build::init::plan(&context.path(path), namespace.unwrap_or(&local))?;
    plan.carry_out()?;
    let files = plan.writes.iter().map(|(path, _)| path.display().to_string()).collect();
    Ok(InitReport {
        made: NewReport { folder: plan.folder, package: plan.package, files, next: "run".to_owned() },
        remaining: plan.remaining,
    })
}

/// A cargo package that became a tool.
#[derive(Debug, Serialize)]
pub struct InitReport {
    /// What was written.
    #[serde(flatten)]
    pub made: NewReport,
    /// What is left to the author, one sentence each.
    pub remaining: Vec<String>,
}

fn namespace(options: &NewOptions) -> Result<Ident, OpsError> {
    match &options.namespace {
        Some(namespace) => Ok(namespace.clone()),
        None => Ok(LOCAL_NAMESPACE.parse()?),
    }
}

fn name_of(folder: &Path) -> Result<Ident, OpsError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().replace('_', "-").to_lowercase();
    name.parse::<Ident>().map_err(|error| OpsError::from(error).hint("give it a name: mpp new PATH --name my-tool"))
}
