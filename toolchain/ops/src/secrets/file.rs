//! The file of secrets: readable by its owner only, and sealed when a password is given.

use super::{Place, SecretError};
use crate::{
    OpsError,
    atomic_write::{self, Readable},
    home::{Home, MalformedFile, keys},
    sealed::{self, Sealed, Unopened},
};
use mpp_host::SecretValue;
use mpp_schema::{Ident, PackageName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use zeroize::{Zeroize as _, Zeroizing};

/// The one version of the file's format. It fixes how it is sealed.
const VERSION: u32 = 1;
/// Bound to what is sealed, so that it is not taken for something else.
const PURPOSE: &[u8] = b"mpp secrets 1";

/// All secrets, by package and name. Wiped when dropped.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Content(BTreeMap<PackageName, BTreeMap<Ident, String>>);

impl Drop for Content {
    fn drop(&mut self) {
        self.0.values_mut().flat_map(BTreeMap::values_mut).for_each(|value| value.zeroize());
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "mpp-secrets")]
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secrets: Option<Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// The file of one home.
pub(super) struct SecretFile {
    home: Home,
    path: PathBuf,
    password: Option<SecretValue>,
}

impl SecretFile {
    pub(super) fn new(home: &Home, password: Option<SecretValue>) -> Self {
        Self { home: home.clone(), path: home.data.join("secrets.json"), password }
    }

    pub(super) fn place(&self) -> Place {
        if self.password.is_some() { Place::SealedFile } else { Place::File }
    }

    pub(super) fn set(&self, package: &PackageName, name: &Ident, value: &SecretValue) -> Result<(), OpsError> {
        let _lock = self.home.lock()?;
        let mut content = self.read()?.map_or_else(Content::default, |(content, _)| content);
        let old = content.0.entry(package.clone()).or_default().insert(name.clone(), value.expose().to_owned());
        drop(old.map(Zeroizing::new));
        self.write(content)
    }

    pub(super) fn get(&self, package: &PackageName, name: &Ident) -> Result<Option<SecretValue>, OpsError> {
        let Some((content, _)) = self.read()? else { return Ok(None) };
        Ok(content.0.get(package).and_then(|secrets| secrets.get(name)).cloned().map(SecretValue::new))
    }

    pub(super) fn list(&self) -> Result<Vec<(PackageName, Ident, Place)>, OpsError> {
        let Some((content, place)) = self.read()? else { return Ok(Vec::new()) };
        let all = content
            .0
            .iter()
            .flat_map(|(package, secrets)| secrets.keys().map(move |name| (package.clone(), name.clone(), place)));
        Ok(all.collect())
    }

    pub(super) fn remove(&self, package: &PackageName, name: &Ident) -> Result<bool, OpsError> {
        let _lock = self.home.lock()?;
        let Some((mut content, _)) = self.read()? else { return Ok(false) };
        let Some(secrets) = content.0.get_mut(package) else { return Ok(false) };
        let removed = secrets.remove(name).map(Zeroizing::new).is_some();
        if secrets.is_empty() {
            content.0.remove(package);
        }
        if removed {
            self.write(content)?;
        }
        Ok(removed)
    }

    /// What is in the file, and how it is kept; nothing when there is no file.
    fn read(&self) -> Result<Option<(Content, Place)>, OpsError> {
        let Some(text) = atomic_write::read_text_if_there(&self.path)?.map(Zeroizing::new) else { return Ok(None) };
        keys::check_mode(&self.path)?;
        let document: Document =
            serde_json::from_str(&text).map_err(|_| self.malformed("it is not a file of secrets"))?;
        match document {
            Document { version: VERSION, secrets: Some(content), sealed: None } => Ok(Some((content, Place::File))),
            Document { version: VERSION, secrets: None, sealed: Some(sealed) } => {
                let text = self.unseal(&sealed)?;
                let content = serde_json::from_slice(&text).map_err(|_| self.malformed("what it seals is damaged"))?;
                Ok(Some((content, Place::SealedFile)))
            }
            _ => Err(self.malformed("it has another form than version 1")),
        }
    }

    /// Sealed when there is a password.
    fn write(&self, content: Content) -> Result<(), OpsError> {
        let document = match &self.password {
            None => Document { version: VERSION, secrets: Some(content), sealed: None },
            Some(password) => {
                Document { version: VERSION, secrets: None, sealed: Some(self.seal(password, &content)?) }
            }
        };
        let bytes = serde_json::to_vec(&document).map_err(|_| self.malformed("it cannot be written"))?;
        Ok(atomic_write::write(&self.path, &Zeroizing::new(bytes), Readable::ByOwner)?)
    }

    fn seal(&self, password: &SecretValue, content: &Content) -> Result<Sealed, OpsError> {
        let text = serde_json::to_vec(content).map_err(|_| self.malformed("it cannot be written"))?;
        sealed::seal(password, PURPOSE, &Zeroizing::new(text)).map_err(|error| self.unopened(error))
    }

    fn unseal(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpsError> {
        let password = self.password.as_ref().ok_or(SecretError::Sealed)?;
        sealed::unseal(password, PURPOSE, sealed).map_err(|error| self.unopened(error))
    }

    fn unopened(&self, why: Unopened) -> OpsError {
        match why {
            Unopened::Password => SecretError::Sealed.into(),
            Unopened::Damaged(reason) => self.malformed(reason),
        }
    }

    fn malformed(&self, reason: &str) -> OpsError {
        MalformedFile { path: self.path.clone(), reason: reason.to_owned() }.into()
    }
}
