//! `mpp-vendor/` of a project: the files of its locked packages, and the keys that signed them (spec/project.md PROJ-5, PROJ-8).
//!
//! Nothing in it is believed because it is there: a file counts by its digest, a key by its id.

use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_package::key::PublicKey;
use mpp_schema::{Digest, KeyId};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What the folder is called.
pub(crate) const FOLDER: &str = "mpp-vendor";
const KEYS: &str = "keys";
/// A key file has two short lines.
const KEY_BYTES_MAX: u64 = 1024;

/// The folder.
pub(crate) struct Vendored {
    folder: PathBuf,
}

impl Vendored {
    /// That of the project in `folder`, which need not be there.
    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.join(FOLDER) }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a package file is.
    pub(crate) fn package_path(&self, file: Digest) -> PathBuf {
        self.folder.join(format!("{file}.mpp"))
    }

    fn key_path(&self, key: KeyId) -> PathBuf {
        self.folder.join(KEYS).join(format!("{key}.pub"))
    }

    /// The key of this id. A file that holds another one, or none, is as good as no file.
    pub(crate) fn key(&self, id: KeyId) -> Result<Option<PublicKey>, OpsError> {
        let path = self.key_path(id);
        match fs::metadata(&path) {
            Ok(about) if about.len() <= KEY_BYTES_MAX => {}
            _ => return Ok(None),
        }
        let bytes = atomic_write::read_if_there(&path)?.unwrap_or_default();
        let key = std::str::from_utf8(&bytes).ok().and_then(|text| PublicKey::from_file_text(text).ok());
        Ok(key.filter(|key| key.id() == id))
    }

    /// Puts a package file there; says whether it was not there before.
    pub(crate) fn put_package(&self, file: Digest, bytes: &[u8]) -> Result<bool, OpsError> {
        put(&self.package_path(file), bytes)
    }

    /// Puts a key there; says whether it was not there before.
    pub(crate) fn put_key(&self, key: &PublicKey) -> Result<bool, OpsError> {
        put(&self.key_path(key.id()), key.to_file_text().as_bytes())
    }

    /// Removes package files and keys that are not among these. Files of other names are somebody else's.
    pub(crate) fn keep_only(&self, files: &BTreeSet<Digest>, keys: &BTreeSet<KeyId>) -> Result<usize, OpsError> {
        let packages = remove(&self.folder, ".mpp", |name| name.parse().is_ok_and(|file| !files.contains(&file)))?;
        let keys = remove(&self.folder.join(KEYS), ".pub", |name| name.parse().is_ok_and(|key| !keys.contains(&key)))?;
        Ok(packages + keys)
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<bool, OpsError> {
    if atomic_write::read_if_there(path)?.is_some_and(|there| there == bytes) {
        return Ok(false);
    }
    atomic_write::write(path, bytes, Readable::ByAll)?;
    Ok(true)
}

/// Removes the files whose names end so, and of whose beginning `is_old` is true.
fn remove(folder: &Path, ending: &str, is_old: impl Fn(&str) -> bool) -> Result<usize, OpsError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(IoError::on("list the folder", folder))?,
    };
    let mut removed = 0;
    for entry in entries {
        let path = entry.map_err(IoError::on("list the folder", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ending));
        if name.is_some_and(&is_old) {
            fs::remove_file(&path).map_err(IoError::on("remove", &path))?;
            removed += 1;
        }
    }
    Ok(removed)
}
