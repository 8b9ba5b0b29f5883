//! Python by componentize-py, and JavaScript by jco with QuickJS: an interpreter, the modules, and the memory of an interpreter that has
//! read them, as one component.
//!
//! That memory is not the same twice, so packages say that they cannot be built again to the byte. What the interpreter would import of
//! WASI is stubbed where the manifest asks for nothing: a tool that only computes then imports nothing at all.

use super::{
    Builder, Built, Job,
    command::made,
    compiler::{self, compile},
};
use crate::{
    BuildError, Event,
    recipe::{Language, ScriptRecipe},
};
use std::{fs, process::Command};

/// The folder of Python modules.
const MODULES: &str = "src";

impl Builder for ScriptRecipe {
    fn build(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<Built, BuildError> {
        let compilers = match self.language {
            Language::Python => compiler::PYTHON,
            Language::JavaScript => compiler::JAVASCRIPT,
        };
        let (programs, folder) = (&job.options.programs, &job.project.folder);
        let found = compilers.iter().find_map(|compiler| compiler.find(programs, folder));
        let found = found.ok_or_else(|| compiler::missing(compilers))?;
        let made_folder = job.made_folder();
        fs::create_dir_all(&made_folder).map_err(BuildError::io("making folder", &made_folder))?;
        let output = made_folder.join("component.wasm");
        let _ = fs::remove_file(&output);
        let mut command = found.command(programs);
        command.current_dir(folder);
        let stubbed = job.project.metadata.permissions.is_empty();
        let flags = match self.language {
            Language::Python => self.python(&mut command, job, stubbed),
            Language::JavaScript => self.javascript(&mut command, job, stubbed),
        };
        compile(command.arg("-o").arg(&output), &job.project.name, events)?;
        let lockfile = ["requirements.txt", "package-lock.json"].map(|name| folder.join(name));
        Ok(Built {
            component: made(&output, "component.wasm", job)?,
            compiler: Some(named(self.language, &found.version)),
            flags: flags.into_iter().map(str::to_owned).collect(),
            lockfile: lockfile.into_iter().find(|path| path.is_file()),
            reproducible: false,
        })
    }
}

fn named(language: Language, version: &str) -> String {
    match language {
        // It says its own name.
        Language::Python => version.to_owned(),
        Language::JavaScript => format!("jco {version}"),
    }
}

impl ScriptRecipe {
    fn python(&self, command: &mut Command, job: &Job<'_>, stubbed: bool) -> Vec<&'static str> {
        command.arg("-d").arg(job.project.wit_folder());
        if let Some(world) = &job.project.metadata.world {
            command.args(["-w", world]);
        }
        // The modules are read, and nothing is written beside them.
        command.env("PYTHONDONTWRITEBYTECODE", "1").args(["componentize", &self.entry, "-p", MODULES]);
        let flags = if stubbed { vec!["--stub-wasi"] } else { Vec::new() };
        command.args(&flags);
        flags
    }

    fn javascript(&self, command: &mut Command, job: &Job<'_>, stubbed: bool) -> Vec<&'static str> {
        // jco looks for a relative file in two ways, which do not agree.
        command
            .arg("componentize")
            .arg(job.project.folder.join(&self.entry))
            .arg("--wit")
            .arg(job.project.wit_folder());
        if let Some(world) = &job.project.metadata.world {
            command.args(["-n", world]);
        }
        let mut flags = vec!["--backend", "qjs", "--backend-qjs-disable-async"];
        if stubbed {
            flags.push("--backend-qjs-stub-wasi");
        }
        command.args(&flags);
        flags
    }
}
