//! Installed packages: one record a package, and the files they name by digest.
//!
//! A record appears after its file is complete and synced, and disappears before its file does, so that what is listed can be run.

use super::{Home, MalformedFile};
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_schema::{Code, Coded, Digest, FormatVersion, Instant, PackageName, RegistryId, Version, codes};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is known about an installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledRecord {
    /// The format's version.
    pub mpp: FormatVersion,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Package digest.
    pub digest: Digest,
    /// SHA-256 of its file.
    pub file: Digest,
    /// The minisign public keys that made it acceptable when it was installed.
    pub publishers: Vec<String>,
    /// The registry it came from; nothing for a loose file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryId>,
    /// The registry that a lock file names, when that one could not be asked who may have signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_from: Option<RegistryId>,
    /// One sentence.
    pub description: String,
    /// When it was installed.
    pub installed: Instant,
}

impl InstalledRecord {
    /// The registry that says how it stands.
    pub fn source(&self) -> Option<RegistryId> {
        self.registry.or(self.locked_from)
    }
}

/// The package is not installed.
#[derive(Debug, thiserror::Error)]
#[error("could not find `{0}` among the installed packages")]
pub struct NotInstalled(pub PackageName);

impl Coded for NotInstalled {
    fn code(&self) -> Code {
        codes::PACKAGE_NOT_INSTALLED
    }
    fn hints(&self) -> Vec<String> {
        vec![format!("mpp install {}", self.0), "mpp list".to_owned()]
    }
}

impl Home {
    fn installed_folder(&self) -> PathBuf {
        self.data.join("installed")
    }

    pub(crate) fn record_path(&self, name: &PackageName) -> PathBuf {
        self.installed_folder().join(name.namespace().as_str()).join(format!("{}.json", name.name()))
    }

    /// Where the file with this digest is kept.
    pub fn package_path(&self, file: Digest) -> PathBuf {
        self.data.join("packages").join(format!("{file}.mpp"))
    }

    /// Keeps a package: its file first, then what it replaces, then its record.
    pub fn keep(&self, record: &InstalledRecord, file: &[u8]) -> Result<(), OpsError> {
        let _lock = self.lock()?;
        atomic_write::write(&self.package_path(record.file), file, Readable::ByAll)?;
        let path = self.record_path(&record.name);
        let dropped = match atomic_write::read_if_there(&path)? {
            Some(bytes) => self.remember_replaced(&parse(&path, &bytes)?, record)?,
            None => Vec::new(),
        };
        let text = serde_json::to_string_pretty(record).map_err(|error| malformed(&path, &error))?;
        atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?;
        dropped.iter().try_for_each(|dropped| self.remove_unnamed(&record.name, dropped.file))
    }

    /// Forgets a package and what it was before: its record first, then the files that no other record names.
    pub fn forget(&self, name: &PackageName) -> Result<InstalledRecord, OpsError> {
        let _lock = self.lock()?;
        let record = self.installed(name)?;
        let path = self.record_path(name);
        fs::remove_file(&path).map_err(IoError::on("remove", &path))?;
        for earlier in self.forget_history(name)?.iter().chain([&record]) {
            self.remove_unnamed(name, earlier.file)?;
        }
        Ok(record)
    }

    /// Removes a file of a package unless a record still names it.
    fn remove_unnamed(&self, name: &PackageName, file: Digest) -> Result<(), OpsError> {
        let named = self.history(name)?.iter().chain(&self.all_installed()?).any(|other| other.file == file);
        let path = self.package_path(file);
        if named {
            return Ok(());
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(IoError::new("remove", &path, error).into())
            }
            _ => Ok(()),
        }
    }

    /// The record of one package.
    pub fn installed(&self, name: &PackageName) -> Result<InstalledRecord, OpsError> {
        let bytes = atomic_write::read_if_there(&self.record_path(name))?;
        let bytes = bytes.ok_or_else(|| NotInstalled(name.clone()))?;
        parse(&self.record_path(name), &bytes)
    }

    /// Every record, sorted by name.
    pub fn all_installed(&self) -> Result<Vec<InstalledRecord>, OpsError> {
        let mut records = Vec::new();
        for namespace in entries(&self.installed_folder())? {
            for path in entries(&namespace)? {
                if path.extension().is_some_and(|extension| extension == "json") {
                    let bytes = fs::read(&path).map_err(IoError::on("read", &path))?;
                    records.push(parse(&path, &bytes)?);
                }
            }
        }
        records.sort_by(|a: &InstalledRecord, b| a.name.cmp(&b.name));
        Ok(records)
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<InstalledRecord, OpsError> {
    Ok(serde_json::from_slice(bytes).map_err(|error| malformed(path, &error))?)
}

fn malformed(path: &Path, error: &serde_json::Error) -> MalformedFile {
    MalformedFile { path: path.to_owned(), reason: error.to_string() }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(IoError::on("list the folder", folder))?.path())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(IoError::new("list the folder", folder, error)),
    }
}
