//! The programs that a build runs, by name or by path.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// The programs that a build runs. By default each is looked up on the `PATH`, where rustup's stand-ins choose the toolchain of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// `cargo`.
    pub cargo: PathBuf,
    /// `rustc`; must be the one that `cargo` runs.
    pub rustc: PathBuf,
    /// `rustup`, which installs the target when it is missing.
    pub rustup: PathBuf,
    /// `git`, which says what commit the source is; not needed to build.
    pub git: PathBuf,
    /// Where all other compilers and builders are looked for, in place of the `PATH` of this process.
    pub path: Option<OsString>,
}

impl Default for Programs {
    fn default() -> Self {
        Self { cargo: "cargo".into(), rustc: "rustc".into(), rustup: "rustup".into(), git: "git".into(), path: None }
    }
}

impl Programs {
    /// A compiler or builder that has no field of its own.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }
}
