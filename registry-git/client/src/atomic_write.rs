//! Writing a file so that it is either the old one or the new one, also after a crash.

use crate::RegistryError;
use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};
use tempfile::NamedTempFile;

/// How temporary names begin.
const TEMPORARY: &str = ".writing-";

/// Removes temporary names in a folder. Only for whoever knows that nobody else writes there.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let left = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(TEMPORARY));
    left.for_each(|entry| drop(fs::remove_file(entry.path())));
}

/// Writes to a temporary name in the same folder, syncs, renames, and syncs the folder.
pub(crate) fn atomic_write(path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    let temporary = write_beside(path, bytes)?;
    temporary.as_file().sync_all().map_err(RegistryError::io("synced", path))?;
    rename(temporary, path)?;
    sync_folder(folder_of(path));
    Ok(())
}

/// The same without syncing, for what is found out when it did not outlive a crash, and can be made anew.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    rename(write_beside(path, bytes)?, path)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, RegistryError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(RegistryError::io("made the folder", folder))?;
    let mut temporary =
        NamedTempFile::with_prefix_in(TEMPORARY, folder).map_err(RegistryError::io("made a file in", folder))?;
    temporary.write_all(bytes).map_err(RegistryError::io("wrote", path))?;
    Ok(temporary)
}

fn rename(temporary: NamedTempFile, path: &Path) -> Result<(), RegistryError> {
    temporary.persist(path).map_err(|error| error.error).map_err(RegistryError::io("renamed to", path))?;
    Ok(())
}

/// Makes the names in a folder durable, where the system can.
fn sync_folder(folder: &Path) {
    // Opening a folder as a file is not possible everywhere; there the rename is as durable as the system makes it.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
