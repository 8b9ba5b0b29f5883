//! Who makes the component. Each builder runs a compiler that people know and takes what it made; nothing that it generates lands beside
//! the source.
//!
//! What a builder must be like is the trait; which one a project has, its [`Recipe`] says. Rules PROJ-40 and following.

mod c;
mod cargo;
mod command;
mod compiler;
mod external;
mod flags;
mod script;

use crate::{BuildError, BuildOptions, Event, Project, recipe::Recipe};
use std::path::PathBuf;

pub use compiler::{BuilderState, builders};

/// Makes components of one kind of source.
pub(crate) trait Builder {
    /// Builds the component. What it says meanwhile goes to `events`.
    fn build(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<Built, BuildError>;

    /// Lets the compiler look at the source without making code of it. Nothing, where a compiler cannot do that.
    fn check(&self, _: &Job<'_>, _: &mut dyn FnMut(Event)) -> Result<(), BuildError> {
        Ok(())
    }
}

/// What is to be built, and how.
pub(crate) struct Job<'a> {
    pub(crate) project: &'a Project,
    pub(crate) options: &'a BuildOptions,
}

impl Job<'_> {
    /// A folder for what this builder generates, below the target folder.
    fn made_folder(&self) -> PathBuf {
        let target = self.options.target_folder.as_ref().unwrap_or(&self.project.target_folder);
        target.join("mpp/build").join(self.project.name.name().as_str())
    }
}

/// What a builder made.
#[derive(Debug)]
pub(crate) struct Built {
    /// The component.
    pub(crate) component: Vec<u8>,
    /// `rustc 1.95.0 (…)`.
    pub(crate) compiler: Option<String>,
    /// What decided about the bytes, without any path of this machine.
    pub(crate) flags: Vec<String>,
    /// The file that pins what the source uses, where there is one.
    pub(crate) lockfile: Option<PathBuf>,
    /// Whether the same source gives the same bytes in another folder.
    pub(crate) reproducible: bool,
}

/// Builds the component of `project`.
pub(crate) fn build(
    project: &Project,
    options: &BuildOptions,
    events: &mut dyn FnMut(Event),
) -> Result<Built, BuildError> {
    of(project).build(&Job { project, options }, events)
}

/// Checks the source of `project`, as far as its compiler can without building.
pub(crate) fn check(
    project: &Project,
    options: &BuildOptions,
    events: &mut dyn FnMut(Event),
) -> Result<(), BuildError> {
    of(project).check(&Job { project, options }, events)
}

fn of(project: &Project) -> &dyn Builder {
    match &project.recipe {
        Recipe::Cargo(recipe) => recipe,
        Recipe::C(recipe) => recipe,
        Recipe::Script(recipe) => recipe,
        Recipe::Command(recipe) => recipe,
        Recipe::External(recipe) => recipe,
    }
}
