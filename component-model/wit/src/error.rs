//! Why WIT text or a component is refused.

use mpp_schema::{Code, Coded, codes};

/// Why WIT text or a component is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitError {
    /// The text does not parse or does not resolve.
    #[error("reading the WIT text: {0}")]
    Parse(String),
    /// The world is not there, or it is not clear which one is meant.
    #[error("finding the world in the WIT text: {0}")]
    World(String),
    /// The world exports no function.
    #[error("world `{0}` exports no function, so it declares no tool")]
    NoTools(String),
    /// The texts together are too large.
    #[error("the WIT text has {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Bytes of all files.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// More of something than a reader is asked to link.
    #[error("the WIT text has {found} {what}, expected at most {limit}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A type or function kind that a tool cannot have.
    #[error("tool `{tool}`: `{place}` is {what}, which a tool cannot take or return")]
    Unsupported {
        /// The function.
        tool: String,
        /// The parameter, field or case.
        place: String,
        /// The type.
        what: &'static str,
    },
    /// Types that unfold into too large a tree.
    #[error("tool `{tool}`: {what} exceeds the limit of {limit}")]
    TooComplex {
        /// The function.
        tool: String,
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Two tools would have one name.
    #[error("function `{name}` is exported by `{first}` and by `{second}`, and a tool is known by its function's name")]
    DuplicateTool {
        /// The name of both functions.
        name: String,
        /// Who exports it first.
        first: String,
        /// Who exports it again.
        second: String,
    },
    /// A name that is not in lower case, or too long.
    #[error("tool `{tool}`: the name `{name}` is not a kebab-case identifier in lower case with at most 64 bytes")]
    Name {
        /// The function.
        tool: String,
        /// The offending name.
        name: String,
    },
    /// Two fields, cases or flags of one type have one name.
    #[error("tool `{tool}`: the name `{name}` is given twice in one type")]
    DuplicateName {
        /// The function.
        tool: String,
        /// The name.
        name: String,
    },
    /// A doc comment that hides something or is too long.
    #[error("tool `{tool}`: the doc comment of `{place}` {problem}")]
    Text {
        /// The function.
        tool: String,
        /// What the comment belongs to.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that does not parse holds a character that nobody sees.
    #[error("reading the WIT text: `{path}` holds the hidden character U+{hidden:04X}")]
    Hidden {
        /// The file.
        path: String,
        /// The character.
        hidden: u32,
    },
    /// The bytes are not a component that we accept.
    #[error("validating the component: {0}")]
    Invalid(String),
    /// The component does not export a function as the WIT declares it.
    #[error("tool `{tool}` of {exporter}: {problem}")]
    Interface {
        /// The function.
        tool: String,
        /// The interface, or the world.
        exporter: String,
        /// What differs.
        problem: String,
    },
}

impl Coded for WitError {
    fn code(&self) -> Code {
        match self {
            Self::Parse(_) | Self::World(_) | Self::NoTools(_) | Self::TooLarge { .. } | Self::TooMany { .. } => {
                codes::WIT_INVALID
            }
            Self::Unsupported { .. }
            | Self::TooComplex { .. }
            | Self::DuplicateTool { .. }
            | Self::DuplicateName { .. }
            | Self::Name { .. } => codes::WIT_UNSUPPORTED,
            Self::Text { .. } | Self::Hidden { .. } => codes::MANIFEST_TEXT,
            Self::Invalid(_) => codes::WASM_INVALID,
            Self::Interface { .. } => codes::WASM_INTERFACE,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::World(_) => "name the world in `mpp.toml` or `[package.metadata.mpp]`: world = \"my-world\"",
            Self::NoTools(_) => {
                "export a function or an interface in the world: `export my-tool: func(text: string) -> string;`"
            }
            Self::Unsupported { .. } => "use records, variants, lists, options, results, strings and numbers",
            Self::DuplicateTool { .. } => "rename one of the two functions in the WIT text",
            Self::DuplicateName { .. } => "rename one of the two in the WIT text",
            Self::TooMany { .. } => "keep only the packages, interfaces and worlds that the tools need below wit/",
            Self::Interface { .. } => "build again, so that the component matches the WIT text: mpp build",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
