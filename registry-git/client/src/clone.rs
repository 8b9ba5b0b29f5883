//! The clone of a registry at an address, and the quarantine that new commits go through before they get there.
//!
//! A quarantine is a repository of its own that may borrow the objects of the clone. What arrives in it is moved to the clone once it is
//! verified, and is thrown away otherwise: nothing that was refused stays on the disk. Commits come without history, so the clone
//! holds the trees that it has seen, and no others. Each update adds a pack; when there are many, the next one brings everything anew.

use crate::{RegistryError, durable, repository, scratch::Scratch, transport::Transport};
use gix::ObjectId;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How many packs are kept: looking up an object asks each of them.
const PACKS_MAX: usize = 32;
/// What keeps the objects of the trusted commit.
const TRUSTED: &str = "refs/mpp/trusted/main";
/// Files that a killed process may have left. Whoever holds the lock of the home's folder is alone with the clone.
const LOCKS: [&str; 4] = ["refs/mpp/trusted/main.lock", "packed-refs.lock", "shallow.lock", "HEAD.lock"];

/// The clone.
pub(crate) struct Clone {
    path: PathBuf,
}

impl Clone {
    /// The clone at a path, which may not exist yet.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Removes what a killed process left. Only for whoever holds the lock of the home's folder.
    pub(crate) fn sweep(&self) {
        LOCKS.iter().for_each(|lock| drop(fs::remove_file(self.path.join(lock))));
    }

    /// Whether new objects can build on those of a commit.
    pub(crate) fn can_build_on(&self, commit: ObjectId) -> bool {
        self.holds(commit) && self.packs().len() < PACKS_MAX
    }

    fn holds(&self, commit: ObjectId) -> bool {
        repository::open(&self.path).is_ok_and(|repository| repository.find_header(commit).is_ok())
    }

    /// The names of the packs, without ending.
    fn packs(&self) -> Vec<PathBuf> {
        let files = files(&self.path.join("objects/pack")).unwrap_or_default();
        files.into_iter().filter(|file| has_ending(file, "pack")).map(|file| file.with_extension("")).collect()
    }

    /// Brings a commit into a quarantine. `have` is a commit of the clone to build on.
    pub(crate) fn quarantine(
        &self,
        transport: &dyn Transport,
        folder: &Path,
        commit: ObjectId,
        have: Option<ObjectId>,
    ) -> Result<Quarantine, RegistryError> {
        let scratch = Scratch::new(folder, crate::store::WORK)?;
        let path = scratch.path();
        repository::init_bare(&path)?;
        if let Some(have) = have {
            repository::borrow_objects(&path, &self.path)?;
            repository::set_shallow(&path, &[have])?;
        }
        if have.is_none() || !self.holds(commit) {
            transport.fetch_index(&path, commit, have)?;
        }
        Ok(Quarantine { scratch, commit, whole: have.is_none() })
    }

    /// Takes over what was verified. The objects are durable when this returns.
    pub(crate) fn admit(&self, quarantine: &Quarantine) -> Result<Admitted, RegistryError> {
        let admitted = Admitted { old: if quarantine.whole { self.packs() } else { Vec::new() } };
        if repository::open(&self.path).is_err() {
            if self.path.exists() {
                let failed = RegistryError::io("removed the damaged clone", &self.path);
                fs::remove_dir_all(&self.path).map_err(failed)?;
            }
            repository::init_bare(&self.path)?;
        }
        let (from, to) = (quarantine.path().join("objects/pack"), self.path.join("objects/pack"));
        fs::create_dir_all(&to).map_err(RegistryError::io("made the folder", &to))?;
        let mut files = files(&from).map_err(RegistryError::io("looked into", &from))?;
        // The index of a pack is what makes it seen, so it comes after the pack.
        files.sort_by_key(|file| !has_ending(file, "pack"));
        for file in files.iter().filter(|file| has_ending(file, "pack") || has_ending(file, "idx")) {
            durable::sync_strictly(file)?;
            let target = to.join(file.file_name().unwrap_or_default());
            fs::rename(file, &target).map_err(RegistryError::io("moved what was fetched to", &target))?;
        }
        durable::sync(&to);
        let kept = self.packs();
        Ok(Admitted { old: admitted.old.into_iter().filter(|old| kept.contains(old) && !is_in(&files, old)).collect() })
    }

    /// Keeps the objects of the commit that is believed now, and drops what stood for them before.
    /// Nothing here decides anything: whoever is interrupted has believed already, and the next update settles again.
    pub(crate) fn settle(&self, commit: ObjectId, admitted: &Admitted) {
        let settled = repository::open(&self.path).and_then(|repository| {
            repository::set_shallow(&self.path, &[commit])?;
            repository::set_reference(&repository, TRUSTED, commit)
        });
        if settled.is_ok() {
            let old = admitted.old.iter().flat_map(|old| ["idx", "pack"].map(|ending| old.with_extension(ending)));
            old.for_each(|file| drop(fs::remove_file(file)));
        }
    }
}

/// A commit that waits to be verified.
pub(crate) struct Quarantine {
    scratch: Scratch,
    commit: ObjectId,
    whole: bool,
}

impl Quarantine {
    /// The repository.
    pub(crate) fn path(&self) -> PathBuf {
        self.scratch.path()
    }

    /// The commit.
    pub(crate) fn commit(&self) -> ObjectId {
        self.commit
    }
}

/// What was taken over, and what it stands in place of.
pub(crate) struct Admitted {
    old: Vec<PathBuf>,
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn has_ending(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|found| found == ending)
}

fn is_in(files: &[PathBuf], pack: &Path) -> bool {
    files.iter().any(|file| file.file_stem() == pack.file_name())
}
