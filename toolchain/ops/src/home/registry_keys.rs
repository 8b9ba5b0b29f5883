//! The keys that this home holds for registries: they sign roots and heads, and nothing else.
//!
//! Kept apart from publisher keys, so that a registry's key never signs a package by accident.

use super::{Home, keys::read_secret_key};
use crate::{
    OpsError,
    atomic_write::{self, Readable},
    context::Passwords,
};
use mpp_package::key::SecretKey;
use mpp_schema::{Code, Coded, RegistryId, codes};
use std::path::PathBuf;

/// This home cannot sign heads of a registry.
#[derive(Debug, thiserror::Error)]
#[error("could not sign a head of the registry `{0}`: this home does not hold a key for it")]
pub struct NoRegistryKey(pub RegistryId);

impl Coded for NoRegistryKey {
    fn code(&self) -> Code {
        codes::REGISTRY_NO_HEAD_KEY
    }
    fn hints(&self) -> Vec<String> {
        vec![
            "publish from the home that made the registry".to_owned(),
            "or sign with the registry's key file: mpp publish --head-key FILE".to_owned(),
        ]
    }
}

impl Home {
    pub(super) fn registry_keys_folder(&self) -> PathBuf {
        self.data.join("registry-keys")
    }

    /// Where the key file of a registry is.
    pub fn registry_key_path(&self, registry: RegistryId) -> PathBuf {
        self.registry_keys_folder().join(format!("{registry}.key"))
    }

    /// Keeps the key of a registry that was just made, without a password.
    pub fn add_registry_key(&self, registry: RegistryId, key: &SecretKey) -> Result<(), OpsError> {
        let text = key.to_file_text(None)?;
        Ok(atomic_write::write(&self.registry_key_path(registry), text.as_bytes(), Readable::ByOwner)?)
    }

    /// The key of a registry.
    pub fn registry_key(&self, registry: RegistryId, passwords: &dyn Passwords) -> Result<SecretKey, OpsError> {
        let path = self.registry_key_path(registry);
        if !path.exists() {
            return Err(NoRegistryKey(registry).into());
        }
        read_secret_key(&path, passwords)
    }
}
