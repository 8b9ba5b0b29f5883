//! What a home keeps about one registry: a folder with the trusted state, proofs of forks, a lock, and a clone for addresses.
//!
//! The state file is the truth, written down durably before anything is used that it names. The reference in the clone only keeps
//! the objects of the trusted commit from being collected.

use crate::{
    RegistryError,
    atomic_write::{self, atomic_write},
    clone::Clone as IndexClone,
    copy, scratch, web,
};
use gix::ObjectId;
use mpp_index::state::TrustedState;
use mpp_schema::{Digest, FORMAT_MAJOR, FormatVersion};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

const STATE: &str = "state.json";
pub(crate) const LOCK: &str = "lock";
pub(crate) const EVIDENCE: &str = "evidence";
const CLONE: &str = "index.git";
const COPY: &str = "copy";
const DOWNLOADS: &str = "downloads";
const SEARCH: &str = "search";
/// How the folders for work in progress begin.
pub(crate) const WORK: &str = ".work-";

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// What is believed, and which commit it was read from: the null id where that was a copy, which has none.
#[derive(Debug, Clone)]
pub(crate) struct Believed {
    pub(crate) state: TrustedState,
    pub(crate) commit: ObjectId,
}

#[derive(Serialize, Deserialize)]
struct StateFile {
    mpp: FormatVersion,
    commit: String,
    trusted: TrustedState,
}

impl Store {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The clone of a registry at an address.
    pub(crate) fn clone_path(&self) -> PathBuf {
        self.folder.join(CLONE)
    }

    /// What is kept of a copy.
    pub(crate) fn copy_path(&self) -> PathBuf {
        self.folder.join(COPY)
    }

    /// What a search looks at.
    pub(crate) fn search_path(&self) -> PathBuf {
        self.folder.join(SEARCH)
    }

    /// Where parts of package files wait.
    pub(crate) fn downloads_path(&self) -> PathBuf {
        self.folder.join(DOWNLOADS)
    }

    /// Reads the trusted state; nothing when there is none yet.
    pub(crate) fn read(&self) -> Result<Option<Believed>, RegistryError> {
        let path = self.folder.join(STATE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RegistryError::io("read", path)(error)),
        };
        let wrong = |detail: String| RegistryError::State { path: path.clone(), detail };
        let file: StateFile = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if file.mpp.major > FORMAT_MAJOR {
            return Err(wrong(format!("it was written for format {}", file.mpp)));
        }
        let commit = ObjectId::from_hex(file.commit.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        Ok(Some(Believed { state: file.trusted, commit }))
    }

    /// Writes the trusted state down, durably.
    pub(crate) fn write(&self, believed: &Believed) -> Result<(), RegistryError> {
        let file = StateFile {
            mpp: FormatVersion::CURRENT,
            commit: believed.commit.to_string(),
            trusted: believed.state.clone(),
        };
        let text = serde_json::to_vec_pretty(&file).expect("our own shapes have only text keys and finite numbers");
        atomic_write(&self.folder.join(STATE), &text)
    }

    /// Keeps signed bytes that prove that a registry contradicts itself, under a name made of their digest.
    pub(crate) fn keep_evidence(&self, evidence: &[u8]) -> Result<PathBuf, RegistryError> {
        let path = self.folder.join(EVIDENCE).join(format!("{}.jsonl", Digest::of(evidence)));
        atomic_write(&path, evidence)?;
        Ok(path)
    }

    /// The proofs that were kept.
    pub(crate) fn evidence(&self) -> Result<Vec<PathBuf>, RegistryError> {
        let folder = self.folder.join(EVIDENCE);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(RegistryError::io("looked into", folder)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(RegistryError::io("looked into", &folder))?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes what killed processes left behind. Files are written under the lock, so whoever holds it knows that their writers are dead.
    fn sweep(&self) {
        scratch::sweep(&self.folder, WORK);
        let copy = self.copy_path();
        let objects = copy.join(copy::OBJECTS);
        [self.folder.clone(), self.folder.join(EVIDENCE), self.search_path(), copy, objects]
            .iter()
            .for_each(|folder| atomic_write::sweep(folder));
        IndexClone::at(self.clone_path()).sweep();
        web::sweep(&self.downloads_path());
    }

    /// Waits until no other process works on this folder, and keeps others out until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<File, RegistryError> {
        fs::create_dir_all(&self.folder).map_err(RegistryError::io("made the folder", &self.folder))?;
        let path = self.folder.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(RegistryError::io("opened", &path))?;
        lock.lock().map_err(RegistryError::io("locked", &path))?;
        self.sweep();
        Ok(lock)
    }
}
