//! C, compiled by `zig cc` or clang for WASI, and made a component here: both compilers give a core module.
//!
//! The bindings are made from the WIT text and lie below the target folder. Paths of this machine stay out of the bytes.

use super::{
    Builder, Built, Job,
    compiler::{self, Found, compile},
};
use crate::{BuildError, Event, documents, recipe::CRecipe};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_bindgen_core::Files;

/// What decides about the bytes beside the source. A reactor has no `main`: its functions are called.
const FLAGS: &[&str] = &["--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-g0", "-Wl,--strip-all"];

/// Where C files lie when the manifest names none.
const SOURCES: &str = "src";

impl Builder for CRecipe {
    fn build(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<Built, BuildError> {
        let (zig, clang) = (&compiler::C[0], &compiler::C[1]);
        let (programs, folder) = (&job.options.programs, &job.project.folder);
        let (found, word) = match (zig.find(programs, folder), clang) {
            (Some(zig), _) => (zig, Some("cc")),
            (None, clang) => {
                let found = clang.find(programs, folder).ok_or_else(|| compiler::missing(compiler::C))?;
                (found, None)
            }
        };
        let made = job.made_folder();
        let bindings = bindings(job, &made)?;
        let module = made.join("module.wasm");
        let mut command = found.command(programs);
        command.args(word).args(FLAGS).current_dir(folder);
        remap(&mut command, folder, &made);
        command.arg("-I").arg(&made).args(self.sources(folder)?).args(&bindings).arg("-o").arg(&module);
        compile(&mut command, &job.project.name, events)?;
        let module = fs::read(&module).map_err(BuildError::io("reading", &module))?;
        Ok(Built {
            component: mpp_wit::componentize(&module, (WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter(job)))?,
            compiler: Some(named(&found, word.is_some())),
            flags: FLAGS.iter().map(|flag| (*flag).to_owned()).collect(),
            lockfile: None,
            reproducible: true,
        })
    }
}

fn named(found: &Found, is_zig: bool) -> String {
    if is_zig { format!("zig {}", found.version) } else { found.version.clone() }
}

impl CRecipe {
    /// Relative to the project, in a fixed order, because the linker keeps it.
    fn sources(&self, folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
        if !self.sources.is_empty() {
            return Ok(self.sources.iter().map(PathBuf::from).collect());
        }
        let entries =
            fs::read_dir(folder.join(SOURCES)).map_err(BuildError::io("reading folder", folder.join(SOURCES)))?;
        let mut sources = Vec::new();
        for entry in entries {
            let name = PathBuf::from(entry.map_err(BuildError::io("reading folder", folder))?.file_name());
            if name.extension().is_some_and(|extension| extension == "c") {
                sources.push(Path::new(SOURCES).join(name));
            }
        }
        sources.sort();
        Ok(sources)
    }
}

/// Folders of this machine get the names that they have in every build.
fn remap(command: &mut Command, folder: &Path, made: &Path) {
    for (from, to) in [(folder, "/source"), (made, "/bindings")] {
        command.arg(format!("-ffile-prefix-map={}={to}", from.display()));
    }
}

/// The smaller adapter knows neither files nor variables, so that a `printf` does not ask for folders.
fn adapter(job: &Job<'_>) -> &'static [u8] {
    let permissions = &job.project.metadata.permissions;
    if permissions.folders.is_empty() && permissions.env.is_empty() {
        WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER
    } else {
        WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
    }
}

/// Writes the bindings into `made`, and gives those of their files that are compiled.
fn bindings(job: &Job<'_>, made: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let wit = documents::wit_folder(job.project)?;
    let (mut resolve, world) = wit.select(job.project.metadata.world.as_deref())?;
    let mut files = Files::default();
    let generated = wit_bindgen_c::Opts::default().build().generate(&mut resolve, world, &mut files);
    generated.map_err(|error| {
        let (package, diagnostics) = (job.project.name.clone(), vec![format!("bindings for C: {error:#}")]);
        BuildError::Failed { package, diagnostics }
    })?;
    fs::create_dir_all(made).map_err(BuildError::io("making folder", made))?;
    let mut compiled = Vec::new();
    for (name, bytes) in files.iter() {
        let path = made.join(name);
        fs::write(&path, bytes).map_err(BuildError::io("writing", &path))?;
        if path.extension().is_some_and(|extension| extension == "c" || extension == "o") {
            compiled.push(path);
        }
    }
    Ok(compiled)
}
