//! Checking a push before a bare repository takes it: what git's pre-receive hook asks (spec/index.md IDX-45 to IDX-48).
//!
//! Git holds what was pushed in a quarantine of its own while the hook runs, and shows it to nobody else. Here it is read through a
//! repository that borrows both folders of objects; no reference is moved and no object is written. What is believed about `main` is kept
//! beside the repository's own files, so that a check costs what is new.

use crate::{
    Location, Registry, RegistryError, Snapshot, blob,
    commit::package_reference,
    proposal::{self, PROPOSALS},
    repository::{self, MAIN},
    scratch::Scratch,
    store::{Believed, Store, WORK},
};
use gix::{ObjectId, Repository};
use mpp_index::{
    Files as _, IndexError,
    layout::{self, Covered},
    package::{self, PackageEntry, SignedRelease},
    state::{self, Update},
};
use mpp_package::verify::{self, Trust, TrustedKey};
use mpp_schema::{
    Instant, PackageName,
    index::{Blobs, Config},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
    path::Path,
};

/// The folder in the repository where the checker keeps what it believes.
const FOLDER: &str = "mpp-check";
const PACKAGES: &str = "refs/mpp/packages/";
/// How many parents are followed from one commit.
const PARENTS_MAX: usize = 100_000;
/// How many references one push may move.
const MOVES_MAX: usize = 1024;

/// A push that was accepted.
#[derive(Debug, Clone)]
pub struct PushReport {
    /// How many references it moves.
    pub references: usize,
    /// How many log records are new.
    pub records: u64,
    /// How many package files are new, and were checked.
    pub files: usize,
}

/// Checks a push to the bare repository at `path`. `quarantine` is the folder of objects that the push brings; `lines` is what git
/// gives the hook: for each reference what it names, what it will name, and its name.
///
/// # Errors
/// When something that the push moves or brings is refused.
pub fn check_push(
    path: &Path,
    quarantine: Option<&Path>,
    lines: &str,
    now: Instant,
) -> Result<PushReport, RegistryError> {
    let moves = read_moves(lines)?;
    let store = Store::new(path.join(FOLDER));
    let _lock = store.lock()?;
    let scratch = Scratch::new(store.folder(), WORK)?;
    repository::init_bare(&scratch.path())?;
    let objects = path.join("objects");
    let folders: Vec<_> = quarantine.into_iter().chain([objects.as_path()]).collect();
    repository::borrow_object_folders(&scratch.path(), &folders)?;
    let repository = repository::open(&scratch.path())?;
    let believed = store.read()?;
    let registry = Registry::of(Location::Path(scratch.path()), store, None, believed);
    Push { path, repository, registry, moves, now }.check()
}

/// A reference that the push moves.
struct Moved {
    name: String,
    old: Option<ObjectId>,
    new: ObjectId,
}

fn read_moves(lines: &str) -> Result<Vec<Moved>, RegistryError> {
    let refused = |reference: &str, reason: &str| RegistryError::Push {
        reference: reference.to_owned(),
        reason: reason.to_owned(),
    };
    let mut moves: Vec<Moved> = Vec::new();
    for line in lines.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) else {
            return Err(refused(line, "expected two ids and the name of a reference"));
        };
        let id =
            |word: &str| ObjectId::from_hex(word.as_bytes()).map_err(|_| refused(name, "expected the id of a commit"));
        let (old, new) = (id(old)?, id(new)?);
        let is_proposal = name.starts_with(PROPOSALS);
        if new.is_null() && !is_proposal {
            return Err(refused(name, "a registry's references are not deleted"));
        }
        if is_proposal && !new.is_null() && !old.is_null() {
            return Err(refused(name, "a proposal does not change: make another one"));
        }
        if name != MAIN && !name.starts_with(PACKAGES) && !is_proposal {
            return Err(refused(name, "a registry has no such reference"));
        }
        if moves.iter().any(|known| known.name == name) || moves.len() == MOVES_MAX {
            return Err(refused(name, "it is moved twice, or with too many others"));
        }
        moves.push(Moved { name: name.to_owned(), old: Some(old).filter(|old| !old.is_null()), new });
    }
    Ok(moves)
}

struct Push<'a> {
    path: &'a Path,
    repository: Repository,
    registry: Registry,
    moves: Vec<Moved>,
    now: Instant,
}

/// The releases that are new in `main`, by package.
type New = BTreeMap<PackageName, Vec<SignedRelease>>;

impl Push<'_> {
    fn check(mut self) -> Result<PushReport, RegistryError> {
        self.believe_main()?;
        let main = self.moves.iter().find(|moved| moved.name == MAIN);
        let (new, records) = match main {
            Some(main) => {
                self.check_forward(main)?;
                let update = self.registry.verify(&self.registry.repository_path(), main.new, None, self.now)?;
                (self.new_releases(main, &update)?, update.records)
            }
            None => (New::new(), 0),
        };
        let mut files = 0;
        for moved in self.moves.iter().filter(|moved| moved.name != MAIN && !moved.new.is_null()) {
            match moved.name.starts_with(PROPOSALS) {
                true => {
                    if self.parent(moved.new)?.is_some() {
                        return Err(self.refused(moved, "a proposal is one commit without parents"));
                    }
                    let found = proposal::read(&self.repository, &moved.name, moved.new)?;
                    files += self.registry.check_found(&found, self.now)?.len();
                }
                false => self.check_package(moved, &new)?,
            }
        }
        for (name, signed) in new.iter().flat_map(|(name, all)| all.iter().map(move |signed| (name, signed))) {
            self.check_file(name, signed)?;
            files += 1;
        }
        Ok(PushReport { references: self.moves.len(), records, files })
    }

    /// Brings what is believed up to what `main` names before the push. An expired head is left to the push, which may renew it.
    fn believe_main(&mut self) -> Result<(), RegistryError> {
        let Some(commit) = repository::reference(&repository::open(self.path)?, MAIN)? else { return Ok(()) };
        if self.registry.believed.as_ref().is_some_and(|believed| believed.commit == commit) {
            return Ok(());
        }
        let update = match self.registry.verify(&self.registry.repository_path(), commit, None, self.now) {
            Err(RegistryError::Index(IndexError::Stale { .. } | IndexError::RootExpired { .. })) => {
                if self.registry.believed.is_some() {
                    return Ok(());
                }
                // Whoever believes nothing would believe whatever the push brings: what is there counts, as it was when it was fresh.
                state::of_the_past(&Snapshot::new(self.repository.clone(), commit)?, None)?
            }
            outcome => outcome?,
        };
        let believed = Believed { state: update.state, commit };
        self.registry.store.write(&believed)?;
        self.registry.believed = Some(believed);
        Ok(())
    }

    fn refused(&self, moved: &Moved, reason: impl Into<String>) -> RegistryError {
        RegistryError::Push { reference: moved.name.clone(), reason: reason.into() }
    }

    /// The commits that a reference gains: from its new one to the one before, which must be in its line of parents.
    fn check_forward(&self, moved: &Moved) -> Result<Vec<ObjectId>, RegistryError> {
        let mut gained = Vec::new();
        let mut at = Some(moved.new);
        while let Some(commit) = at.filter(|commit| Some(*commit) != moved.old) {
            if gained.len() == PARENTS_MAX {
                return Err(self.refused(moved, "it gains too many commits"));
            }
            gained.push(commit);
            at = self.parent(commit)?;
        }
        match at == moved.old {
            true => Ok(gained),
            false => Err(self.refused(moved, "it does not go on from what it named")),
        }
    }

    fn parent(&self, commit: ObjectId) -> Result<Option<ObjectId>, RegistryError> {
        let damaged = |error: &dyn std::fmt::Display| RegistryError::git("read a commit", self.path, error);
        let found = self.repository.find_commit(commit).map_err(|error| damaged(&error))?;
        let parents: Vec<_> = found.parent_ids().map(|parent| parent.detach()).collect();
        match parents.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(damaged(&format!("expected one parent of commit {commit}, found {}", several.len()))),
        }
    }

    /// The releases that the push adds to the index.
    fn new_releases(&self, main: &Moved, update: &Update) -> Result<New, RegistryError> {
        let files = Snapshot::new(self.repository.clone(), main.new)?;
        let in_git = keeps_files_in_git(&files)?;
        let mut new = New::new();
        for path in &update.changed {
            let Covered::Package(name) = Covered::of(path) else { continue };
            let known: BTreeSet<_> = self.known(&name)?.into_iter().map(|signed| signed.release.version).collect();
            let entry = package::package(&files, &update.state, &name)?;
            let added = entry.map(|entry: PackageEntry| entry.releases).unwrap_or_default();
            let added = added.into_iter().filter(|signed| !known.contains(&signed.release.version));
            // Wherever files are kept now: what names a commit is looked for in it.
            new.insert(name, added.filter(|signed| in_git || signed.release.commit.is_some()).collect());
        }
        Ok(new)
    }

    /// The releases of a package that were there before.
    fn known(&self, name: &PackageName) -> Result<Vec<SignedRelease>, RegistryError> {
        match self.registry.believed {
            Some(_) => Ok(self.registry.package(name)?.map(|entry| entry.releases).unwrap_or_default()),
            None => Ok(Vec::new()),
        }
    }

    /// A package's reference gains only what new releases name.
    fn check_package(&self, moved: &Moved, new: &New) -> Result<(), RegistryError> {
        let name = moved.name.strip_prefix(PACKAGES).and_then(|name| name.replacen('/', ":", 1).parse().ok());
        let name: PackageName = name.ok_or_else(|| self.refused(moved, "it names no package"))?;
        let named: BTreeSet<_> = new.get(&name).into_iter().flatten().filter_map(commit_of).collect();
        for commit in self.check_forward(moved)? {
            if !named.contains(&commit) {
                return Err(RegistryError::Unnamed { reference: moved.name.clone(), commit });
            }
        }
        Ok(())
    }

    /// The file of a new release is where readers will look for it, and is what the release says.
    fn check_file(&self, name: &PackageName, signed: &SignedRelease) -> Result<(), RegistryError> {
        let version = || signed.release.version.clone();
        let elsewhere = || RegistryError::NoCommit { name: name.clone(), version: version() };
        let commit = commit_of(signed).ok_or_else(elsewhere)?;
        let reference = package_reference(name);
        let mut at = match self.moves.iter().find(|moved| moved.name == reference) {
            Some(moved) => Some(moved.new),
            None => repository::reference(&repository::open(self.path)?, &reference)?,
        };
        for _ in 0..PARENTS_MAX {
            match at {
                Some(found) if found == commit => break,
                Some(found) => at = self.parent(found)?,
                None => {
                    let reason = format!("it does not lead to commit {commit}, which {name}@{} names", version());
                    return Err(RegistryError::Push { reference, reason });
                }
            }
        }
        let bytes = blob::read_checked(&self.repository, commit, name, &signed.release)?;
        let publisher =
            |key: &mpp_package::key::PublicKey| TrustedKey { key: *key, name: name.namespace().to_string() };
        let trust =
            Trust { publishers: signed.owners.iter().map(publisher).collect(), development: None, threshold: 1 };
        verify::open(Cursor::new(bytes), &trust).map(drop).map_err(|error| RegistryError::Package(Box::new(error)))
    }
}

fn commit_of(signed: &SignedRelease) -> Option<ObjectId> {
    signed.release.commit.as_ref().and_then(|commit| ObjectId::from_hex(commit.as_bytes()).ok())
}

fn keeps_files_in_git(files: &Snapshot) -> Result<bool, RegistryError> {
    let file = files.read(layout::CONFIG)?;
    let gone = || IndexError::Removed { path: layout::CONFIG.to_owned(), what: "the file" };
    let config: Config = serde_json::from_slice(&file.ok_or_else(gone)?).map_err(|error| {
        let (path, found) = (layout::CONFIG.to_owned(), mpp_schema::text::excerpt(&error.to_string()));
        IndexError::Malformed { path, expected: "a configuration", found }
    })?;
    Ok(config.blobs == Blobs::GitRefs)
}

#[cfg(test)]
mod tests {
    use super::read_moves;

    #[track_caller]
    fn check(lines: &str, expected: Result<usize, &str>) {
        let found = read_moves(lines).map(|moves| moves.len()).map_err(|error| error.to_string());
        match expected {
            Ok(count) => assert_eq!(found, Ok(count), "{lines}"),
            Err(reason) => assert!(found.as_ref().is_err_and(|found| found.contains(reason)), "{lines}: {found:?}"),
        }
    }

    #[test]
    fn the_lines_of_a_push() {
        let (zero, one, two) = ("0".repeat(40), "1".repeat(40), "2".repeat(40));
        check("", Ok(0));
        check(&format!("{one} {two} refs/heads/main\n{zero} {two} refs/mpp/packages/acme/md\n"), Ok(2));
        check(&format!("{one} {zero} refs/heads/main\n"), Err("not deleted"));
        check(&format!("{one} {two} refs/heads/main\n{one} {two} refs/heads/main\n"), Err("moved twice"));
        // IDX-104: a proposal comes, goes, and does not change.
        check(&format!("{zero} {one} refs/heads/publish/a/b\n{one} {zero} refs/heads/publish/a/c\n"), Ok(2));
        check(&format!("{one} {two} refs/heads/publish/a/b\n"), Err("does not change"));
        for other in ["refs/heads/other", "refs/tags/v1", "refs/replace/x", "HEAD", "refs/mpp/trusted/main"] {
            check(&format!("{zero} {two} {other}\n"), Err("no such reference"));
        }
        check(&format!("{one} {two}\n"), Err("expected two ids"));
        check(&format!("{one} x refs/heads/main\n"), Err("expected the id"));
    }
}
