//! `mpp new` and `mpp init`: a tool from a template, or from the cargo package that is there.

use crate::{Context, OpsError};
use mpp_build::{Programs, TemplateOrigin};
use mpp_schema::{Ident, PackageName};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the new tool is made from and what it is called.
#[derive(Debug)]
pub struct NewOptions {
    /// The template: its name, a folder, or the address of a git repository.
    pub template: String,
    /// The namespace; a placeholder where nothing is given.
    pub namespace: Option<Ident>,
    /// The name; that of the folder where nothing is given.
    pub name: Option<Ident>,
    /// What happens where a namespace is not given.
    pub names: Names,
}

/// What happens where nobody said what the new tool is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// A person at a terminal is asked.
    Ask,
    /// The defaults are taken.
    AcceptDefaults,
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
    let origin = TemplateOrigin::from(options.template.as_str());
    let template = origin.read(&context.folder, &Programs::default())?;
    let made = mpp_build::new::create(&template, &folder, &package_name(context, &folder, options)?)?;
    Ok(NewReport { folder: made.folder, package: made.package, files: made.files, next: template.next().to_owned() })
}

/// What was given, else what a person types, else the defaults. Whoever gave a namespace is asked nothing.
fn package_name(context: &Context<'_>, folder: &Path, options: &NewOptions) -> Result<PackageName, OpsError> {
    let ask = options.names == Names::Ask && options.namespace.is_none() && context.terminal.is_there();
    let namespace = match &options.namespace {
        Some(namespace) => namespace.clone(),
        None if ask => asked(context, "Namespace to publish under later", LOCAL_NAMESPACE.parse()?)?,
        None => LOCAL_NAMESPACE.parse()?,
    };
    let name = match &options.name {
        Some(name) => name.clone(),
        None if ask => asked(context, "Name of the package", name_of(folder)?)?,
        None => name_of(folder)?,
    };
    Ok(PackageName::new(namespace, name))
}

/// A name from the terminal; an empty line is the default.
fn asked(context: &Context<'_>, question: &str, default: Ident) -> Result<Ident, OpsError> {
    match context.terminal.ask("", &format!("{question} [{default}]: ")).as_deref().map(str::trim) {
        None | Some("") => Ok(default),
        Some(typed) => Ok(typed.parse()?),
    }
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

fn name_of(folder: &Path) -> Result<Ident, OpsError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().replace('_', "-").to_lowercase();
    name.parse::<Ident>().map_err(|error| OpsError::from(error).hint("give it a name: mpp new PATH --name my-tool"))
}
