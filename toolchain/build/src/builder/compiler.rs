//! Compilers that a machine may have, each in several ways: which one is there, what it says about itself, and how to install it.

use crate::{BuildError, CompilerLevel, Event, Programs, process, process::Finished};
use mpp_schema::PackageName;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A compiler and the ways in which it may be called, the best one first.
#[derive(Debug)]
pub(crate) struct Compiler {
    /// The builder that needs it.
    pub(crate) builder: &'static str,
    /// Programs with their first arguments.
    pub(crate) ways: &'static [&'static [&'static str]],
    /// The argument after which it says what it is.
    pub(crate) version: &'static str,
    /// The command that installs it.
    pub(crate) install: &'static str,
}

/// For C: the only part of this list that has more than one compiler. Each brings a libc for WASI or finds the system's.
pub(crate) const C: &[Compiler] = &[
    Compiler {
        builder: "c",
        ways: &[&["zig"], &["python3", "-m", "ziglang"], &["python", "-m", "ziglang"]],
        version: "version",
        install: "pip install ziglang",
    },
    Compiler {
        builder: "c",
        ways: &[&["clang"]],
        version: "--version",
        install: "apt install clang lld wasi-libc libclang-rt-dev-wasm32",
    },
];

pub(crate) const PYTHON: &[Compiler] = &[Compiler {
    builder: "componentize-py",
    ways: &[&["componentize-py"]],
    version: "--version",
    install: "pip install componentize-py",
}];

/// npm puts programs beside a project, or where the machine finds them.
pub(crate) const JAVASCRIPT: &[Compiler] = &[Compiler {
    builder: "jco",
    ways: &[&["node_modules/.bin/jco"], &["jco"]],
    version: "--version",
    install: "npm install -g @bytecodealliance/jco",
}];

/// A compiler that answered.
#[derive(Debug)]
pub(crate) struct Found {
    words: Vec<PathBuf>,
    /// What it said about itself.
    pub(crate) version: String,
}

impl Found {
    /// The compiler, to be given its arguments.
    pub(crate) fn command(&self, programs: &Programs) -> Command {
        let mut words = self.words.iter();
        let mut command = programs.command(words.next().map_or(Path::new(""), PathBuf::as_path));
        command.args(words);
        command
    }
}

impl Compiler {
    /// The first way that answers.
    pub(crate) fn find(&self, programs: &Programs, folder: &Path) -> Option<Found> {
        self.ways.iter().find_map(|way| {
            let found = Found { words: way.iter().map(|word| local(folder, word)).collect(), version: String::new() };
            let answer = process::run(found.command(programs).arg(self.version).current_dir(folder)).ok()?;
            Some(Found { version: answer.first_line()?.to_owned(), ..found })
        })
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.ways.iter().map(|way| format!("`{}`", way.join(" ")))
    }
}

/// A program that the project brings with it, as npm installs them, comes before one of the machine.
fn local(folder: &Path, word: &str) -> PathBuf {
    let local = folder.join(word);
    if word.contains('/') && local.is_file() { local } else { word.into() }
}

/// None of the compilers is there: names them and the commands that install them.
pub(crate) fn missing(compilers: &[Compiler]) -> BuildError {
    BuildError::Compiler {
        builder: compilers.first().map_or("", |compiler| compiler.builder),
        tried: compilers.iter().flat_map(|compiler| compiler.names()).collect(),
        install: compilers.iter().map(|compiler| compiler.install).collect(),
    }
}

/// Runs a compiler to its end. What it says when it fails is the error; what it says when it does not is passed on.
pub(crate) fn compile(
    command: &mut Command,
    package: &PackageName,
    events: &mut dyn FnMut(Event),
) -> Result<Finished, BuildError> {
    let finished = process::run(command);
    let finished = finished.map_err(|source| BuildError::Program { program: command.get_program().into(), source })?;
    let said = finished.stderr.trim();
    match finished.success {
        true if said.is_empty() => Ok(finished),
        true => {
            events(Event::CompilerMessage { level: CompilerLevel::Warning, rendered: said.to_owned() });
            Ok(finished)
        }
        false => {
            let diagnostics = [said, finished.stdout.trim()].into_iter().filter(|text| !text.is_empty());
            Err(BuildError::Failed { package: package.clone(), diagnostics: diagnostics.map(str::to_owned).collect() })
        }
    }
}

/// Whether a builder can be used on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuilderState {
    /// What a manifest calls it.
    pub builder: &'static str,
    /// What its compiler says about itself; nothing where none is there.
    pub compiler: Option<String>,
    /// The commands that would install one.
    pub install: Vec<&'static str>,
}

/// The builders that need a compiler beside Rust's own, and whether it is there.
pub fn builders(programs: &Programs, folder: &Path) -> Vec<BuilderState> {
    let state = |compilers: &[Compiler]| BuilderState {
        builder: compilers.first().map_or("", |compiler| compiler.builder),
        compiler: compilers.iter().find_map(|compiler| {
            let found = compiler.find(programs, folder)?;
            Some(found.version)
        }),
        install: compilers.iter().map(|compiler| compiler.install).collect(),
    };
    [C, PYTHON, JAVASCRIPT].into_iter().map(state).collect()
}
