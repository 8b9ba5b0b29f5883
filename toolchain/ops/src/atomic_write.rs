//! Files appear whole or not at all: written under a temporary name in the same folder, synced, then renamed.

use mpp_schema::{Code, Coded, codes};
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readable {
    /// Whoever the folder lets in.
    ByAll,
    /// Only its owner.
    ByOwner,
}

/// A file or folder could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{}`", path.display())]
pub struct IoError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl IoError {
    /// `action` on `path` failed with `source`.
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }

    /// For `map_err`.
    pub(crate) fn on<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::new(action, path, source)
    }
}

impl Coded for IoError {
    fn code(&self) -> Code {
        codes::IO_FAILED
    }
    fn hints(&self) -> Vec<String> {
        match self.source.kind() {
            io::ErrorKind::StorageFull => vec!["free some disk space and try again; nothing was changed".to_owned()],
            io::ErrorKind::PermissionDenied => vec![format!("ls -ld {}", quoted(&self.path))],
            io::ErrorKind::ReadOnlyFilesystem => vec!["mpp doctor".to_owned()],
            io::ErrorKind::NotFound => {
                self.path.parent().map(|folder| format!("ls {}", quoted(folder))).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,=".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Puts `bytes` at `path`, replacing what was there in one step; makes the folder when it is missing.
pub(crate) fn write(path: &Path, bytes: &[u8], readable: Readable) -> Result<(), IoError> {
    let mut file = prepare(path, bytes, readable)?;
    file.as_file_mut().sync_all().map_err(IoError::on("write", path))?;
    file.persist(path).map_err(|error| IoError::new("write", path, error.error))?;
    sync_folder(path)
}

/// Puts `bytes` in the place of a file of somebody else, which keeps its permissions. A new one is for its owner only: nobody knows what else
/// will be kept in it.
pub(crate) fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let mut file = prepare(path, bytes, Readable::ByOwner)?;
    if let Ok(before) = fs::metadata(path) {
        file.as_file().set_permissions(before.permissions()).map_err(IoError::on("write", path))?;
    }
    file.as_file_mut().sync_all().map_err(IoError::on("write", path))?;
    file.persist(path).map_err(|error| IoError::new("write", path, error.error))?;
    sync_folder(path)
}

/// Puts `bytes` at `path` unless something is there already; says whether it did.
pub(crate) fn create(path: &Path, bytes: &[u8], readable: Readable) -> Result<bool, IoError> {
    let mut file = prepare(path, bytes, readable)?;
    file.as_file_mut().sync_all().map_err(IoError::on("write", path))?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(path).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(IoError::new("write", path, error.error)),
    }
}

fn prepare(path: &Path, bytes: &[u8], readable: Readable) -> Result<tempfile::NamedTempFile, IoError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(IoError::on("make the folder", folder))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mpp-");
    permissions(&mut builder, readable);
    let mut file = builder.tempfile_in(folder).map_err(IoError::on("write into", folder))?;
    file.write_all(bytes).map_err(IoError::on("write", path))?;
    Ok(file)
}

#[cfg(unix)]
fn permissions(builder: &mut tempfile::Builder<'_, '_>, readable: Readable) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if readable == Readable::ByOwner { 0o600 } else { 0o644 };
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn permissions(_: &mut tempfile::Builder<'_, '_>, _: Readable) {}

/// Makes the rename itself durable, where a folder can be synced.
fn sync_folder(path: &Path) -> Result<(), IoError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if cfg!(unix) {
        let opened = fs::File::open(folder).and_then(|folder| folder.sync_all());
        opened.map_err(IoError::on("sync the folder", folder))?;
    }
    Ok(())
}

/// The bytes of the file at `path`; nothing when there is none.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, IoError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(IoError::new("read", path, error)),
    }
}

/// The text of the file at `path`; nothing when there is none.
pub(crate) fn read_text_if_there(path: &Path) -> Result<Option<String>, IoError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(IoError::new("read", path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Readable, create, write};
    use std::fs;

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        write(&file, b"old", Readable::ByAll).unwrap();
        // A folder in the way of the rename makes the last step fail.
        let blocked = folder.path().join("blocked");
        fs::create_dir_all(blocked.join("inside")).unwrap();
        assert!(write(&blocked, b"new", Readable::ByAll).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"old");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "no temporary file stays: {left:?}");
    }

    #[test]
    fn create_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/key");
        assert!(create(&file, b"first", Readable::ByOwner).unwrap());
        assert!(!create(&file, b"second", Readable::ByOwner).unwrap());
        assert_eq!(fs::read(&file).unwrap(), b"first");
    }
}
