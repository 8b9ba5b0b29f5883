//! The files of one commit, read through gix by looking up paths. Nothing is listed to find one file.
//!
//! Refuses links, submodules, names that git or a file system reads in its own way, damaged objects and oversized files. What it
//! returns is still unverified: a tampered object passes gix, and is found by the digests of [`mpp_index`].

use crate::{RegistryError, repository};
use gix::{ObjectId, Repository, objs::TreeRefIter, objs::tree::EntryKind};
use mpp_index::{Files, FilesError, layout};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

/// How many tree entries a walk looks at before it gives up.
const ENTRIES_MAX: usize = 8_000_000;
/// How much the paths that a walk finds may take together, each with what it costs to keep it.
const PATHS_BYTES_MAX: usize = 512 << 20;
const PATH_EXTRA_BYTES: usize = 64;
/// In how many places one folder may stand. A few small folders, each named many times in the next, make a huge tree.
const PLACES_MAX: u32 = 256;
/// The one mode of a file.
const PLAIN: u16 = 0o100_644;
/// How deep folders may be nested.
const DEPTH_MAX: usize = 8;

/// The files of one commit of an index.
pub struct Snapshot {
    repository: Repository,
    commit: ObjectId,
    tree: ObjectId,
}

impl Snapshot {
    /// Opens a repository and finds the tree of a commit in it.
    ///
    /// # Errors
    /// When the repository or the commit cannot be read.
    pub fn open(path: &Path, commit: ObjectId) -> Result<Self, RegistryError> {
        Self::new(repository::open(path)?, commit)
    }

    pub(crate) fn new(repository: Repository, commit: ObjectId) -> Result<Self, RegistryError> {
        let mut snapshot = Self { repository, commit, tree: commit };
        let data = snapshot.object(&format!("commit {commit}"), commit, gix::objs::Kind::Commit)?;
        let tree = gix::objs::CommitRefIter::from_bytes(&data, commit.kind()).tree_id();
        snapshot.tree = tree.map_err(|error| damaged(&format!("commit {commit}"), error))?;
        Ok(snapshot)
    }

    /// The commit.
    pub fn commit(&self) -> ObjectId {
        self.commit
    }

    pub(crate) fn tree(&self) -> ObjectId {
        self.tree
    }

    /// The paths of the files that differ from those of another commit in the same repository, or of all files.
    ///
    /// # Errors
    /// When a folder is damaged, or holds what an index may not hold.
    pub fn changes(&self, since: Option<&Self>) -> Result<BTreeSet<String>, RegistryError> {
        let mut walk =
            Walk { snapshot: self, since, paths: BTreeSet::new(), places: HashMap::new(), entries: 0, bytes: 0 };
        walk.tree("", since.map(|since| since.tree), self.tree, 0)?;
        Ok(walk.paths)
    }

    /// The content of an object of one kind and of bounded size.
    fn object(&self, path: &str, id: ObjectId, kind: gix::objs::Kind) -> Result<Vec<u8>, FilesError> {
        self.object_within(path, id, kind, layout::FILE_BYTES_MAX as u64)
    }

    pub(crate) fn object_within(
        &self,
        path: &str,
        id: ObjectId,
        kind: gix::objs::Kind,
        size_max: u64,
    ) -> Result<Vec<u8>, FilesError> {
        let header = self.repository.find_header(id).map_err(|error| damaged(path, error))?;
        if header.kind() != kind {
            return Err(damaged(path, format!("expected a {kind}, found a {}", header.kind())));
        }
        if header.size() > size_max {
            return Err(FilesError::TooLarge { path: path.to_owned(), size: header.size() });
        }
        let object = self.repository.find_object(id).map_err(|error| damaged(path, error))?;
        match object.kind == kind && object.data.len() as u64 <= size_max {
            true => Ok(object.detach().data),
            false => Err(damaged(path, "the object is not what its header says")),
        }
    }

    /// The entry of a file, found folder by folder.
    pub(crate) fn find(&self, path: &str) -> Result<Option<ObjectId>, FilesError> {
        let (mut id, mut kind) = (self.tree, EntryKind::Tree);
        for part in path.split('/') {
            if kind != EntryKind::Tree {
                return Err(damaged(path, "a file stands where a folder should"));
            }
            let data = self.object(path, id, gix::objs::Kind::Tree)?;
            match entry(path, &data, id, part)? {
                Some(found) => (id, kind) = found,
                None => return Ok(None),
            }
        }
        match kind {
            EntryKind::Blob => Ok(Some(id)),
            other => Err(damaged(path, format!("expected a plain file, found {}", describe(other)))),
        }
    }
}

impl Files for Snapshot {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        match self.find(path)? {
            Some(id) => self.object(path, id, gix::objs::Kind::Blob).map(Some),
            None => Ok(None),
        }
    }
}

fn entry(path: &str, data: &[u8], id: ObjectId, name: &str) -> Result<Option<(ObjectId, EntryKind)>, FilesError> {
    for entry in TreeRefIter::from_bytes(data, id.kind()) {
        let entry = entry.map_err(|error| damaged(path, error))?;
        if entry.filename == name.as_bytes() {
            return Ok(Some((entry.oid.to_owned(), kind(path, entry.mode)?)));
        }
    }
    Ok(None)
}

/// What an entry is. Of files there is one mode only.
fn kind(path: &str, mode: gix::objs::tree::EntryMode) -> Result<EntryKind, FilesError> {
    match mode.kind() {
        EntryKind::Blob if mode.value() != PLAIN => {
            Err(damaged(path, format!("a file has the mode {:o}", mode.value())))
        }
        kind => Ok(kind),
    }
}

fn damaged(path: &str, detail: impl ToString) -> FilesError {
    FilesError::Damaged { path: path.to_owned(), detail: detail.to_string() }
}

fn describe(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Tree => "a folder",
        EntryKind::Blob => "a file",
        EntryKind::BlobExecutable => "an executable file",
        EntryKind::Link => "a symbolic link",
        EntryKind::Commit => "a submodule",
    }
}

/// A walk over what differs between two trees. It also looks at every name and kind on its way.
struct Walk<'a> {
    snapshot: &'a Snapshot,
    since: Option<&'a Snapshot>,
    paths: BTreeSet<String>,
    places: HashMap<ObjectId, u32>,
    entries: usize,
    bytes: usize,
}

pub(crate) type Entries = BTreeMap<String, (ObjectId, EntryKind)>;

impl Walk<'_> {
    fn tree(&mut self, prefix: &str, old: Option<ObjectId>, new: ObjectId, depth: usize) -> Result<(), RegistryError> {
        if old == Some(new) {
            return Ok(());
        }
        if depth > DEPTH_MAX {
            return Err(damaged(prefix, "folders are nested too deep").into());
        }
        let places = self.places.entry(new).or_default();
        *places += 1;
        if *places > PLACES_MAX {
            return Err(damaged(prefix, "one folder stands in too many places").into());
        }
        let old = match (old, self.since) {
            (Some(old), Some(since)) => since.entries(prefix, old)?,
            _ => Entries::new(),
        };
        let new = self.snapshot.entries(prefix, new)?;
        self.entries += new.len();
        if self.entries > ENTRIES_MAX {
            return Err(FilesError::TooLarge { path: prefix.to_owned(), size: self.entries as u64 }.into());
        }
        for (name, (id, kind)) in &new {
            let path = join(prefix, name);
            if !layout::is_path(&path) {
                return Err(damaged(prefix, format!("an index may not hold a path of {} bytes", path.len())).into());
            }
            let before = old.get(name);
            match kind {
                EntryKind::Tree => {
                    let before = before.filter(|(_, kind)| *kind == EntryKind::Tree).map(|(id, _)| *id);
                    self.tree(&path, before, *id, depth + 1)?;
                }
                EntryKind::Blob if before == Some(&(*id, *kind)) => {}
                EntryKind::Blob => self.found(path)?,
                other => return Err(damaged(&path, format!("an index may not hold {}", describe(*other))).into()),
            }
        }
        for (name, (id, kind)) in &old {
            if new.get(name).is_none_or(|(_, new_kind)| new_kind != kind) {
                self.removed(&join(prefix, name), *id, *kind, depth + 1)?;
            }
        }
        Ok(())
    }

    fn found(&mut self, path: String) -> Result<(), RegistryError> {
        self.bytes += path.len() + PATH_EXTRA_BYTES;
        if self.bytes > PATHS_BYTES_MAX {
            return Err(FilesError::TooLarge { path, size: self.bytes as u64 }.into());
        }
        self.paths.insert(path);
        Ok(())
    }

    /// What was there before and is gone differs as well.
    fn removed(&mut self, path: &str, id: ObjectId, kind: EntryKind, depth: usize) -> Result<(), RegistryError> {
        if kind != EntryKind::Tree || depth > DEPTH_MAX {
            return self.found(path.to_owned());
        }
        for (name, (id, kind)) in self.since.map_or(Ok(Entries::new()), |since| since.entries(path, id))? {
            self.removed(&join(path, &name), id, kind, depth + 1)?;
        }
        Ok(())
    }
}

impl Snapshot {
    /// The entries of a folder, each name once and acceptable.
    pub(crate) fn entries(&self, path: &str, id: ObjectId) -> Result<Entries, FilesError> {
        let data = self.object(path, id, gix::objs::Kind::Tree)?;
        let mut entries = Entries::new();
        for entry in TreeRefIter::from_bytes(&data, id.kind()) {
            let entry = entry.map_err(|error| damaged(path, error))?;
            let name = std::str::from_utf8(entry.filename).ok().filter(|name| layout::is_path_part(name));
            let name =
                name.ok_or_else(|| damaged(path, format!("an index may not hold the name {:?}", entry.filename)))?;
            if entries.insert(name.to_owned(), (entry.oid.to_owned(), kind(path, entry.mode)?)).is_some() {
                return Err(damaged(path, format!("the folder holds the name {name:?} twice")));
            }
        }
        Ok(entries)
    }
}

fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        prefix => format!("{prefix}/{name}"),
    }
}
