//! `mpp key`: making, showing, bringing in and giving out minisign keys.

use crate::{Context, OpsError, atomic_write::IoError, home::keys};
use mpp_package::key::{PublicKey, SecretKey, Signer as _};
use mpp_schema::{Ident, KeyId};
use serde::Serialize;
use std::{fs, path::Path};

/// A key as everybody may see it.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    /// What this home calls it.
    pub name: String,
    /// Its identity.
    pub id: KeyId,
    /// Its minisign text, `RW…`.
    pub public_key: String,
    /// Whether a password locks its file; nothing where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// Whether this home holds the secret half.
    pub secret: bool,
    /// Whether it is the development key.
    pub development: bool,
}

impl KeyReport {
    fn new(name: &str, public: &PublicKey) -> Self {
        let development = name == keys::DEVELOPMENT;
        Self {
            name: name.to_owned(),
            id: public.id(),
            public_key: public.to_base64(),
            locked: None,
            secret: true,
            development,
        }
    }
}

/// Whether a new key gets a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Ask for one where somebody can answer.
    Ask,
    /// No password.
    None,
}

/// Makes a key pair.
pub fn new(context: &Context<'_>, name: &Ident, lock: Lock) -> Result<KeyReport, OpsError> {
    let password = match lock {
        Lock::Ask => context.passwords.new_password(name.as_str()),
        Lock::None => None,
    };
    let key = SecretKey::generate()?;
    context.home.add_key(name, &key, password.as_deref())?;
    Ok(KeyReport { locked: Some(password.is_some()), ..KeyReport::new(name.as_str(), key.public_key()) })
}

/// Every key of this home, the development key last.
pub fn list(context: &Context<'_>) -> Result<Vec<KeyReport>, OpsError> {
    let keys = context.home.keys()?;
    let mut reports: Vec<_> =
        keys.iter().map(|key| KeyReport { secret: key.has_secret, ..KeyReport::new(&key.name, &key.public) }).collect();
    if let Some(development) = context.home.development_public_key()? {
        reports.push(KeyReport::new(keys::DEVELOPMENT, &development));
    }
    Ok(reports)
}

/// One key of this home.
pub fn show(context: &Context<'_>, name: &str) -> Result<KeyReport, OpsError> {
    Ok(KeyReport::new(name, &context.home.public_key(name)?))
}

/// The key file as it is kept, still locked if it was.
pub fn export(context: &Context<'_>, name: &str) -> Result<String, OpsError> {
    context.home.export_key(name)
}

/// Takes a minisign key file into this home; a locked one stays locked with the same password.
pub fn import(context: &Context<'_>, name: &Ident, file: &Path) -> Result<KeyReport, OpsError> {
    let path = context.path(file);
    let text = fs::read_to_string(&path).map_err(IoError::on("read the key file", &path))?;
    let (key, password) = match SecretKey::from_file_text(&text, None) {
        Ok(key) => (key, None),
        Err(locked) => {
            let Some(password) = context.passwords.password(name.as_str()) else { return Err(locked.into()) };
            (SecretKey::from_file_text(&text, Some(&password))?, Some(password))
        }
    };
    context.home.add_key(name, &key, password.as_deref())?;
    Ok(KeyReport { locked: Some(password.is_some()), ..KeyReport::new(name.as_str(), key.public_key()) })
}
