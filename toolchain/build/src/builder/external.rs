//! `mpp-build-<name>`: a builder that somebody else wrote. It is told what to build in one JSON object on its standard input, and answers
//! with lines of JSON. `spec/project.md`, PROJ-45, is its contract.

use super::{Builder, Built, Job, command::made, compiler::compile};
use crate::{BuildError, CompilerLevel, Event, recipe::ExternalRecipe};
use serde::{Deserialize, Serialize};
use std::{fs, io::ErrorKind, path::Path};

/// The version of the contract.
const PROTOCOL: u32 = 1;

/// What the builder is told.
#[derive(Serialize)]
struct Request<'a> {
    protocol: u32,
    name: String,
    version: String,
    folder: &'a Path,
    wit: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<&'a str>,
    output: &'a Path,
    offline: bool,
    locked: bool,
    settings: &'a mpp_schema::project::Build,
}

/// What the builder says, one object on a line.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Said {
    Message {
        #[serde(default)]
        level: Level,
        text: String,
    },
    Built {
        #[serde(default)]
        compiler: Option<String>,
        #[serde(default)]
        flags: Vec<String>,
        #[serde(default)]
        lockfile: Option<String>,
        #[serde(default)]
        reproducible: bool,
    },
    /// What a later version of the contract may say.
    #[serde(other)]
    Other,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    Error,
    Warning,
    #[default]
    Note,
}

impl Builder for ExternalRecipe {
    fn build(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<Built, BuildError> {
        let program = format!("mpp-build-{}", self.name);
        let made_folder = job.made_folder();
        fs::create_dir_all(&made_folder).map_err(BuildError::io("making folder", &made_folder))?;
        let output = made_folder.join("component.wasm");
        let _ = fs::remove_file(&output);
        let request = self.request(job, &output)?;
        let input = made_folder.join("request.json");
        fs::write(&input, request).map_err(BuildError::io("writing", &input))?;

        let mut command = job.options.programs.command(Path::new(&program));
        let stdin = fs::File::open(&input).map_err(BuildError::io("reading", &input))?;
        let finished = compile(command.current_dir(&job.project.folder).stdin(stdin), &job.project.name, events);
        let finished = finished.map_err(|error| match error {
            BuildError::Program { source, .. } if source.kind() == ErrorKind::NotFound => self.unknown(job),
            other => other,
        })?;
        let mut built = None;
        for line in finished.stdout.lines().filter(|line| !line.trim().is_empty()) {
            let said = serde_json::from_str(line).map_err(|error| {
                let found = format!("a line that is no event of the builder protocol ({error}): {line}");
                BuildError::Artifact { package: job.project.name.clone(), found }
            })?;
            match said {
                Said::Message { level, text } => events(message(level, text)),
                Said::Built { .. } => built = Some(said),
                Said::Other => {}
            }
        }
        let Some(Said::Built { compiler, flags, lockfile, reproducible }) = built else {
            let found = format!("no event `built` from `{program}`");
            return Err(BuildError::Artifact { package: job.project.name.clone(), found });
        };
        let component = made(&output, "component.wasm", job)?;
        let lockfile = lockfile.map(|path| job.project.folder.join(path));
        Ok(Built { component, compiler, flags, lockfile, reproducible })
    }
}

fn message(level: Level, rendered: String) -> Event {
    let level = match level {
        Level::Error => CompilerLevel::Error,
        Level::Warning => CompilerLevel::Warning,
        Level::Note => CompilerLevel::Note,
    };
    Event::CompilerMessage { level, rendered }
}

impl ExternalRecipe {
    fn request(&self, job: &Job<'_>, output: &Path) -> Result<String, BuildError> {
        let project = job.project;
        let request = Request {
            protocol: PROTOCOL,
            name: project.name.to_string(),
            version: project.version.to_string(),
            folder: &project.folder,
            wit: &project.wit_folder(),
            world: project.metadata.world.as_deref(),
            output,
            offline: job.options.offline,
            locked: job.options.locked,
            settings: &self.settings,
        };
        serde_json::to_string(&request).map_err(|error| BuildError::io("writing", output)(error.into()))
    }

    fn unknown(&self, job: &Job<'_>) -> BuildError {
        BuildError::Builder { file: job.project.manifest_path.clone(), builder: self.name.to_string() }
    }
}
