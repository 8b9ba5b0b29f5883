//! `mpp alias`: what a tool is called by agents, when its own name is taken or not wanted (MCP-19).

use crate::{
    Context, OpsError,
    verb::serve::{self, Place},
};
use mpp_mcp::name;
use mpp_schema::{Code, Coded, codes};
use serde::Serialize;

/// What to do.
#[derive(Debug)]
pub enum Action {
    /// Tell the names.
    List,
    /// Call a tool so.
    Set {
        /// The name.
        name: String,
        /// The tool.
        place: Place,
    },
    /// Let the tool of this name have its own name again.
    Remove {
        /// The name.
        name: String,
    },
}

/// A name that the user gave.
#[derive(Debug, Serialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The tool: `acme:md/outline`.
    pub tool: String,
}

/// A name cannot be given or taken back.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// No client would take it.
    #[error("could not use the name `{0}`: expected at most {max} of a-z, 0-9 and _", max = name::LENGTH_MAX)]
    Malformed(String),
    /// Another tool has it.
    #[error("could not use the name `{name}`: `{place}` has it")]
    Taken {
        /// The name.
        name: String,
        /// The tool that has it.
        place: Place,
    },
    /// There is no such tool.
    #[error("could not find the tool `{0}` among the installed ones")]
    NoTool(Place),
    /// There is no such name.
    #[error("could not find the name `{0}` among those that were given")]
    NoName(String),
}

impl Coded for AliasError {
    fn code(&self) -> Code {
        match self {
            Self::NoTool(_) => codes::TOOL_UNKNOWN,
            _ => codes::USAGE,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoTool(_) => vec!["mpp list --tools".to_owned()],
            Self::NoName(_) => vec!["mpp alias".to_owned()],
            Self::Malformed(_) | Self::Taken { .. } => Vec::new(),
        }
    }
}

/// Tells, gives or takes back names, and gives those that count then.
///
/// # Errors
/// The name cannot be given or taken back, or the home cannot be read or written.
pub fn alias(context: &Context<'_>, action: Action) -> Result<Vec<Named>, OpsError> {
    let _lock = match action {
        Action::List => None,
        _ => Some(context.home.lock()?),
    };
    let mut names = context.home.aliases()?;
    match action {
        Action::List => {}
        Action::Set { name, place } => {
            if !name::is_name(&name) {
                return Err(AliasError::Malformed(name).into());
            }
            let (offered, left_out) = serve::all_names(context)?;
            if let Some((_, taken)) = offered.iter().find(|(other, taken)| *other == name && *taken != place) {
                return Err(AliasError::Taken { name, place: taken.clone() }.into());
            }
            if !offered.iter().chain(&left_out).any(|(_, known)| *known == place) {
                return Err(AliasError::NoTool(place).into());
            }
            names.retain(|_, named| *named != place);
            if let Some(other) = names.insert(name.clone(), place) {
                return Err(AliasError::Taken { name, place: other }.into());
            }
            context.home.keep_aliases(&names)?;
        }
        Action::Remove { name } => {
            if names.remove(&name).is_none() {
                return Err(AliasError::NoName(name).into());
            }
            context.home.keep_aliases(&names)?;
        }
    }
    Ok(names.into_iter().map(|(name, place)| Named { name, tool: place.to_string() }).collect())
}
