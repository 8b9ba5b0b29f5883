//! Opening repositories with gix, and the few things that are done to them.
//!
//! A repository may be hostile: nothing of the user's or the system's configuration is read, replacement objects are off, and single
//! allocations are bounded.

use crate::{RegistryError, disk_clock::DiskClock};
use gix::{
    ObjectId, Repository,
    refs::{
        FullName, Target,
        transaction::{PreviousValue, RefEdit},
    },
};
use mpp_package::limits::FILE_BYTES_MAX;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

/// The branch that holds the index.
pub(crate) const MAIN: &str = "refs/heads/main";

/// How old the lock of a reference is when its maker is taken for dead.
const LOCK_AGE: Duration = Duration::from_secs(600);
/// The file whose lock keeps others from looking for dead locks.
const ALONE: &str = "mpp-dead-locks";

/// Opens a repository.
pub(crate) fn open(path: &Path) -> Result<Repository, RegistryError> {
    let repository = options().open(path).map_err(|error| RegistryError::git("opened", path, error))?.to_thread_local();
    Ok(repository)
}

/// What every bare repository of ours says about itself.
const CONFIGURATION: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = true\n";

/// Makes an empty bare repository with the branch `main`, and with none of the examples that git lays beside it. The folder must not
/// exist or be empty.
pub(crate) fn init_bare(path: &Path) -> Result<Repository, RegistryError> {
    for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
        let folder = path.join(folder);
        fs::create_dir_all(&folder).map_err(RegistryError::io("made the folder", &folder))?;
    }
    for (name, content) in [("config", CONFIGURATION.to_owned()), ("HEAD", format!("ref: {MAIN}\n"))] {
        let file = path.join(name);
        fs::write(&file, content).map_err(RegistryError::io("wrote", &file))?;
    }
    open(path)
}

/// The largest object that is unpacked, in bytes: a package file, or a file of the index.
pub(crate) const OBJECT_BYTES_MAX: usize = FILE_BYTES_MAX as usize + (1 << 20);

fn options() -> gix::open::Options {
    let limit = OBJECT_BYTES_MAX;
    gix::open::Options::isolated()
        .config_overrides([format!("gitoxide.objects.allocLimit={limit}"), "core.useReplaceRefs=false".to_owned()])
}

/// Lets one repository read the objects of another.
pub(crate) fn borrow_objects(path: &Path, from: &Path) -> Result<(), RegistryError> {
    borrow_object_folders(path, &[&from.join("objects")])
}

/// Lets a repository read the objects in some folders of objects.
pub(crate) fn borrow_object_folders(path: &Path, folders: &[&Path]) -> Result<(), RegistryError> {
    let found = |folder: &&Path| fs::canonicalize(folder).map_err(RegistryError::io("found", *folder));
    let folders = folders.iter().map(found).collect::<Result<Vec<_>, _>>()?;
    let lines: String = folders.iter().map(|folder| format!("{}\n", folder.display())).collect();
    let alternates = path.join("objects/info/alternates");
    fs::create_dir_all(path.join("objects/info")).map_err(RegistryError::io("made a folder for", &alternates))?;
    fs::write(&alternates, lines).map_err(RegistryError::io("wrote", &alternates))
}

/// Says that commits are here without their history.
pub(crate) fn set_shallow(path: &Path, commits: &[ObjectId]) -> Result<(), RegistryError> {
    let shallow = path.join("shallow");
    let lines: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
    fs::write(&shallow, lines).map_err(RegistryError::io("wrote", &shallow))
}

/// What a reference names, or nothing when there is no such reference.
pub(crate) fn reference(repository: &Repository, name: &str) -> Result<Option<ObjectId>, RegistryError> {
    let failed = |error: &dyn std::fmt::Display| {
        RegistryError::git(format!("read the reference `{name}`"), repository.path(), error)
    };
    let found = repository.try_find_reference(name).map_err(|error| failed(&error))?;
    match found.map(|reference| reference.target().try_id().map(|id| id.to_owned())) {
        None => Ok(None),
        Some(Some(id)) => Ok(Some(id)),
        Some(None) => Err(failed(&"expected a commit, found a symbolic reference")),
    }
}

/// The references whose names begin with `prefix`, and what they name.
pub(crate) fn references(repository: &Repository, prefix: &str) -> Result<Vec<(String, ObjectId)>, RegistryError> {
    let failed = |error: &dyn std::fmt::Display| RegistryError::git("listed references", repository.path(), error);
    let platform = repository.references().map_err(|error| failed(&error))?;
    let mut found = Vec::new();
    for reference in platform.prefixed(prefix).map_err(|error| failed(&error))? {
        let reference = reference.map_err(|error| failed(&error))?;
        if let Some(id) = reference.target().try_id() {
            found.push((reference.name().as_bstr().to_string(), id.to_owned()));
        }
    }
    Ok(found)
}

/// Removes references that still name what is expected.
pub(crate) fn remove_references(
    repository: &Repository,
    references: &[(String, ObjectId)],
) -> Result<(), RegistryError> {
    for (name, old) in references {
        let action = || format!("removed the reference `{name}`");
        let full = FullName::try_from(name.as_str())
            .map_err(|error| RegistryError::git(action(), repository.path(), error))?;
        let expected = PreviousValue::MustExistAndMatch(Target::Object(*old));
        let log = gix::refs::transaction::RefLog::AndReference;
        let change = gix::refs::transaction::Change::Delete { expected, log };
        repository
            .edit_references_as([RefEdit { change, name: full, deref: false }], Some(log_signature()))
            .map_err(|error| RegistryError::gix(action(), repository.path(), &error))?;
    }
    Ok(())
}

/// A reference that moves.
#[derive(Debug, Clone)]
pub struct Move {
    /// The reference.
    pub name: String,
    /// What it names now; nothing when it does not exist.
    pub old: Option<ObjectId>,
    /// What it will name.
    pub new: ObjectId,
}

/// Moves references, all or none, if each still names what is expected. Says `false` when one does not.
pub(crate) fn move_references(repository: &Repository, moves: &[Move]) -> Result<bool, RegistryError> {
    let mut edits = Vec::new();
    for Move { name, old, new } in moves {
        let failed = |error| RegistryError::git(format!("named the reference `{name}`"), repository.path(), error);
        let full = FullName::try_from(name.as_str()).map_err(failed)?;
        let expected =
            old.map_or(PreviousValue::MustNotExist, |old| PreviousValue::MustExistAndMatch(Target::Object(old)));
        edits.push(RefEdit::update(full, *new, expected, ""));
    }
    remove_dead_locks(repository, moves);
    let Err(error) = repository.edit_references_as(edits, Some(log_signature())) else { return Ok(true) };
    for Move { name, old, .. } in moves {
        if reference(repository, name)? != *old {
            return Ok(false);
        }
    }
    // Nothing moved, so somebody holds a lock: another writer, or one that died. The caller tries again a few times.
    match error.is_conflict() || error.is_retryable() || locks(repository, moves).any(|lock| lock.exists()) {
        true => Ok(false),
        false => Err(RegistryError::gix("moved references", repository.path(), &error)),
    }
}

fn locks<'a>(repository: &'a Repository, moves: &'a [Move]) -> impl Iterator<Item = PathBuf> + 'a {
    let names = moves.iter().map(|Move { name, .. }| format!("{name}.lock"));
    names.chain(["packed-refs.lock".to_owned()]).map(|lock| repository.path().join(lock))
}

/// Removes locks of references whose makers were killed: who lives holds one for the blink of an eye. One process at a time looks, so that
/// nobody removes the lock that somebody made meanwhile.
fn remove_dead_locks(repository: &Repository, moves: &[Move]) {
    let dead = || {
        let clock = DiskClock::of(repository.path())?;
        Some(locks(repository, moves).filter(|lock| clock.is_older(lock, LOCK_AGE)).collect::<Vec<_>>())
    };
    if dead().is_none_or(|dead| dead.is_empty()) {
        return;
    }
    let alone = File::options().create(true).truncate(false).write(true).open(repository.path().join(ALONE));
    if let Ok(alone) = alone
        && alone.lock().is_ok()
    {
        dead().into_iter().flatten().for_each(|lock| drop(fs::remove_file(lock)));
    }
}

/// Points a reference of our own at a commit, whatever it named before.
pub(crate) fn set_reference(repository: &Repository, name: &str, id: ObjectId) -> Result<(), RegistryError> {
    let action = || format!("moved the reference `{name}`");
    let full = FullName::try_from(name).map_err(|error| RegistryError::git(action(), repository.path(), error))?;
    repository
        .edit_references_as([RefEdit::update(full, id, PreviousValue::Any, "")], Some(log_signature()))
        .map(|_| ())
        .map_err(|error| RegistryError::gix(action(), repository.path(), &error))
}

fn log_signature() -> gix::actor::SignatureRef<'static> {
    gix::actor::SignatureRef { name: "mpp".into(), email: "mpp@localhost".into(), time: "0 +0000" }
}
