//! What was installed before: of each package the last versions, of each project the last lock files (spec/project.md PROJ-17).
//!
//! Nothing here is believed for being here: whoever goes back verifies again. Kept apart from `installed/`, whose folders `serve` watches.

use super::{Home, MalformedFile, installed::InstalledRecord};
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_schema::{Code, Coded, Digest, FormatVersion, PackageName, codes, lock::Lockfile};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How many versions of a package, and lock files of a project, are remembered.
const EARLIER_MAX: usize = 5;

/// What was there before, the newest last.
#[derive(Debug, Serialize, Deserialize)]
struct Earlier<T> {
    mpp: FormatVersion,
    earlier: Vec<T>,
}

/// There is nothing to go back to.
#[derive(Debug, thiserror::Error)]
#[error("could not go back: nothing is remembered of what {0} before")]
pub struct NoHistory(pub String);

impl Coded for NoHistory {
    fn code(&self) -> Code {
        codes::HISTORY_EMPTY
    }
    fn hints(&self) -> Vec<String> {
        vec!["choose a version: mpp install NAMESPACE:NAME@VERSION".to_owned(), "mpp list".to_owned()]
    }
}

impl Home {
    fn history_path(&self, name: &PackageName) -> PathBuf {
        let folder = self.data.join("history").join("packages").join(name.namespace().as_str());
        folder.join(format!("{}.json", name.name()))
    }

    fn lock_history_path(&self, project: &Path) -> PathBuf {
        let folder = Digest::of(project.as_os_str().as_encoded_bytes());
        self.data.join("history").join("locks").join(format!("{folder}.json"))
    }

    /// The versions of a package that were installed before the present one, the last one last.
    pub fn history(&self, name: &PackageName) -> Result<Vec<InstalledRecord>, OpsError> {
        read(&self.history_path(name))
    }

    /// Remembers a record that another takes the place of. Gives those that were dropped for it. Only for whoever holds the home's lock.
    pub(super) fn remember_replaced(
        &self,
        replaced: &InstalledRecord,
        by: &InstalledRecord,
    ) -> Result<Vec<InstalledRecord>, OpsError> {
        if replaced.digest == by.digest && replaced.file == by.file {
            return Ok(Vec::new());
        }
        let mut all = self.history(&by.name)?;
        all.retain(|earlier| earlier.file != by.file && earlier.file != replaced.file);
        all.push(replaced.clone());
        let dropped = all.drain(..all.len().saturating_sub(EARLIER_MAX)).collect();
        write(&self.history_path(&by.name), all)?;
        Ok(dropped)
    }

    /// Forgets what a package was before, and gives it. Only for whoever holds the home's lock.
    pub(super) fn forget_history(&self, name: &PackageName) -> Result<Vec<InstalledRecord>, OpsError> {
        let (all, path) = (self.history(name)?, self.history_path(name));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(IoError::new("remove", &path, error).into())
            }
            _ => Ok(all),
        }
    }

    /// The lock files that a project had before the present one, the last one last.
    pub fn lock_history(&self, project: &Path) -> Result<Vec<Lockfile>, OpsError> {
        read(&self.lock_history_path(project))
    }

    /// Remembers a lock file that another takes the place of.
    pub fn remember_lock(&self, project: &Path, replaced: &Lockfile, by: &Lockfile) -> Result<(), OpsError> {
        let _lock = self.lock()?;
        let mut all = self.lock_history(project)?;
        all.retain(|earlier| earlier != by && earlier != replaced);
        all.push(replaced.clone());
        all.drain(..all.len().saturating_sub(EARLIER_MAX));
        write(&self.lock_history_path(project), all)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, OpsError> {
    let Some(bytes) = atomic_write::read_if_there(path)? else { return Ok(Vec::new()) };
    let file: Earlier<T> = serde_json::from_slice(&bytes).map_err(|error| malformed(path, &error))?;
    Ok(file.earlier)
}

fn write<T: Serialize>(path: &Path, earlier: Vec<T>) -> Result<(), OpsError> {
    let file = Earlier { mpp: FormatVersion::CURRENT, earlier };
    let text = serde_json::to_string_pretty(&file).map_err(|error| malformed(path, &error))?;
    Ok(atomic_write::write(path, text.as_bytes(), Readable::ByAll)?)
}

fn malformed(path: &Path, error: &serde_json::Error) -> MalformedFile {
    MalformedFile { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use crate::home::{Home, installed::InstalledRecord};
    use mpp_schema::{Digest, FormatVersion, Instant};

    fn record(version: u64) -> InstalledRecord {
        InstalledRecord {
            mpp: FormatVersion::CURRENT,
            name: "acme:md".parse().unwrap(),
            version: format!("{version}.0.0").parse().unwrap(),
            digest: Digest::of(&version.to_le_bytes()),
            file: Digest::of(&version.to_be_bytes()),
            publishers: Vec::new(),
            registry: None,
            locked_from: None,
            description: String::new(),
            installed: Instant::from_unix_seconds(0).unwrap(),
        }
    }

    /// PROJ-17.
    #[test]
    fn the_last_five_versions_stay_with_their_files_and_no_other_does() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let name = record(0).name;
        let check = |expected: &[u64]| {
            let found: Vec<_> = home.history(&name).unwrap().iter().map(|earlier| earlier.version.major).collect();
            assert_eq!(found, expected);
            let kept: Vec<_> = (0..9).filter(|version| home.package_path(record(*version).file).exists()).collect();
            let mut named: Vec<_> = expected.to_vec();
            named.extend(home.installed(&name).ok().map(|record| record.version.major));
            named.sort_unstable();
            assert_eq!(kept, named);
        };
        let keep = |version| home.keep(&record(version), b"").unwrap();
        keep(0);
        check(&[]);
        keep(0);
        check(&[]);
        (1..7).for_each(keep);
        check(&[1, 2, 3, 4, 5]);
        // Going back leaves the way forward.
        keep(4);
        check(&[1, 2, 3, 5, 6]);
        home.forget(&name).unwrap();
        check(&[]);
    }
}
