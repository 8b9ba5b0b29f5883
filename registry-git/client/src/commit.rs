//! Making commits: of an index, and of one package file.

use crate::{RegistryError, repository::Move, snapshot::Snapshot};
use gix::{ObjectId, Repository, objs::tree::EntryKind};
use mpp_index::plan::IndexEdit;
use mpp_schema::{Instant, PackageName, Version};

/// The reference that keeps the files of a package.
pub(crate) fn package_reference(name: &PackageName) -> String {
    format!("refs/mpp/packages/{}/{}", name.namespace(), name.name())
}

/// The name of a package's file in the tree of its commit.
pub(crate) fn file_name(name: &PackageName, version: &Version) -> String {
    format!("{}-{version}.mpp", name.name())
}

/// Writes a commit whose tree holds one package file. The same file on the same parent is the same commit, whoever makes it.
pub(crate) fn package(
    repository: &Repository,
    name: &PackageName,
    version: &Version,
    file: &[u8],
    parent: Option<ObjectId>,
) -> Result<ObjectId, RegistryError> {
    let failed = |error: &gix::Error| RegistryError::gix(format!("wrote {name}@{version}"), repository.path(), error);
    let blob = repository.write_blob(file).map_err(|error| failed(&error))?.detach();
    let entry =
        gix::objs::tree::Entry { mode: EntryKind::Blob.into(), filename: file_name(name, version).into(), oid: blob };
    let tree = gix::objs::Tree { entries: vec![entry] };
    let tree = repository.write_object(&tree).map_err(|error| failed(&error))?.detach();
    write(repository, tree, parent, 0, &format!("{name}@{version}\n")).map_err(|error| failed(&error))
}

/// Writes a commit that holds files of a proposal in one folder. The same files are the same commit.
pub(crate) fn proposal(
    repository: &Repository,
    folder: &str,
    files: &[(String, &[u8])],
    message: &str,
) -> Result<ObjectId, RegistryError> {
    let failed = |error: &gix::Error| RegistryError::gix("wrote a proposal", repository.path(), error);
    let empty = ObjectId::empty_tree(repository.object_hash());
    let mut editor = repository.edit_tree(empty).map_err(|error| failed(&error))?;
    for (name, content) in files {
        let blob = repository.write_blob(content).map_err(|error| failed(&error))?.detach();
        editor.upsert(format!("{folder}/{name}"), EntryKind::Blob, blob).map_err(|error| failed(&error))?;
    }
    let tree = editor.write().map_err(|error| failed(&error))?.detach();
    write(repository, tree, None, 0, &format!("{message}\n")).map_err(|error| failed(&error))
}

/// Writes the commit of an edit on the files that it was planned for, after a parent.
pub(crate) fn index(
    repository: &Repository,
    base: Option<(&Snapshot, ObjectId)>,
    edit: &IndexEdit,
    now: Instant,
) -> Result<ObjectId, RegistryError> {
    let failed = |error: &gix::Error| RegistryError::gix("wrote an edit of the index", repository.path(), error);
    let tree = base.map_or(ObjectId::empty_tree(repository.object_hash()), |(files, _)| files.tree());
    let mut editor = repository.edit_tree(tree).map_err(|error| failed(&error))?;
    for (path, content) in &edit.writes {
        let blob = repository.write_blob(content).map_err(|error| failed(&error))?;
        editor.upsert(path.as_str(), EntryKind::Blob, blob.detach()).map_err(|error| failed(&error))?;
    }
    let tree = editor.write().map_err(|error| failed(&error))?.detach();
    let message = format!("{}\n", edit.summary);
    write(repository, tree, base.map(|(_, parent)| parent), now.unix_seconds(), &message)
        .map_err(|error| failed(&error))
}

fn write(
    repository: &Repository,
    tree: ObjectId,
    parent: Option<ObjectId>,
    seconds: i64,
    message: &str,
) -> Result<ObjectId, gix::Error> {
    let time = gix::date::Time { seconds, offset: 0 };
    let actor = gix::actor::Signature { name: "mpp".into(), email: "mpp@localhost".into(), time };
    let commit = gix::objs::Commit {
        tree,
        parents: parent.into_iter().collect(),
        author: actor.clone(),
        committer: actor,
        encoding: None,
        message: message.into(),
        extra_headers: Vec::new(),
    };
    Ok(repository.write_object(&commit)?.detach())
}

/// A reference that begins to name a commit, or goes on from its parent to it.
pub(crate) fn forward(name: impl Into<String>, old: Option<ObjectId>, new: ObjectId) -> Move {
    Move { name: name.into(), old, new }
}
