//! `registries.toml`: the registries this home knows, each with its identity and the root that was pinned when it was added.

use super::{Home, read_toml, write_toml};
use crate::OpsError;
use mpp_schema::{Code, Coded, Digest, Ident, RegistryId, codes};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A registry that this home knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRegistry {
    /// What this home calls it.
    pub name: Ident,
    /// Where it is: a path or an address.
    pub url: String,
    /// Its identity.
    pub id: RegistryId,
    /// SHA-256 of the bytes of its first root.
    pub root: Digest,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct RegistriesFile {
    #[serde(default, rename = "registry")]
    registries: Vec<KnownRegistry>,
}

/// What can be wrong with the name of a registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// No registry of that name.
    #[error("could not find the registry `{0}` in this home")]
    Unknown(String),
    /// No registry at all.
    #[error("could not choose a registry: this home knows none")]
    None,
    /// The name stands for another registry.
    #[error("could not add the registry `{0}`: that name is already used")]
    Exists(Ident),
    /// More than one could be meant.
    #[error("could not choose a registry: this home knows {}", .0.join(", "))]
    Ambiguous(Vec<String>),
}

impl Coded for RegistriesError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown(_) | Self::None => codes::REGISTRY_UNKNOWN,
            Self::Exists(_) => codes::REGISTRY_EXISTS,
            Self::Ambiguous(_) => codes::REGISTRY_AMBIGUOUS,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unknown(_) | Self::Exists(_) => vec!["mpp registry list".to_owned()],
            Self::None => vec!["mpp registry add NAME URL".to_owned()],
            Self::Ambiguous(names) => names.iter().map(|name| format!("say which one: --registry {name}")).collect(),
        }
    }
}

impl Home {
    fn registries_path(&self) -> PathBuf {
        self.config.join("registries.toml")
    }

    /// Where the client keeps its copy of a registry and what it has verified.
    pub fn registry_state(&self, name: &Ident) -> PathBuf {
        self.data.join("registries").join(name.as_str())
    }

    /// The registries in the order in which they were added.
    pub fn registries(&self) -> Result<Vec<KnownRegistry>, OpsError> {
        Ok(read_toml::<RegistriesFile>(&self.registries_path())?.registries)
    }

    /// Keeps a registry; says whether it is new.
    pub fn add_registry(&self, registry: KnownRegistry) -> Result<bool, OpsError> {
        let _lock = self.lock()?;
        let mut file: RegistriesFile = read_toml(&self.registries_path())?;
        match file.registries.iter().find(|known| known.name == registry.name) {
            Some(known) if *known == registry => return Ok(false),
            Some(_) => return Err(RegistriesError::Exists(registry.name).into()),
            None => file.registries.push(registry),
        }
        write_toml(&self.registries_path(), &file)?;
        Ok(true)
    }

    /// The registry called `name`, or the only one.
    pub fn registry(&self, name: Option<&str>) -> Result<KnownRegistry, OpsError> {
        let mut known = self.registries()?;
        let Some(name) = name else {
            return match known.len() {
                0 => Err(RegistriesError::None.into()),
                1 => Ok(known.remove(0)),
                _ => Err(RegistriesError::Ambiguous(known.iter().map(|r| r.name.to_string()).collect()).into()),
            };
        };
        let found = known.into_iter().find(|registry| registry.name.as_str() == name);
        Ok(found.ok_or_else(|| RegistriesError::Unknown(name.to_owned()))?)
    }
}
