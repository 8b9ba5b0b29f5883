//! What a build says while it runs. The library prints nothing; who calls it shows these, or does not.

use mpp_schema::PackageName;
use serde::Serialize;

/// Something that happened during a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// A step began.
    StepStarted {
        /// The package that is built.
        package: PackageName,
        /// The step.
        step: Step,
    },
    /// A step ended well.
    StepFinished {
        /// The package that is built.
        package: PackageName,
        /// The step.
        step: Step,
    },
    /// The compiler finished one crate.
    Compiled {
        /// The crate.
        name: String,
        /// Whether nothing had to be done.
        fresh: bool,
        /// Crates so far.
        done: usize,
        /// Crates in the lock file that this target can need; fewer may be compiled.
        total: usize,
    },
    /// The compiler said something about the source.
    CompilerMessage {
        /// How bad it is.
        level: CompilerLevel,
        /// What it says, as the compiler lays it out.
        rendered: String,
    },
    /// Cargo said what it is doing: `Downloading crates ...`, `Blocking waiting for file lock`.
    CargoLine {
        /// One line.
        line: String,
    },
    /// The wasm target is missing and rustup installs it.
    TargetInstalling {
        /// The target.
        target: String,
        /// The toolchain that gets it.
        toolchain: String,
    },
    /// The wasm target was installed.
    TargetInstalled {
        /// The target.
        target: String,
        /// The toolchain that got it.
        toolchain: String,
    },
    /// Something that the author may want to change.
    Warning {
        /// What it is.
        text: String,
    },
}

/// The steps of a build, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The compiler makes a component.
    Build,
    /// The tools are read from the WIT text.
    Describe,
    /// Component, WIT and manifest are compared.
    Check,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: [Step; 3] = [Step::Build, Step::Describe, Step::Check];
}

/// How bad a message of the compiler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompilerLevel {
    /// The build cannot succeed.
    Error,
    /// The build goes on.
    Warning,
    /// Everything else.
    Note,
}
