//! Where the source came from, as git and the lock file say it, so that somebody else can build it again.

use crate::{
    BuildError, BuildOptions, Project,
    builder::Built,
    process::{Finished, run},
};
use mpp_schema::{Digest, manifest::Source};
use std::{ffi::OsStr, fs, io, path::Path, process::Command};

/// What the manifest says about the source of a build.
pub(crate) fn source(project: &Project, built: &Built, options: &BuildOptions) -> Result<Source, BuildError> {
    let manifest = project.manifest_path.file_name().unwrap_or_default();
    let checkout = Checkout::clean(&project.folder, manifest, &options.programs.git);
    let (commit, folder) = checkout.map_or((None, None), |checkout| (Some(checkout.commit), checkout.folder));
    Ok(Source {
        repository: project.repository.clone(),
        commit,
        folder,
        builder: project.builder().to_owned(),
        compiler: built.compiler.clone(),
        flags: built.flags.clone(),
        lockfile: built.lockfile.as_deref().map(lock_digest).transpose()?.flatten(),
        reproducible: built.reproducible,
        plugins: Vec::new(),
    })
}

fn lock_digest(path: &Path) -> Result<Option<Digest>, BuildError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Digest::of(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BuildError::io("reading", path)(error)),
    }
}

/// What the work tree around `folder` holds that is not committed, as `git status` writes it; nothing where there is no work tree, or no git.
pub fn uncommitted(folder: &Path, git: &Path) -> Vec<String> {
    // A folder that git ignores has no state of its own.
    let ignored = ask(folder, git, &["check-ignore", "--quiet", "."]).is_some();
    let state = if ignored { None } else { status(folder, git) };
    state.map(|state| state.stdout.lines().map(str::to_owned).collect()).unwrap_or_default()
}

fn status(folder: &Path, git: &Path) -> Option<Finished> {
    ask(folder, git, &["status", "--porcelain", "--untracked-files=normal"])
}

fn ask(folder: &Path, git: &Path, arguments: &[&str]) -> Option<Finished> {
    let mut command = Command::new(git);
    // A setting of the repository must not start a program of its own just because somebody asks for the state.
    command.args(["-c", "core.fsmonitor=false"]).args(arguments).current_dir(folder);
    run(&mut command).ok().filter(|finished| finished.success)
}

/// A work tree of git without any change.
struct Checkout {
    commit: String,
    folder: Option<String>,
}

impl Checkout {
    /// Nothing where git is not installed, where there is no work tree, or where a file differs from the commit.
    fn clean(folder: &Path, manifest: &OsStr, git: &Path) -> Option<Self> {
        let ask = |arguments: &[&str]| ask(folder, git, arguments);
        let state = status(folder, git)?;
        if !state.stdout.trim().is_empty() {
            return None;
        }
        // A folder that git ignores is clean without being part of the commit.
        ask(&["ls-files", "--error-unmatch", manifest.to_str()?])?;
        let commit = ask(&["rev-parse", "HEAD"])?.first_line()?.to_owned();
        let prefix = ask(&["rev-parse", "--show-prefix"])?;
        let folder = prefix.first_line().map(|prefix| prefix.trim_end_matches('/').to_owned());
        Some(Self { commit, folder })
    }
}
