//! Records in a folder of the user's own, and their key in a file elsewhere (HOST-85 to HOST-87).
//!
//! Several processes use one folder at a time: files appear whole, and one that vanishes is made again.

use super::{CodeCache, RecordName};
use crate::os::{Found, PrivateFolder};
use mpp_package::verify::RecordKey;
use mpp_schema::{Code, Coded, codes};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A record is not larger than this: code takes some bytes for each byte of a component, and those are limited.
const RECORD_BYTES_MAX: u64 = 512 << 20;

/// Records in a folder.
#[derive(Debug)]
pub struct FolderCache {
    folder: PrivateFolder,
    key: RecordKey,
    bytes_max: u64,
    faults: Mutex<Vec<String>>,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("could not use `{}` for compiled code", path.display())]
pub struct FolderCacheError {
    path: PathBuf,
    source: io::Error,
}

impl Coded for FolderCacheError {
    fn code(&self) -> Code {
        codes::CACHE_INVALID
    }
    fn hints(&self) -> Vec<String> {
        vec![format!("ls -ld {0}; tools run without it, and start slower", self.path.display())]
    }
}

impl FolderCache {
    /// What a folder may hold unless somebody says otherwise.
    pub const BYTES_MAX: u64 = 1 << 30;

    /// Opens the folder and the key, or makes them. The folder holds at most `bytes_max`: the records that were not used for longest go.
    ///
    /// # Errors
    /// [`FolderCacheError`]: the folder is a link or another's, or a file cannot be made. A folder that others could write to is emptied
    /// and closed to them, and a key that others could read is replaced; both are told by [`faults`](Self::faults).
    pub fn open(folder: &Path, key_file: &Path, bytes_max: u64) -> Result<Self, FolderCacheError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderCacheError { path, source }
        };
        let mut faults = Vec::new();
        let key = key(key_file, &mut faults).map_err(failed(key_file))?;
        let opened = PrivateFolder::open(folder).map_err(failed(folder))?;
        let cache = Self { folder: opened, key, bytes_max, faults: Mutex::new(faults) };
        cache.close_to_others().map_err(failed(folder))?;
        Ok(cache)
    }

    /// What was found that should not have been there, in words, since this was asked last.
    pub fn faults(&self) -> Vec<String> {
        std::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Names and bytes of the records.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn records(&self) -> io::Result<Vec<(String, u64)>> {
        Ok(self.folder.list()?.into_iter().map(|(name, bytes, _)| (name, bytes)).collect())
    }

    /// Removes every record.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn clear(&self) -> io::Result<()> {
        self.folder.list()?.iter().for_each(|(name, ..)| self.folder.remove(name));
        Ok(())
    }

    /// Whatever others may have put in is not looked at.
    fn close_to_others(&self) -> io::Result<()> {
        if self.folder.is_private() {
            return Ok(());
        }
        self.fault("others could write to the folder of compiled code; it was emptied".to_owned());
        self.folder.make_private()?;
        self.clear()
    }

    fn fault(&self, what: String) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Makes room by removing what was not used for longest.
    fn evict(&self) {
        let Ok(mut listed) = self.folder.list() else { return };
        let mut total: u64 = listed.iter().map(|(_, bytes, _)| bytes).sum();
        listed.sort_by_key(|(_, _, used)| *used);
        for (name, bytes, _) in &listed {
            if total <= self.bytes_max {
                return;
            }
            self.folder.remove(name);
            total -= bytes;
        }
    }
}

impl CodeCache for FolderCache {
    fn key(&self) -> &RecordKey {
        &self.key
    }

    fn open(&self, name: &RecordName) -> Option<Box<dyn Read>> {
        if self.close_to_others().is_err() {
            return None;
        }
        match self.folder.find(name.as_str(), RECORD_BYTES_MAX) {
            Found::Nothing => None,
            Found::There(file) => Some(Box::new(file.take(RECORD_BYTES_MAX))),
            Found::Unfit(why) => {
                self.discard(name, why);
                None
            }
        }
    }

    fn put(&self, name: &RecordName, record: &[u8]) {
        let bytes = record.len() as u64;
        if bytes <= self.bytes_max.min(RECORD_BYTES_MAX) && self.folder.write(name.as_str(), record).is_ok() {
            self.evict();
        }
    }

    fn discard(&self, name: &RecordName, why: &str) {
        self.folder.remove(name.as_str());
        self.fault(format!("the compiled code {name} was removed: {why}"));
    }
}

/// The key in a file, or a new one.
fn key(file: &Path, faults: &mut Vec<String>) -> io::Result<RecordKey> {
    let nowhere = || io::Error::new(io::ErrorKind::InvalidInput, "the path names no file");
    let folder = PrivateFolder::open(file.parent().ok_or_else(nowhere)?)?;
    let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(nowhere)?;
    loop {
        let unfit = match folder.read(name, 33) {
            Found::Nothing => None,
            Found::Unfit(why) => Some(why),
            Found::There(bytes) => match bytes.try_into() {
                Ok(bytes) => return Ok(RecordKey::from_bytes(bytes)),
                Err(_) => Some("it has another size"),
            },
        };
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let made = match unfit {
            // Several processes may begin at once; one of them makes the key, and all use it.
            None => folder.create(name, &bytes),
            Some(why) => {
                faults.push(format!("the key of compiled code was replaced: {why}"));
                folder.write(name, &bytes)
            }
        };
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => {}
        }
    }
}
