//! `registries.toml`: the registries this home knows, each with its identity and the root that was pinned when it was added.

use super::{Home, read_toml};
use crate::OpsError;
use mpp_schema::{Code, Coded, Digest, Ident, PackageName, RegistryId, codes};
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
    /// Where else it may be read, in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// Origins that it may send this home to although they are private or without TLS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allows: Vec<String>,
    /// Namespaces and packages that are taken from it and from no other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owns: Vec<String>,
}

impl KnownRegistry {
    /// A registry of which nothing else was said.
    pub fn new(name: Ident, url: String, id: RegistryId, root: Digest) -> Self {
        Self { name, url, id, root, mirrors: Vec::new(), allows: Vec::new(), owns: Vec::new() }
    }

    /// Whether a package was said to belong to it: by its own name, or by its namespace.
    fn owns(&self, package: &PackageName) -> Option<Owned> {
        let (name, namespace) = (package.to_string(), package.namespace().as_str());
        match () {
            () if self.owns.contains(&name) => Some(Owned::Package),
            () if self.owns.iter().any(|owned| owned == namespace) => Some(Owned::Namespace),
            () => None,
        }
    }
}

/// How closely a package belongs to a registry; the closer one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owned {
    Namespace,
    Package,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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

fn named<'a>(all: &'a mut [KnownRegistry], name: &str) -> Result<&'a mut KnownRegistry, RegistriesError> {
    let found = all.iter_mut().find(|known| known.name.as_str() == name);
    found.ok_or_else(|| RegistriesError::Unknown(name.to_owned()))
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
        self.edit_registries(|all| match all.iter().find(|known| known.name == registry.name) {
            Some(known) if *known == registry => Ok(()),
            Some(_) => Err(RegistriesError::Exists(registry.name)),
            None => {
                all.push(registry);
                Ok(())
            }
        })
    }

    /// Changes what this home keeps about a registry; says whether something changed.
    pub fn change_registry(&self, name: &str, change: impl FnOnce(&mut KnownRegistry)) -> Result<bool, OpsError> {
        self.edit_registries(|all| {
            change(named(all, name)?);
            Ok(())
        })
    }

    /// Forgets a registry and what was verified of it; gives what was kept about it. Proofs that it contradicted itself stay, under its id.
    pub fn remove_registry(&self, name: &Ident) -> Result<KnownRegistry, OpsError> {
        let known = self.registry(Some(name.as_str()))?;
        self.forget_state(name, &known.id.to_string())?;
        self.edit_registries(|all| {
            all.retain(|other| other.name != *name);
            Ok(())
        })?;
        Ok(known)
    }

    /// Forgets what somebody who was still at work wrote about a registry of this name after it was forgotten.
    pub(crate) fn forget_leftovers(&self, name: &Ident) -> Result<(), OpsError> {
        self.forget_state(name, "forgotten")
    }

    /// Forgets what was verified of a registry, while nobody else works on that; proofs go to a folder for `whom`.
    fn forget_state(&self, name: &Ident, whom: &str) -> Result<(), OpsError> {
        Ok(mpp_registry::forget(&self.registry_state(name), &self.data.join("evidence").join(whom))?)
    }

    /// Says that a namespace or a package belongs to a registry, and so to no other; without a registry, to any.
    pub fn assign(&self, owned: &str, registry: Option<&str>) -> Result<bool, OpsError> {
        self.edit_registries(|all| {
            all.iter_mut().for_each(|known| known.owns.retain(|name| name != owned));
            if let Some(name) = registry {
                let known = named(all, name)?;
                known.owns.push(owned.to_owned());
                known.owns.sort();
            }
            Ok(())
        })
    }

    /// Puts registries first, in this order; the others stay as they are.
    pub fn order_registries(&self, names: &[Ident]) -> Result<Vec<KnownRegistry>, OpsError> {
        self.edit_registries(|all| {
            for name in names {
                named(all, name.as_str())?;
            }
            let last = names.len();
            all.sort_by_key(|known| names.iter().position(|name| *name == known.name).unwrap_or(last));
            Ok(())
        })?;
        self.registries()
    }

    /// Changes the list of registries while nobody else does; says whether something changed.
    fn edit_registries(
        &self,
        edit: impl FnOnce(&mut Vec<KnownRegistry>) -> Result<(), RegistriesError>,
    ) -> Result<bool, OpsError> {
        self.edit_toml(&self.registries_path(), |file: &mut RegistriesFile| edit(&mut file.registries))
    }

    /// The registry that a package was said to belong to.
    pub fn owner_of(&self, package: &PackageName) -> Result<Option<KnownRegistry>, OpsError> {
        let known = self.registries()?;
        let owning = known.into_iter().filter_map(|known| known.owns(package).map(|how| (how, known)));
        Ok(owning.max_by_key(|(how, _)| *how).map(|(_, known)| known))
    }

    /// The registry of this identity, whatever it is called here.
    pub fn registry_of_id(&self, id: RegistryId) -> Result<Option<KnownRegistry>, OpsError> {
        Ok(self.registries()?.into_iter().find(|known| known.id == id))
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
