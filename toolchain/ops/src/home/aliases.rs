//! `aliases.toml`: the names that the user gave to tools (MCP-19).

use super::{Home, MalformedFile, read_toml, write_toml};
use crate::{OpsError, verb::serve::Place};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasFile {
    #[serde(default)]
    names: BTreeMap<String, String>,
}

impl Home {
    /// Where they are.
    pub(crate) fn aliases_path(&self) -> PathBuf {
        self.config.join("aliases.toml")
    }

    /// Each name and its tool.
    ///
    /// # Errors
    /// The file cannot be read, or names something that is no tool.
    pub(crate) fn aliases(&self) -> Result<BTreeMap<String, Place>, OpsError> {
        let path = self.aliases_path();
        let file: AliasFile = read_toml(&path)?;
        let read = |(name, place): (String, String)| match (mpp_mcp::name::is_name(&name), place.parse::<Place>()) {
            (true, Ok(place)) => Ok((name, place)),
            (false, _) => Err(format!("`{name}` cannot be the name of a tool")),
            (_, Err(error)) => Err(error.to_string()),
        };
        let names = file.names.into_iter().map(read).collect::<Result<BTreeMap<_, _>, _>>();
        let names = names.map_err(|reason| MalformedFile { path: path.clone(), reason })?;
        let places: std::collections::BTreeSet<String> = names.values().map(Place::to_string).collect();
        if places.len() < names.len() {
            return Err(MalformedFile { path, reason: "a tool has two names".to_owned() }.into());
        }
        Ok(names)
    }

    /// Keeps them.
    pub(crate) fn keep_aliases(&self, names: &BTreeMap<String, Place>) -> Result<(), OpsError> {
        let names = names.iter().map(|(name, place)| (name.clone(), place.to_string())).collect();
        write_toml(&self.aliases_path(), &AliasFile { names })
    }
}
