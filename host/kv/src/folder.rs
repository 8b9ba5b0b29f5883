//! The folder that holds the stores of one home: one folder for each store, with a file that says whose it is.
//!
//! ```text
//! <folder>/<32 hex digits>/owner.json   whose store it is, or whose it continues
//!                          lock         held by the process that has the store open
//!                          socket       where that process serves the others
//!                          db/          the data
//! ```

use crate::claim::{Claim, folder_name};
use crate::error::KvError;
use crate::os;
use mpp_schema::{FormatVersion, KeyId, PackageName};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

/// A record is some hundred bytes.
const OWNER_BYTES_MAX: u64 = 4_096;

/// How often one store may continue another.
const ROTATIONS_MAX: usize = 16;

/// Whose store it is: the file `owner.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    /// The format's version.
    mpp: FormatVersion,
    /// The key that claimed it.
    publisher: KeyId,
    /// The package.
    package: PackageName,
    /// The key whose store is used, after that key was replaced by `publisher`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continues: Option<KeyId>,
}

/// A store that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The key that claimed it.
    pub publisher: KeyId,
    /// The package.
    pub package: PackageName,
    /// Its folder.
    pub folder: PathBuf,
}

impl Kept {
    /// What opens it.
    pub fn claim(&self) -> Claim {
        Claim { publishers: vec![self.publisher], package: self.package.clone() }
    }
}

/// The folder of the store that `claim` opens, made when there is none.
pub(crate) fn find_or_claim(home: &Path, claim: &Claim) -> Result<PathBuf, KvError> {
    for publisher in &claim.publishers {
        if let Some(kept) = find(home, *publisher, &claim.package)? {
            return private(kept.folder);
        }
    }
    let publisher = *claim.publishers.first().ok_or(KvError::NoStore)?;
    let folder = home.join(folder_name(publisher, &claim.package));
    let owner = Owner { mpp: FormatVersion::CURRENT, publisher, package: claim.package.clone(), continues: None };
    write_owner(&folder, &owner)?;
    private(folder)
}

/// Lets the store of `from` be opened by `to` as well. What `to` has already stays; says whether anything was done.
pub(crate) fn continue_as(home: &Path, package: &PackageName, from: KeyId, to: KeyId) -> Result<bool, KvError> {
    let folder = home.join(folder_name(to, package));
    if from == to || find(home, from, package)?.is_none() || read_owner(&folder)?.is_some() {
        return Ok(false);
    }
    let owner = Owner { mpp: FormatVersion::CURRENT, publisher: to, package: package.clone(), continues: Some(from) };
    write_owner(&folder, &owner).map(|()| true)
}

/// All stores, in the order of packages.
pub(crate) fn all(home: &Path) -> Result<Vec<Kept>, KvError> {
    let mut kept = Vec::new();
    for folder in folders(home)? {
        if let Some(Owner { publisher, package, continues: None, .. }) = read_owner(&folder)? {
            kept.push(Kept { publisher, package, folder });
        }
    }
    kept.sort_by(|a, b| (&a.package, a.publisher).cmp(&(&b.package, b.publisher)));
    Ok(kept)
}

/// Removes the folder of a store and what leads to it. Only for whoever holds its lock.
pub(crate) fn remove(home: &Path, kept: &Kept) -> Result<(), KvError> {
    for folder in folders(home)? {
        let leads_here = read_owner(&folder)?.is_some_and(|owner| {
            owner.package == kept.package && owner.continues.is_some() && {
                find(home, owner.publisher, &owner.package).is_ok_and(|found| found.as_ref() == Some(kept))
            }
        });
        if leads_here {
            remove_folder(&folder)?;
        }
    }
    remove_folder(&kept.folder)
}

/// The owner goes first: what is left of a removal that was cut short belongs to nobody.
fn remove_folder(folder: &Path) -> Result<(), KvError> {
    fs::remove_file(folder.join("owner.json")).map_err(KvError::io("remove", folder))?;
    fs::remove_dir_all(folder).map_err(KvError::io("remove", folder))
}

fn folders(home: &Path) -> Result<Vec<PathBuf>, KvError> {
    let entries = match fs::read_dir(home) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(KvError::io("read", home)(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<io::Result<_>>().map_err(KvError::io("read", home))
}

/// The store that a key claimed, or continues.
pub(crate) fn find(home: &Path, publisher: KeyId, package: &PackageName) -> Result<Option<Kept>, KvError> {
    let mut publisher = publisher;
    for _ in 0..ROTATIONS_MAX {
        let folder = home.join(folder_name(publisher, package));
        match read_owner(&folder)? {
            None => return Ok(None),
            Some(owner) if owner.publisher != publisher || owner.package != *package => {
                return Err(KvError::Damaged { path: folder, what: "it says that it is somebody else's".to_owned() });
            }
            Some(Owner { continues: None, package, .. }) => return Ok(Some(Kept { publisher, package, folder })),
            Some(Owner { continues: Some(before), .. }) => publisher = before,
        }
    }
    let path = home.join(folder_name(publisher, package));
    Err(KvError::Damaged { path, what: format!("it continues more than {ROTATIONS_MAX} others") })
}

fn private(folder: PathBuf) -> Result<PathBuf, KvError> {
    if os::is_private(&folder).map_err(KvError::io("look at", &folder))? {
        Ok(folder)
    } else {
        Err(KvError::NotPrivate { path: folder })
    }
}

fn read_owner(folder: &Path) -> Result<Option<Owner>, KvError> {
    let path = folder.join("owner.json");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(KvError::io("read", &path)(error)),
    };
    let mut text = Vec::new();
    file.take(OWNER_BYTES_MAX).read_to_end(&mut text).map_err(KvError::io("read", &path))?;
    let owner = serde_json::from_slice(&text);
    owner
        .map(Some)
        .map_err(|error| KvError::Damaged { path: folder.to_owned(), what: format!("`owner.json`: {error}") })
}

/// Appears whole or not at all; of several processes that do this at once, all write the same.
fn write_owner(folder: &Path, owner: &Owner) -> Result<(), KvError> {
    os::make_private(folder).map_err(KvError::io("make", folder))?;
    let path = folder.join("owner.json");
    let written = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".owner-").tempfile_in(folder)?;
        serde_json::to_writer(&mut file, owner)?;
        file.as_file_mut().flush()?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    };
    written().map_err(KvError::io("write", &path))
}
