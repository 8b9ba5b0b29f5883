//! A folder and files that only their owner can read and write, reached by handle and never through a link.

use crate::os::Found;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, fchmod, fstat,
    futimens, linkat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Whoever is not the owner.
const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);

/// An open folder of our own.
#[derive(Debug)]
pub(crate) struct PrivateFolder(OwnedFd);

impl PrivateFolder {
    /// Opens a folder, or makes it. A link and another's folder are errors.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let folder = Self(openat(CWD, path, flags, Mode::empty()).map_err(named)?);
        if fstat(&folder.0)?.st_uid != geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        Ok(folder)
    }

    /// Whether nobody else can look into it or change it.
    pub(crate) fn is_private(&self) -> bool {
        fstat(&self.0).is_ok_and(|found| !is_open_to_others(&found))
    }

    /// Shuts others out.
    pub(crate) fn make_private(&self) -> io::Result<()> {
        Ok(fchmod(&self.0, Mode::RWXU)?)
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

    /// Opens a file for reading and notes that it was used.
    pub(crate) fn find(&self, name: &str, bytes_max: u64) -> Found<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match openat(&self.0, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Found::Nothing,
            Err(Errno::LOOP) => return Found::Unfit("it is a link"),
            Err(_) => return Found::Unfit("it cannot be opened"),
        };
        let Ok(found) = fstat(&file) else { return Found::Unfit("it cannot be looked at") };
        if let Some(why) = unfit(&found) {
            return Found::Unfit(why);
        }
        let size = u64::try_from(found.st_size).unwrap_or(u64::MAX);
        if size > bytes_max {
            return Found::Unfit("it is too large");
        }
        let now = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        };
        // When a record was used decides only which goes first.
        let _ = futimens(&file, &now);
        Found::There(file.into())
    }

    /// Puts a file in place in one step.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.place(bytes, |temporary| renameat(&self.0, temporary, &self.0, name))
    }

    /// Puts a file in place in one step unless there is one.
    pub(crate) fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.place(bytes, |temporary| self.name_anew(temporary, name))
    }

    /// At once where the system can; elsewhere the file has two names for a moment.
    fn name_anew(&self, temporary: &str, name: &str) -> rustix::io::Result<()> {
        #[cfg(any(target_os = "linux", target_vendor = "apple"))]
        match rustix::fs::renameat_with(&self.0, temporary, &self.0, name, rustix::fs::RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            done => return done,
        }
        linkat(&self.0, temporary, &self.0, name, AtFlags::empty())?;
        unlinkat(&self.0, temporary, AtFlags::empty())
    }

    fn place(&self, bytes: &[u8], last: impl FnOnce(&str) -> rustix::io::Result<()>) -> io::Result<()> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let temporary = format!("{}{:016x}", super::super::TEMPORARY, u64::from_le_bytes(random));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.0, &temporary, flags, Mode::RUSR | Mode::WUSR)?;
        let written = File::from(file).write_all(bytes).and_then(|()| Ok(last(&temporary)?));
        if written.is_err() {
            self.remove(&temporary);
        }
        written
    }

    /// Removes a file, if it can be removed.
    pub(crate) fn remove(&self, name: &str) {
        let _ = unlinkat(&self.0, name, AtFlags::empty());
    }

    /// Names, sizes and seconds of last use of everything in it but folders.
    pub(crate) fn list(&self) -> io::Result<Vec<(String, u64, i64)>> {
        let mut listed = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let Ok(found) = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
                listed.push((name.to_owned(), u64::try_from(found.st_size).unwrap_or(0), found.st_mtime));
            }
        }
        Ok(listed)
    }
}

fn named(error: Errno) -> io::Error {
    match error {
        Errno::NOTDIR | Errno::LOOP => io::Error::new(io::ErrorKind::NotADirectory, "it is a link, or not a folder"),
        error => error.into(),
    }
}

fn is_open_to_others(found: &Stat) -> bool {
    Mode::from_raw_mode(found.st_mode).intersects(OTHERS)
}

/// Why a file is not one that this user wrote for itself.
fn unfit(found: &Stat) -> Option<&'static str> {
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Some("it is not a plain file");
    }
    if found.st_uid != geteuid().as_raw() {
        return Some("it belongs to another user");
    }
    if is_open_to_others(found) {
        return Some("others can read or write it");
    }
    (found.st_nlink != 1).then_some("it has a second name")
}
