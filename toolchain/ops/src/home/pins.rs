//! `pins.toml`: for some namespaces, a key that must own them (spec/index.md IDX-73).

use super::{Home, read_toml};
use crate::OpsError;
use mpp_package::key::PublicKey;
use mpp_schema::{Code, Coded, Ident, codes};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct PinsFile {
    #[serde(default)]
    namespaces: BTreeMap<Ident, String>,
}

/// What can be wrong with a change of the pins.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The namespace is pinned to another key.
    #[error("could not pin the namespace `{namespace}` to another key: it is pinned to {pinned}")]
    Exists {
        /// The namespace.
        namespace: Ident,
        /// The key that it is pinned to.
        pinned: String,
    },
    /// It is not pinned.
    #[error("could not unpin the namespace `{0}`: it is not pinned")]
    NotFound(Ident),
}

impl Coded for PinError {
    fn code(&self) -> Code {
        match self {
            Self::Exists { .. } => codes::TRUST_EXISTS,
            Self::NotFound(_) => codes::KEY_NOT_FOUND,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Exists { namespace, .. } => vec![format!(
                "ask the publisher on another channel why the key changed; then: mpp trust unpin {namespace}"
            )],
            Self::NotFound(_) => vec!["mpp trust list".to_owned()],
        }
    }
}

impl Home {
    fn pins_path(&self) -> PathBuf {
        self.config.join("pins.toml")
    }

    /// The namespaces that are pinned, each with its key.
    pub fn pins(&self) -> Result<BTreeMap<Ident, PublicKey>, OpsError> {
        let file: PinsFile = read_toml(&self.pins_path())?;
        file.namespaces.into_iter().map(|(name, key)| Ok((name, PublicKey::from_base64(&key)?))).collect()
    }

    /// Pins a namespace; says whether that is new.
    pub fn pin(&self, namespace: &Ident, key: &PublicKey) -> Result<bool, OpsError> {
        let text = key.to_base64();
        self.edit_pins(|all| match all.get(namespace) {
            Some(pinned) if *pinned == text => Ok(()),
            Some(pinned) => Err(PinError::Exists { namespace: namespace.clone(), pinned: pinned.clone() }),
            None => {
                all.insert(namespace.clone(), text);
                Ok(())
            }
        })
    }

    /// Takes the pin of a namespace away.
    pub fn unpin(&self, namespace: &Ident) -> Result<(), OpsError> {
        self.edit_pins(|all| match all.remove(namespace) {
            Some(_) => Ok(()),
            None => Err(PinError::NotFound(namespace.clone())),
        })
        .map(|_| ())
    }

    fn edit_pins(
        &self,
        edit: impl FnOnce(&mut BTreeMap<Ident, String>) -> Result<(), PinError>,
    ) -> Result<bool, OpsError> {
        self.edit_toml(&self.pins_path(), |file: &mut PinsFile| edit(&mut file.namespaces))
    }
}
