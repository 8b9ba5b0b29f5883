//! A program of the project's own choice: it runs in the project's folder, and leaves a component where the manifest says.
//!
//! Nothing is known about what it does, so its packages never claim that they can be built again.

use super::{Builder, Built, Job, compiler::compile};
use crate::{BuildError, Event, recipe::CommandRecipe};
use std::{fs, io, path::Path};

impl Builder for CommandRecipe {
    fn build(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<Built, BuildError> {
        let output = job.project.folder.join(&self.output);
        remove(&output)?;
        // A program of the project comes with a path; others are looked up.
        let local = job.project.folder.join(&self.program);
        let program = if self.program.contains('/') { local.as_path() } else { Path::new(&self.program) };
        let mut command = job.options.programs.command(program);
        compile(command.args(&self.arguments).current_dir(&job.project.folder), &job.project.name, events)?;
        Ok(Built {
            component: made(&output, &self.output, job)?,
            compiler: None,
            flags: [&self.program].into_iter().chain(&self.arguments).cloned().collect(),
            lockfile: None,
            reproducible: false,
        })
    }
}

/// What an earlier run left must not be taken for what this one made.
fn remove(output: &Path) -> Result<(), BuildError> {
    match fs::remove_file(output) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BuildError::io("removing", output)(error)),
        _ => Ok(()),
    }
}

/// The component that a program left at `path`, which people know as `shown`.
pub(super) fn made(path: &Path, shown: &str, job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            BuildError::Artifact { package: job.project.name.clone(), found: format!("no file `{shown}`") }
        }
        _ => BuildError::io("reading", path)(error),
    })
}
