//! Making what gix wrote outlive a loss of power: gix renames files into place, and leaves syncing to its caller.

use crate::{RegistryError, snapshot::Snapshot};
use gix::{ObjectId, Repository, objs::tree::EntryKind};
use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
};

/// Syncs a commit and those of its objects that are not in the commit before it. Called before a reference names the commit.
pub(crate) fn sync_commit(
    repository: &Repository,
    commit: ObjectId,
    before: Option<&Snapshot>,
) -> Result<(), RegistryError> {
    let snapshot = Snapshot::new(repository.clone(), commit)?;
    let mut new = BTreeSet::from([commit]);
    collect(&snapshot, snapshot.tree(), before, before.map(Snapshot::tree), &mut new)?;
    let files: Vec<_> = new.iter().map(|id| loose(repository, *id)).collect();
    let folders: BTreeSet<_> = files.iter().filter_map(|file| file.parent()).collect();
    files.iter().map(PathBuf::as_path).chain(folders).for_each(sync);
    Ok(())
}

/// Syncs a reference that was moved.
pub(crate) fn sync_reference(repository: &Repository, name: &str) {
    let file = repository.path().join(name);
    sync(&file);
    file.parent().into_iter().for_each(sync);
}

fn collect(
    new: &Snapshot,
    tree: ObjectId,
    old: Option<&Snapshot>,
    old_tree: Option<ObjectId>,
    found: &mut BTreeSet<ObjectId>,
) -> Result<(), RegistryError> {
    if Some(tree) == old_tree || !found.insert(tree) {
        return Ok(());
    }
    let before = match (old, old_tree) {
        (Some(old), Some(tree)) => old.entries("", tree)?,
        _ => Default::default(),
    };
    for (name, (id, kind)) in new.entries("", tree)? {
        let same_name = before.get(&name).filter(|(_, old_kind)| *old_kind == kind).map(|(id, _)| *id);
        match kind {
            EntryKind::Tree => collect(new, id, old, same_name, found)?,
            _ if same_name == Some(id) => {}
            _ => drop(found.insert(id)),
        }
    }
    Ok(())
}

fn loose(repository: &Repository, id: ObjectId) -> PathBuf {
    let id = id.to_string();
    repository.objects.store_ref().path().join(&id[..2]).join(&id[2..])
}

/// Syncs a file or folder where that can be done: an object in a pack has no file of its own, and not every system syncs what is
/// open for reading. There it is as durable as the system makes it.
pub(crate) fn sync(path: &Path) {
    if let Ok(file) = File::open(path) {
        let _ = file.sync_all();
    }
}

/// Syncs a file that must be durable before it is named.
pub(crate) fn sync_strictly(path: &Path) -> Result<(), RegistryError> {
    let file = File::options().read(true).write(true).open(path);
    // Packs are made read-only; who may not open one for writing still may sync it where the system lets readers do so.
    let file = file.or_else(|_| File::open(path)).map_err(RegistryError::io("opened", path))?;
    file.sync_all().map_err(RegistryError::io("synced", path))
}
