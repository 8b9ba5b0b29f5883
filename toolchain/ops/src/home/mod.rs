//! The state of one user: keys, trust, registries and installed packages, under `MPP_HOME` or the XDG folders.
//!
//! Every file is written whole or not at all. Nothing here decides about trust; it keeps what was decided.

pub mod agent_tokens;
pub mod agents;
mod aliases;
pub mod approver;
pub mod asked;
pub mod audit_log;
pub mod blocked;
pub mod first_use;
pub mod grants;
pub mod history;
pub mod installed;
pub mod keys;
mod kv;
pub mod ledger;
pub mod owner;
pub mod pins;
pub mod policy;
pub mod privacy;
pub mod registries;
pub mod registry_keys;
pub mod sessions;
pub mod trusted;
pub mod waiting;

use crate::atomic_write::IoError;
use mpp_schema::{Code, Coded, codes};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folders of one user.
#[derive(Debug, Clone)]
pub struct Home {
    /// What the user decided: trust, registries.
    pub config: PathBuf,
    /// What must not be lost: keys, installed packages, registry state.
    pub data: PathBuf,
    /// What can be made again.
    pub cache: PathBuf,
}

impl Home {
    /// Everything below one folder: what `MPP_HOME` names.
    pub fn below(folder: &Path) -> Self {
        Self { config: folder.join("config"), data: folder.join("data"), cache: folder.join("cache") }
    }

    /// An exclusive lock for a change of the home that reads before it writes; held until the value is dropped.
    pub(crate) fn lock(&self) -> Result<fs::File, IoError> {
        fs::create_dir_all(&self.data).map_err(IoError::on("make the folder", &self.data))?;
        let path = self.data.join("lock");
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(IoError::on("open", &path))?;
        file.lock().map_err(IoError::on("lock", &path))?;
        Ok(file)
    }

    /// Changes a TOML file of the home while nobody else does; says whether something changed, and writes only then.
    fn edit_toml<T, E>(&self, path: &Path, edit: impl FnOnce(&mut T) -> Result<(), E>) -> Result<bool, crate::OpsError>
    where
        T: serde::de::DeserializeOwned + serde::Serialize + Default + Clone + PartialEq,
        crate::OpsError: From<E>,
    {
        let _lock = self.lock()?;
        let before: T = read_toml(path)?;
        let mut file = before.clone();
        edit(&mut file)?;
        if file == before {
            return Ok(false);
        }
        write_toml(path, &file)?;
        Ok(true)
    }
}

impl Home {
    /// The files and folders that change when what a package may do changes: its tokens and what became of them, who is known, the policy,
    /// and what is blocked.
    pub(crate) fn decision_places(&self, package: &mpp_schema::PackageName) -> Vec<PathBuf> {
        let mut places = self.common_places();
        places.push(self.grants_place(package));
        places
    }

    /// The folder of a package's tokens.
    pub(crate) fn grants_place(&self, package: &mpp_schema::PackageName) -> PathBuf {
        self.data.join("grants").join(package.namespace().as_str()).join(package.name().as_str())
    }

    /// The same for whatever all packages have in common.
    pub(crate) fn common_places(&self) -> Vec<PathBuf> {
        let settings = ["policy.toml", "trust.toml", "pins.toml"].map(|name| self.config.join(name));
        let kept = ["keys", "owner", "blocked", "grants", "grants-used", "grants-revoked"];
        settings.into_iter().chain(kept.map(|name| self.data.join(name))).collect()
    }

    /// The folders that change when packages are installed or removed.
    pub(crate) fn installed_places(&self) -> Vec<PathBuf> {
        let installed = self.data.join("installed");
        let namespaces = fs::read_dir(&installed).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut places: Vec<PathBuf> = namespaces.collect();
        places.sort();
        places.insert(0, installed);
        places
    }
}

impl Home {
    /// The files and folders that change when the names of tools do: packages, and what the user calls them.
    pub(crate) fn listed_places(&self) -> Vec<PathBuf> {
        let mut places = self.installed_places();
        places.push(self.aliases_path());
        places
    }
}

/// A file of the home that does not have the shape of its format.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`: {reason}", path.display())]
pub struct MalformedFile {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

impl Coded for MalformedFile {
    fn code(&self) -> Code {
        codes::FORMAT_MALFORMED
    }
    fn hints(&self) -> Vec<String> {
        vec![format!("correct or remove {}", self.path.display())]
    }
}

/// Reads a TOML file of the home; an absent one is the default.
pub(crate) fn read_toml<T: serde::de::DeserializeOwned + Default>(path: &Path) -> Result<T, crate::OpsError> {
    match crate::atomic_write::read_text_if_there(path)? {
        None => Ok(T::default()),
        Some(text) => toml::from_str(&text)
            .map_err(|error| MalformedFile { path: path.to_owned(), reason: error.to_string() }.into()),
    }
}

/// Writes a TOML file of the home.
pub(crate) fn write_toml<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), crate::OpsError> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| MalformedFile { path: path.to_owned(), reason: error.to_string() })?;
    Ok(crate::atomic_write::write(path, text.as_bytes(), crate::atomic_write::Readable::ByAll)?)
}
