//! `trust.toml`: the publisher keys that the user pinned, each under a name.
//!
//! A name stands for one key. Pinning another key under it is a refusal with the command that would do it, never a question.

use super::{Home, read_toml};
use crate::OpsError;
use mpp_package::{key::PublicKey, verify::TrustedKey};
use mpp_schema::{Code, Coded, Ident, codes};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct TrustFile {
    #[serde(default)]
    publishers: BTreeMap<Ident, String>,
    /// Names whose packages may be granted what needs the highest trust level.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    elevated: BTreeSet<Ident>,
}

/// What can be wrong with a change of the pins.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
    /// The name stands for another key.
    #[error("could not trust another key as `{name}`: that name is pinned to {pinned}")]
    Exists {
        /// The name.
        name: Ident,
        /// The key that it stands for.
        pinned: String,
    },
    /// The name is not there.
    #[error("could not find a trusted key called `{0}`")]
    NotFound(Ident),
}

impl Coded for TrustStoreError {
    fn code(&self) -> Code {
        match self {
            Self::Exists { .. } => codes::TRUST_EXISTS,
            Self::NotFound(_) => codes::KEY_NOT_FOUND,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Exists { name, .. } => {
                vec![format!("ask the publisher on another channel why the key changed; then: mpp trust remove {name}")]
            }
            Self::NotFound(_) => vec!["mpp trust list".to_owned()],
        }
    }
}

impl Home {
    fn trust_path(&self) -> std::path::PathBuf {
        self.config.join("trust.toml")
    }

    /// The keys that the user pinned.
    pub fn trusted(&self) -> Result<Vec<TrustedKey>, OpsError> {
        let file: TrustFile = read_toml(&self.trust_path())?;
        let entry = |(name, key): (Ident, String)| {
            Ok(TrustedKey { key: PublicKey::from_base64(&key)?, name: name.to_string() })
        };
        file.publishers.into_iter().map(entry).collect()
    }

    /// Pins `key` under `name`; says whether that is new.
    pub fn trust(&self, name: &Ident, key: &PublicKey) -> Result<bool, OpsError> {
        let text = key.to_base64();
        self.edit_trust(|file| match file.publishers.get(name) {
            Some(pinned) if *pinned == text => Ok(()),
            Some(pinned) => Err(TrustStoreError::Exists { name: name.clone(), pinned: pinned.clone() }),
            None => {
                file.publishers.insert(name.clone(), text);
                Ok(())
            }
        })
    }

    /// The names that were marked for elevated packages.
    pub fn marked(&self) -> Result<BTreeSet<Ident>, OpsError> {
        Ok(read_toml::<TrustFile>(&self.trust_path())?.elevated)
    }

    /// Marks the pin called `name` for elevated packages, or takes the mark away; says whether that changed something.
    pub fn mark(&self, name: &Ident, elevated: bool) -> Result<bool, OpsError> {
        self.edit_trust(|file| {
            if !file.publishers.contains_key(name) {
                return Err(TrustStoreError::NotFound(name.clone()));
            }
            if elevated {
                file.elevated.insert(name.clone())
            } else {
                file.elevated.remove(name)
            };
            Ok(())
        })
    }

    /// Takes the pin called `name` away, and what was first used because of it.
    pub fn distrust(&self, name: &Ident) -> Result<(), OpsError> {
        let mut gone = None;
        self.edit_trust(|file| {
            let key = file.publishers.remove(name).ok_or_else(|| TrustStoreError::NotFound(name.clone()))?;
            file.elevated.remove(name);
            // Under another name it is trusted still.
            gone = Some(key).filter(|key| !file.publishers.values().any(|other| other == key));
            Ok(())
        })?;
        match gone {
            Some(key) => self.forget_publisher(PublicKey::from_base64(&key)?.id()),
            None => Ok(()),
        }
    }

    fn edit_trust(&self, edit: impl FnOnce(&mut TrustFile) -> Result<(), TrustStoreError>) -> Result<bool, OpsError> {
        self.edit_toml(&self.trust_path(), edit)
    }
}
