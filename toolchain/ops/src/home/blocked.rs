//! Packages that must not run: one record for each package digest that a registry was seen to block (spec/index.md IDX-64).
//!
//! Records are only added. A file that cannot be read stops the package too: nobody makes a blocked package run by spoiling a file.

use super::{Home, MalformedFile};
use crate::{
    OpsError,
    atomic_write::{self, Readable},
};
use mpp_schema::{Code, Coded, Digest, FormatVersion, Instant, PackageName, RegistryId, Version, codes, text};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A package that must not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedRecord {
    /// The format's version.
    pub mpp: FormatVersion,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The registry that said so.
    pub registry: RegistryId,
    /// Whether the registry blocked it, and not its publisher.
    pub by_registry: bool,
    /// Why, in their words.
    pub reason: String,
    /// When they said so.
    pub issued: Instant,
}

/// The package must not run.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not run `{}@{}`: its {} blocked it: \"{}\"",
    .0.name,
    .0.version,
    if .0.by_registry { "registry" } else { "publisher" },
    text::excerpt(&.0.reason)
)]
pub struct Blocked(pub BlockedRecord);

impl Coded for Blocked {
    fn code(&self) -> Code {
        codes::PKG_BLOCKED
    }
    fn hints(&self) -> Vec<String> {
        let name = &self.0.name;
        vec![format!("mpp info {name}"), format!("mpp install {name}"), format!("mpp uninstall {name}")]
    }
}

impl Home {
    fn blocked_path(&self, digest: Digest) -> PathBuf {
        self.data.join("blocked").join(format!("{digest}.json"))
    }

    /// Remembers for good that a package must not run.
    pub fn remember_blocked(&self, digest: Digest, record: &BlockedRecord) -> Result<(), OpsError> {
        let path = self.blocked_path(digest);
        if path.exists() {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(record)
            .map_err(|error| MalformedFile { path: path.clone(), reason: error.to_string() })?;
        Ok(atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?)
    }

    /// What is remembered about a package that must not run.
    pub fn blocked(&self, digest: Digest) -> Result<Option<BlockedRecord>, OpsError> {
        let path = self.blocked_path(digest);
        let Some(bytes) = atomic_write::read_if_there(&path)? else { return Ok(None) };
        let record = serde_json::from_slice(&bytes)
            .map_err(|error| MalformedFile { path: path.clone(), reason: error.to_string() })?;
        Ok(Some(record))
    }
}
