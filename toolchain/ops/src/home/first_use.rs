//! `first-use.toml`: who signed the first loose file of each package that was used here (spec/signature.md SIG-39).
//!
//! Only files that came from no registry are remembered: a registry says itself who owns a name. Nothing is asked when another key turns up;
//! the user forgets the first use, or keeps to it.

use super::{Home, read_toml};
use crate::OpsError;
use mpp_schema::{Code, Coded, KeyId, PackageName, codes};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// For each package, the publishers that signed its first file.
pub type FirstUses = BTreeMap<PackageName, BTreeSet<KeyId>>;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct FirstUseFile {
    #[serde(default)]
    packages: FirstUses,
}

/// What can be wrong with a first use.
#[derive(Debug, thiserror::Error)]
pub enum FirstUseError {
    /// Another publisher signed.
    #[error(
        "could not accept `{package}`: the first file of that name was signed by {}, and this one by {}",
        list(first),
        list(found)
    )]
    Changed {
        /// The package.
        package: PackageName,
        /// Who signed the first one.
        first: BTreeSet<KeyId>,
        /// Who signed this one.
        found: BTreeSet<KeyId>,
    },
    /// Nothing is remembered.
    #[error("could not forget who signed `{0}` first: no file of that name was used here")]
    NotFound(PackageName),
}

fn list(keys: &BTreeSet<KeyId>) -> String {
    keys.iter().map(KeyId::to_string).collect::<Vec<_>>().join(" and ")
}

impl Coded for FirstUseError {
    fn code(&self) -> Code {
        match self {
            Self::Changed { .. } => codes::TRUST_CHANGED,
            Self::NotFound(_) => codes::KEY_NOT_FOUND,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Changed { package, .. } => {
                vec![format!(
                    "ask the publisher on another channel why the key changed; then: mpp trust forget {package}"
                )]
            }
            Self::NotFound(_) => vec!["mpp trust list".to_owned()],
        }
    }
}

impl Home {
    fn first_use_path(&self) -> PathBuf {
        self.config.join("first-use.toml")
    }

    /// Who signed the first loose file of each package.
    pub fn first_uses(&self) -> Result<FirstUses, OpsError> {
        Ok(read_toml::<FirstUseFile>(&self.first_use_path())?.packages)
    }

    /// Remembers who signed a package's first file; whoever is remembered stays.
    pub fn remember_first_use(&self, package: &PackageName, signers: BTreeSet<KeyId>) -> Result<(), OpsError> {
        self.edit_first_uses(|all| {
            all.entry(package.clone()).or_insert(signers);
            Ok(())
        })
    }

    /// Forgets who signed a package first: the next file of that name is the first one.
    pub fn forget_first_use(&self, package: &PackageName) -> Result<(), OpsError> {
        self.edit_first_uses(|all| match all.remove(package) {
            Some(_) => Ok(()),
            None => Err(FirstUseError::NotFound(package.clone())),
        })
    }

    /// Forgets a publisher that is not trusted any more, wherever it was the first.
    pub(super) fn forget_publisher(&self, key: KeyId) -> Result<(), OpsError> {
        self.edit_first_uses(|all| {
            for signers in all.values_mut() {
                signers.remove(&key);
            }
            all.retain(|_, signers| !signers.is_empty());
            Ok(())
        })
    }

    fn edit_first_uses(&self, edit: impl FnOnce(&mut FirstUses) -> Result<(), FirstUseError>) -> Result<(), OpsError> {
        self.edit_toml(&self.first_use_path(), |file: &mut FirstUseFile| edit(&mut file.packages)).map(|_| ())
    }
}
