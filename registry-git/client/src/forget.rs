//! Forgetting a registry: its folder is emptied while nobody else works in it, but for the lock, so that whoever waits for it meets an empty folder
//! and not one that is gone.

use crate::{
    RegistryError,
    store::{EVIDENCE, LOCK, Store},
};
use std::{fs, path::Path};

/// Forgets what is kept about a registry in `folder`. Proofs that it contradicted itself go to the folder `proofs`. A folder that is not there is
/// forgotten already; whoever is interrupted can say it again.
///
/// # Errors
/// When something cannot be moved or removed.
pub fn forget(folder: &Path, proofs: &Path) -> Result<(), RegistryError> {
    if !folder.exists() {
        return Ok(());
    }
    let _lock = Store::new(folder.to_owned()).lock()?;
    for proof in entries(&folder.join(EVIDENCE))? {
        fs::create_dir_all(proofs).map_err(RegistryError::io("made the folder", proofs))?;
        let kept = proofs.join(proof.file_name());
        fs::rename(proof.path(), &kept).map_err(RegistryError::io("moved", proof.path()))?;
    }
    for entry in entries(folder)?.into_iter().filter(|entry| entry.file_name() != LOCK) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(RegistryError::io("removed", path))?;
    }
    Ok(())
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, RegistryError> {
    let failed = |error| RegistryError::io("looked into", folder)(error);
    match fs::read_dir(folder) {
        Ok(found) => found.collect::<Result<_, _>>().map_err(failed),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}
