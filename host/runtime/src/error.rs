//! What can go wrong before a tool runs: starting the host, loading a package, asking for a tool. What goes wrong while it runs is an
//! [`Ending`](crate::Ending), not an error.

use crate::compile::CompileError;
use crate::values::Mismatch;
use mpp_schema::{Code, Coded, PackageName, codes};
use mpp_wit::{Tool, ToolSet, WitError};

/// Any coded error of a lower crate.
type Cause = Box<dyn Coded + Send + Sync>;

/// The host could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The engine refused its configuration, or the system its memory.
    #[error("starting the engine: {0:#}")]
    Engine(wasmtime::Error),
}

impl Coded for HostError {
    fn code(&self) -> Code {
        codes::IO_FAILED
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "a pool of instances reserves much address space; allocate on demand, or allow more: ulimit -v unlimited"
                .to_owned(),
        ]
    }
}

/// A package cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Reading an entry of the package failed, although the package was verified.
    #[error("{0}")]
    Package(Cause),
    /// The WIT or the component is not what it must be.
    #[error(transparent)]
    Wit(#[from] WitError),
    /// It is a filter, and was to be called.
    #[error("the package is a privacy filter: it has no tools that can be called")]
    Filter,
    /// It is no filter, and was to be asked as one.
    #[error("the package is no privacy filter: its kind is not `filter`")]
    NoFilter,
    /// It is a plugin, and was to be called.
    #[error("the package is a plugin of the build: it has no tools that can be called")]
    Plugin,
    /// It is no plugin, and was to take part in a build.
    #[error("the package is no plugin of the build: its kind is not `plugin`")]
    NoPlugin,
    /// It is not of the world that its kind has.
    #[error("the package is of the world `{found}`, expected `{expected}`")]
    World {
        /// The world of its manifest.
        found: String,
        /// The world of its kind, with any patch number.
        expected: &'static str,
    },
    /// The component is larger than the host's limit.
    #[error("the component has {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Bytes of the component.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The component imports what its manifest does not ask for.
    #[error("the component imports `{interface}`, which its manifest does not ask for")]
    Denied {
        /// The import, as the component names it.
        interface: String,
        /// The permission that would cover it; nothing when none does.
        permission: Option<&'static str>,
    },
    /// The engine does not compile it, for instance because it is too large for the host's pool.
    #[error("compiling the component: {0}")]
    Compile(#[source] CompileError),
    /// An import has another shape than the host's.
    #[error("linking the component: {0}")]
    Link(String),
    /// What the manifest asks of the privacy filter is no mode.
    #[error("the manifest's `privacy`: {0}")]
    Privacy(String),
    /// A function is missing that was there when the component was compared with its WIT.
    #[error("the compiled component has no function for tool `{0}`")]
    Export(String),
}

impl LoadError {
    pub(crate) fn package(cause: impl Coded + Send + Sync + 'static) -> Self {
        Self::Package(Box::new(cause))
    }
}

impl Coded for LoadError {
    fn code(&self) -> Code {
        match self {
            Self::Package(cause) => cause.code(),
            Self::Wit(cause) => cause.code(),
            Self::Filter | Self::NoFilter | Self::Plugin | Self::NoPlugin => codes::PKG_KIND,
            Self::World { .. } => codes::WASM_INTERFACE,
            Self::TooLarge { .. } => codes::LIMIT_COMPONENT,
            Self::Denied { .. } => codes::CAP_DENIED,
            Self::Compile(CompileError::Refused(_)) => codes::WASM_INVALID,
            Self::Compile(CompileError::Limit(_)) => codes::LIMIT_COMPILE,
            Self::Compile(CompileError::Unavailable(_)) => codes::IO_FAILED,
            Self::Link(_) => codes::WASM_INTERFACE,
            Self::Privacy(_) => codes::MANIFEST_INVALID,
            Self::Export(_) => codes::BUG,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Package(cause) => cause.hints(),
            Self::Wit(cause) => cause.hints(),
            Self::Filter => vec!["name it in policy.toml, under `privacy.filters`, then: mpp policy check".to_owned()],
            Self::NoFilter => {
                vec!["name a package of the kind `filter` in policy.toml, then: mpp policy check".to_owned()]
            }
            Self::Plugin => vec!["name it in a project, under `build.plugins`, then: mpp build".to_owned()],
            Self::NoPlugin => vec!["name a package of the kind `plugin` under `build.plugins`".to_owned()],
            Self::Denied { permission: Some(permission), .. } => {
                vec![format!("its author has to ask for the permission `{permission}`")]
            }
            Self::Denied { permission: None, .. } => {
                vec!["no permission covers it: the author has to build the tool without it".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// A tool was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The package has no such tool.
    #[error("package `{package}` has no tool `{tool}`")]
    Unknown {
        /// The package.
        package: PackageName,
        /// What was asked for.
        tool: String,
        /// The tools that it has.
        tools: Vec<String>,
    },
    /// The arguments do not fit.
    #[error("{cause}")]
    Arguments {
        /// The tool.
        tool: String,
        /// Why.
        cause: Cause,
    },
    /// Too few or too many typed arguments.
    #[error("tool `{tool}`: expected {expected} arguments, found {found}")]
    Count {
        /// The tool.
        tool: String,
        /// Parameters of the tool.
        expected: usize,
        /// Values that were given.
        found: usize,
    },
    /// A typed argument of another type.
    #[error("tool `{tool}`, parameter `{param}`: {cause}")]
    Value {
        /// The tool.
        tool: String,
        /// The parameter.
        param: String,
        /// What was expected.
        cause: Mismatch,
    },
    /// The thread that keeps time could not be started, and without it no tool runs.
    #[error("starting the thread that keeps time: {0}")]
    Ticker(#[source] std::io::Error),
    /// The package could not be brought to another engine of the host.
    #[error("bringing the code to the thread that calls: {0}")]
    Lane(#[source] LoadError),
}

impl CallError {
    pub(crate) fn unknown(package: &PackageName, tool: &str, tools: &ToolSet) -> Self {
        let tools = tools.tools.iter().map(|tool| tool.name.to_string()).collect();
        Self::Unknown { package: package.clone(), tool: tool.to_owned(), tools }
    }

    pub(crate) fn arguments(tool: &Tool, cause: impl Coded + Send + Sync + 'static) -> Self {
        Self::Arguments { tool: tool.name.to_string(), cause: Box::new(cause) }
    }

    pub(crate) fn count(tool: &Tool, found: usize) -> Self {
        Self::Count { tool: tool.name.to_string(), expected: tool.params.len(), found }
    }

    pub(crate) fn value(tool: &Tool, param: &str, cause: Mismatch) -> Self {
        Self::Value { tool: tool.name.to_string(), param: param.to_owned(), cause }
    }
}

impl Coded for CallError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => codes::TOOL_UNKNOWN,
            Self::Arguments { cause, .. } => cause.code(),
            Self::Count { .. } | Self::Value { .. } => codes::TOOL_ARGUMENTS,
            Self::Ticker(_) => codes::IO_FAILED,
            Self::Lane(cause) => cause.code(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unknown { tools, .. } => vec![format!("its tools are: {}", tools.join(", "))],
            Self::Arguments { cause, .. } => cause.hints(),
            Self::Lane(cause) => cause.hints(),
            Self::Count { .. } | Self::Value { .. } | Self::Ticker(_) => Vec::new(),
        }
    }
}
