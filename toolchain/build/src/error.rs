//! Why a project cannot be read, built or made.

use crate::target::TARGET;
use mpp_schema::{Code, Coded, PackageName, codes};
use mpp_wit::WitError;
use std::{io, path::PathBuf};

/// The builders that are part of the program.
const BUILDERS: &[&str] = &["cargo", "c", "componentize-py", "jco", "command"];

/// Why a project cannot be read, built or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no project where one was looked for.
    #[error("no project in `{}`: expected a `Cargo.toml` or an `mpp.toml`", folder.display())]
    NoProject {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The cargo package says nothing about MPP.
    #[error("`{}` is not a package for MPP: expected a table [package.metadata.mpp]", manifest.display())]
    NotAPackage {
        /// Its `Cargo.toml`.
        manifest: PathBuf,
    },
    /// A workspace with several packages, of which none was chosen.
    #[error("the workspace in `{}` has more than one package: {}", folder.display(), names(packages))]
    Ambiguous {
        /// The workspace.
        folder: PathBuf,
        /// Its packages for MPP.
        packages: Vec<(PackageName, PathBuf)>,
    },
    /// A field that is missing or wrong.
    #[error("reading `{field}` in `{}`: {problem}", file.display())]
    Metadata {
        /// The file to change.
        file: PathBuf,
        /// The field, such as `package.metadata.mpp.namespace`.
        field: String,
        /// Expected and found.
        problem: String,
        /// What to write.
        hint: Option<String>,
    },
    /// The declared trust level is below what a permission needs.
    #[error("trust level in `{}`: expected at least `{needed}` for {because}, found `{declared}`", file.display())]
    Trust {
        /// The file to change.
        file: PathBuf,
        /// The level that is needed.
        needed: &'static str,
        /// The level that is declared.
        declared: &'static str,
        /// The permission that needs it.
        because: String,
    },
    /// The project names a builder that this version does not have.
    #[error("`{}` names the builder `{builder}`, and there is no program `mpp-build-{builder}` on the PATH", file.display())]
    Builder {
        /// The file that names it.
        file: PathBuf,
        /// The builder.
        builder: String,
    },
    /// None of the compilers that a builder can use is on this machine.
    #[error("the builder `{builder}` needs one of {}; none of them can be started", tried.join(", "))]
    Compiler {
        /// The builder.
        builder: &'static str,
        /// The compilers that were looked for.
        tried: Vec<String>,
        /// The commands that would install one.
        install: Vec<&'static str>,
    },
    /// Cargo cannot read the project.
    #[error("reading the project with cargo: {message}")]
    Cargo {
        /// What cargo says.
        message: String,
    },
    /// A program that the build needs cannot be started.
    #[error("starting `{}`: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The wasm target is missing and could not be installed.
    #[error("the compiler cannot build for `{TARGET}`: {problem}")]
    Target {
        /// Why it is still missing.
        problem: String,
        /// The command that would install it.
        command: String,
    },
    /// The compiler did not succeed.
    #[error("compiling `{package}` failed\n{}", diagnostics.join("\n").trim_end())]
    Failed {
        /// The package.
        package: PackageName,
        /// What the compiler and cargo say, laid out for people.
        diagnostics: Vec<String>,
    },
    /// The compiler succeeded without making one component.
    #[error("compiling `{package}`: expected one component, found {found}")]
    Artifact {
        /// The package.
        package: PackageName,
        /// What was found instead.
        found: String,
    },
    /// WIT and component do not give tools.
    #[error(transparent)]
    Wit(#[from] WitError),
    /// The component imports what no permission covers.
    #[error("`{package}` imports `{import}`, which no permission in its manifest covers")]
    Uncovered {
        /// The package.
        package: PackageName,
        /// The name of its manifest.
        file: String,
        /// The import.
        import: String,
        /// The permission that would cover it, as the author would write it.
        permission: Option<String>,
    },
    /// Metadata about a tool that does not exist.
    #[error("`{}` speaks of the tool `{tool}`; the WIT declares {}", file.display(), known.join(", "))]
    UnknownTool {
        /// The file to change.
        file: PathBuf,
        /// The tool.
        tool: String,
        /// The tools there are.
        known: Vec<String>,
    },
    /// There is no such template.
    #[error("no template is called `{name}`; there are: {}", known.join(", "))]
    UnknownTemplate {
        /// What was asked for.
        name: String,
        /// The templates there are.
        known: Vec<&'static str>,
    },
    /// What was named as a template is none, or cannot be read.
    #[error("reading the template `{name}`: {problem}")]
    TemplateSource {
        /// Its name, folder or address.
        name: String,
        /// Why not.
        problem: String,
    },
    /// A new project cannot be made from a template.
    #[error("making a project in `{}`: {problem}", folder.display())]
    Template {
        /// Where it was to be.
        folder: PathBuf,
        /// Why not.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl BuildError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

fn names(packages: &[(PackageName, PathBuf)]) -> String {
    packages.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Coded for BuildError {
    fn code(&self) -> Code {
        match self {
            Self::NoProject { .. }
            | Self::NotAPackage { .. }
            | Self::Ambiguous { .. }
            | Self::Metadata { .. }
            | Self::Builder { .. }
            | Self::Cargo { .. }
            | Self::UnknownTool { .. } => codes::BUILD_METADATA,
            Self::Trust { .. } => codes::MANIFEST_TRUST,
            Self::Program { .. } | Self::Compiler { .. } | Self::Target { .. } => codes::BUILD_TARGET,
            Self::Failed { .. } | Self::Artifact { .. } => codes::BUILD_FAILED,
            Self::Wit(error) => error.code(),
            Self::Uncovered { .. } => codes::WASM_INTERFACE,
            Self::UnknownTemplate { .. } | Self::TemplateSource { .. } | Self::Template { .. } => codes::BUILD_TEMPLATE,
            Self::Io { .. } => codes::IO_FAILED,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoProject { .. } => vec!["mpp new my-tool".to_owned()],
            Self::NotAPackage { .. } => vec!["mpp init".to_owned()],
            Self::Ambiguous { packages, .. } => {
                packages.iter().map(|(_, folder)| format!("mpp build {}", folder.display())).collect()
            }
            Self::Metadata { hint, .. } => hint.iter().cloned().collect(),
            Self::Trust { needed, .. } => vec![format!("write `trust = \"{needed}\"`, or ask for less")],
            Self::Builder { .. } => {
                vec![format!("install it, or write one of the program's own: {}", BUILDERS.join(", "))]
            }
            Self::Compiler { install, .. } => install.iter().map(|command| (*command).to_owned()).collect(),
            Self::Program { .. } => vec!["install Rust with rustup: https://rustup.rs".to_owned()],
            Self::Target { command, .. } => vec![command.clone()],
            Self::Artifact { found, .. } if !found.contains(".wasm") => Vec::new(),
            Self::Artifact { .. } => {
                vec!["write `crate-type = [\"cdylib\"]` under [lib] in `Cargo.toml`".to_owned()]
            }
            Self::Wit(error) => error.hints(),
            Self::Uncovered { permission, file, .. } => vec![match permission {
                Some(permission) => format!("add to `{file}`:\n{permission}"),
                None => "use another crate or function: no permission gives this".to_owned(),
            }],
            Self::UnknownTool { .. } => vec!["rename or remove its table".to_owned()],
            Self::UnknownTemplate { known, .. } => known.iter().map(|name| format!("--template {name}")).collect(),
            Self::TemplateSource { .. } => {
                vec![
                    "name one of the program's own, a folder with a `template.toml`, or a git repository with one"
                        .to_owned(),
                ]
            }
            Self::Template { hint, .. } => vec![hint.clone()],
            // What is missing here can be fetched where there is a network.
            Self::Cargo { message } if message.contains("offline") => vec!["cargo fetch".to_owned()],
            Self::Cargo { .. } | Self::Failed { .. } | Self::Io { .. } => Vec::new(),
        }
    }
}
