//! A folder of the user's profile, which the system keeps others out of. Links are told by their attributes.

use crate::os::Found;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A folder of our own.
#[derive(Debug)]
pub(crate) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// Opens a folder, or makes it. A link is an error.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        if !fs::symlink_metadata(path)?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is a link, or not a folder"));
        }
        Ok(Self(path.to_owned()))
    }

    /// The profile's access list says so.
    pub(crate) fn is_private(&self) -> bool {
        true
    }

    /// Nothing to do.
    pub(crate) fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    /// Reads a whole file and notes that it was used.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Found<Vec<u8>> {
        let file = match self.find(name, bytes_max) {
            Found::There(file) => file,
            Found::Nothing => return Found::Nothing,
            Found::Unfit(why) => return Found::Unfit(why),
        };
        let mut bytes = Vec::new();
        match file.take(bytes_max).read_to_end(&mut bytes) {
            Ok(_) => Found::There(bytes),
            Err(_) => Found::Unfit("it cannot be read"),
        }
    }

    /// Opens a file for reading.
    pub(crate) fn find(&self, name: &str, bytes_max: u64) -> Found<fs::File> {
        let path = self.0.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => return Found::Unfit("it is not a plain file"),
            Ok(found) if found.len() > bytes_max => return Found::Unfit("it is too large"),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(_) => return Found::Unfit("it cannot be looked at"),
        }
        fs::File::open(&path).map_or(Found::Unfit("it cannot be opened"), Found::There)
    }

    /// Puts a file in place in one step.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.place(bytes, |temporary| fs::rename(temporary, self.0.join(name)))
    }

    /// Puts a file in place in one step unless there is one.
    pub(crate) fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.place(bytes, |temporary| {
            fs::hard_link(temporary, self.0.join(name))?;
            fs::remove_file(temporary)
        })
    }

    fn place(&self, bytes: &[u8], last: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("{}{:016x}", super::super::TEMPORARY, u64::from_le_bytes(random));
        let temporary = self.0.join(&name);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary);
        let written = file.and_then(|mut file| file.write_all(bytes)).and_then(|()| last(&temporary));
        if written.is_err() {
            self.remove(&name);
        }
        written
    }

    /// Removes a file, if it can be removed.
    pub(crate) fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.0.join(name));
    }

    /// Names, sizes and seconds of last use of everything in it but folders.
    pub(crate) fn list(&self) -> io::Result<Vec<(String, u64, i64)>> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let (Ok(name), Ok(found)) = (entry.file_name().into_string(), entry.metadata()) else { continue };
            let used = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            if !found.is_dir() {
                listed.push((name, found.len(), used.map_or(0, |used| used.as_secs().cast_signed())));
            }
        }
        Ok(listed)
    }
}
