//! Repositories that are damaged, rewound or hold what an index may not hold: refused, nothing believed changes, and the next
//! good state is accepted.

mod support;

use gix::{
    ObjectId,
    objs::{
        Tree,
        tree::{Entry, EntryKind, EntryMode},
    },
    refs::transaction::PreviousValue,
};
use mpp_index::layout;
use mpp_registry::{Registry, Snapshot};
use mpp_schema::{Code, codes};
use std::{fs, path::PathBuf};
use support::{World, check, day, has_git, loose, name, package, publish};

const MAIN: &str = "refs/heads/main";

/// A registry with one version more than a client knows.
struct Case {
    world: World,
    client: Registry,
    known: ObjectId,
    newest: ObjectId,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let mut author = world.at_path("author");
        publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
        let mut client = world.at_path("client");
        client.update(None, day(0)).unwrap();
        let known = main(&world);
        publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
        let newest = main(&world);
        Self { world, client, known, newest }
    }

    /// The client refuses what there is, believes what it believed, and goes on once `repair` has been done.
    #[track_caller]
    fn check(mut self, expected: Code, repair: impl FnOnce(&World)) {
        let before = self.client.state().unwrap().clone();
        check(self.client.update(None, day(0)), Err(expected));
        assert_eq!(self.client.state().unwrap(), &before);
        assert_eq!(self.world.at_path("client").state().unwrap(), &before);
        repair(&self.world);
        set_main(&self.world, self.newest);
        check(self.client.update(None, day(0)), Ok(()));
        assert_eq!(self.client.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
    }

    /// The loose file of a file's content in the newest commit.
    fn content(&self, path: &str) -> PathBuf {
        let repository = self.world.repository();
        let tree = repository.find_commit(self.newest).unwrap().tree().unwrap();
        let id = tree.lookup_entry_by_path(path).unwrap().unwrap().object_id();
        loose(&self.world.path(), id)
    }
}

fn main(world: &World) -> ObjectId {
    world.repository().find_reference(MAIN).unwrap().id().detach()
}

fn set_main(world: &World, id: ObjectId) {
    world.repository().reference(MAIN, id, PreviousValue::Any, "").unwrap();
}

fn notes() -> String {
    layout::package(&name("acme:notes"))
}

fn overwrite(path: &PathBuf, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

/// Moves `main` to a commit like the newest with one entry more in its root tree.
fn add_entry(case: &Case, name: &str, kind: impl Into<EntryMode>, id: ObjectId) {
    let repository = case.world.repository();
    let commit = repository.find_commit(case.newest).unwrap();
    let mut tree: Tree = commit.tree().unwrap().decode().unwrap().into_owned();
    tree.entries.push(Entry { mode: kind.into(), filename: name.into(), oid: id });
    tree.entries.sort();
    let tree = repository.write_object(&tree).unwrap().detach();
    let mut commit: gix::objs::Commit = commit.decode().unwrap().into_owned().unwrap();
    commit.tree = tree;
    let commit = repository.write_object(&commit).unwrap().detach();
    set_main(&case.world, commit);
}

fn blob(case: &Case, content: &[u8]) -> ObjectId {
    case.world.repository().write_blob(content).unwrap().detach()
}

#[test]
fn without_damage_the_client_goes_on() {
    let mut case = Case::new();
    check(case.client.update(None, day(0)), Ok(()));
}

#[test]
fn a_tampered_object_passes_git_and_is_found_by_its_digest() {
    let case = Case::new();
    let (victim, other) = (case.content(&notes()), case.content(layout::CONFIG));
    let honest = fs::read(&victim).unwrap();
    overwrite(&victim, &fs::read(other).unwrap());
    case.check(codes::INDEX_MISMATCH, |_| overwrite(&victim, &honest));
}

#[test]
fn a_missing_object_is_damage() {
    let case = Case::new();
    let victim = case.content(&notes());
    let honest = fs::read(&victim).unwrap();
    fs::remove_file(&victim).unwrap();
    case.check(codes::INDEX_GIT, |_| fs::write(&victim, &honest).unwrap());
}

#[test]
fn an_object_that_does_not_unpack_is_damage() {
    for path in [notes(), layout::HEAD.to_owned()] {
        let case = Case::new();
        let victim = case.content(&path);
        let honest = fs::read(&victim).unwrap();
        overwrite(&victim, &honest[..honest.len() / 2]);
        case.check(codes::INDEX_GIT, |_| overwrite(&victim, &honest));
    }
}

#[test]
fn a_rewound_branch_is_a_rollback() {
    let mut case = Case::new();
    case.client.update(None, day(0)).unwrap();
    set_main(&case.world, case.known);
    case.check(codes::INDEX_ROLLBACK, |_| {});
}

#[test]
fn a_branch_that_is_gone_is_not_reached() {
    let case = Case::new();
    fs::remove_file(case.world.path().join(MAIN)).unwrap();
    case.check(codes::REGISTRY_UNREACHABLE, |_| {});
}

#[test]
fn links_submodules_and_git_names_are_refused() {
    let case = Case::new();
    add_entry(&case, "link", EntryKind::Link, blob(&case, b"/etc/passwd"));
    case.check(codes::INDEX_GIT, |_| {});
    let case = Case::new();
    add_entry(&case, "module", EntryKind::Commit, case.known);
    case.check(codes::INDEX_GIT, |_| {});
    let case = Case::new();
    add_entry(&case, "program", EntryKind::BlobExecutable, blob(&case, b"#!"));
    case.check(codes::INDEX_GIT, |_| {});
    for name in [".git", ".GIT", "git~1", "a\\b", "a:b", ".git.", "..", "a b", "\u{e4}", &"x".repeat(513)] {
        let case = Case::new();
        add_entry(&case, name, EntryKind::Blob, blob(&case, b""));
        case.check(codes::INDEX_GIT, |_| {});
    }
}

#[test]
fn a_file_beside_the_index_has_no_record() {
    let case = Case::new();
    add_entry(&case, "README.md", EntryKind::Blob, blob(&case, b"# Hello"));
    case.check(codes::INDEX_UNLOGGED, |_| {});
}

#[test]
fn an_oversized_file_is_not_read() {
    let case = Case::new();
    let huge = blob(&case, &vec![b' '; layout::FILE_BYTES_MAX + 1]);
    let repository = case.world.repository();
    let tree = repository.find_commit(case.newest).unwrap().tree_id().unwrap();
    let mut editor = repository.edit_tree(tree).unwrap();
    editor.upsert(layout::HEAD, EntryKind::Blob, huge).unwrap();
    let tree = editor.write().unwrap().detach();
    let mut commit: gix::objs::Commit =
        repository.find_commit(case.newest).unwrap().decode().unwrap().into_owned().unwrap();
    commit.tree = tree;
    set_main(&case.world, repository.write_object(&commit).unwrap().detach());
    case.check(codes::LIMIT_INDEX, |_| {});
}

#[test]
fn a_replaced_object_is_not_followed() {
    let mut case = Case::new();
    let repository = case.world.repository();
    let replacement = format!("refs/replace/{}", case.newest);
    repository.reference(replacement.as_str(), case.known, PreviousValue::Any, "").unwrap();
    check(case.client.update(None, day(0)), Ok(()));
    assert_eq!(case.client.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
}

#[test]
fn two_heads_of_one_number_leave_a_proof() {
    let mut case = Case::new();
    case.client.update(None, day(0)).unwrap();
    set_main(&case.world, case.known);
    publish(&mut case.world.at_path("other-author"), &package("acme:fork", "1.0.0", "Forks.")).unwrap();
    let fork = main(&case.world);
    case.check(codes::INDEX_FORK, |world| {
        let evidence = fs::read_dir(world.folder.path().join("client/evidence")).unwrap();
        assert_eq!(evidence.count(), 1);
        assert_eq!(main(world), fork);
    });
}

#[test]
fn the_walk_names_what_differs() {
    let case = Case::new();
    let newest = Snapshot::open(&case.world.path(), case.newest).unwrap();
    let known = Snapshot::open(&case.world.path(), case.known).unwrap();
    let changed = newest.changes(Some(&known)).unwrap();
    assert_eq!(changed, known.changes(Some(&newest)).unwrap());
    let shard = layout::shard_file(layout::shard_of_path(&notes()));
    let expected = ["head.json", "log/00000000.jsonl", &notes(), "shards.json", &shard];
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_corrupt_pack_is_damage() {
    if !has_git() {
        return;
    }
    let case = Case::new();
    let git_dir = format!("--git-dir={}", case.world.path().display());
    let repacked = std::process::Command::new("git").args([&git_dir, "repack", "-a", "-d", "-q"]).status().unwrap();
    assert!(repacked.success());
    let packs = fs::read_dir(case.world.path().join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let pack = packs.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "pack")).unwrap();
    let honest = fs::read(&pack).unwrap();
    let spoilt: Vec<u8> = honest[..12].iter().copied().chain(std::iter::repeat_n(0, honest.len() - 12)).collect();
    overwrite(&pack, &spoilt);
    case.check(codes::INDEX_GIT, |_| overwrite(&pack, &honest));
}

#[test]
fn damage_at_an_address_is_refused_before_it_arrives() {
    if !has_git() {
        return;
    }
    let case = Case::new();
    let mut client = case.world.home("address", &case.world.file_location());
    client.update(None, day(0)).unwrap();
    publish(&mut case.world.at_path("author"), &package("acme:notes", "1.2.0", "Finds notes.")).unwrap();
    let repository = case.world.repository();
    let tree = repository.find_commit(main(&case.world)).unwrap().tree().unwrap();
    let victim = loose(&case.world.path(), tree.lookup_entry_by_path(notes()).unwrap().unwrap().object_id());
    let honest = fs::read(&victim).unwrap();
    overwrite(&victim, &honest[..honest.len() / 2]);
    check(client.update(None, day(0)), Err(codes::INDEX_GIT));
    assert_eq!(client.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
    overwrite(&victim, &honest);
    check(client.update(None, day(0)), Ok(()));
}

#[test]
fn a_file_has_one_mode() {
    for mode in [&b"100664"[..], b"100600", b"100755"] {
        let case = Case::new();
        add_entry(&case, "other", EntryMode::from_bytes(mode).unwrap(), blob(&case, b""));
        case.check(codes::INDEX_GIT, |_| {});
    }
}

/// A folder that holds another one many times, again and again.
fn many_times(case: &Case, names: &[String], depth: usize) -> ObjectId {
    let repository = case.world.repository();
    let mut id =
        repository.write_object(Tree { entries: vec![entry("x", EntryKind::Blob, blob(case, b""))] }).unwrap().detach();
    for _ in 0..depth {
        let entries = names.iter().map(|name| entry(name, EntryKind::Tree, id)).collect();
        id = repository.write_object(Tree { entries }).unwrap().detach();
    }
    id
}

fn entry(name: &str, kind: EntryKind, id: ObjectId) -> Entry {
    Entry { mode: kind.into(), filename: name.into(), oid: id }
}

#[test]
fn a_few_folders_that_make_a_huge_tree_are_not_walked_to_the_end() {
    let case = Case::new();
    let names: Vec<_> = (0..30).map(|i| format!("{}{i:02}", "x".repeat(60))).collect();
    add_entry(&case, "huge", EntryKind::Tree, many_times(&case, &names, 6));
    case.check(codes::INDEX_GIT, |_| {});
}

#[test]
fn folders_are_not_nested_without_end() {
    for (depth, expected) in [(7, codes::INDEX_UNLOGGED), (8, codes::INDEX_GIT), (4000, codes::INDEX_GIT)] {
        let case = Case::new();
        add_entry(&case, "deep", EntryKind::Tree, many_times(&case, &["a".to_owned()], depth));
        case.check(expected, |_| {});
    }
}

#[test]
fn a_new_client_refuses_what_has_no_record_too() {
    let case = Case::new();
    add_entry(&case, "README.md", EntryKind::Blob, blob(&case, b"# Hello"));
    check(case.world.at_path("new").update(None, day(0)), Err(codes::INDEX_UNLOGGED));
    set_main(&case.world, case.newest);
    check(case.world.at_path("new").update(None, day(0)), Ok(()));
}

#[test]
fn a_commit_of_a_package_holds_its_file_and_nothing_else() {
    let mut case = Case::new();
    case.client.update(None, day(0)).unwrap();
    let found = case.client.package(&name("acme:notes")).unwrap().unwrap();
    let honest = found.releases[0].release.clone();
    check(case.client.fetch_blob(&found.name, &honest), Ok(()));

    let repository = case.world.repository();
    let id = ObjectId::from_hex(honest.commit.as_ref().unwrap().as_bytes()).unwrap();
    let mut commit: gix::objs::Commit = repository.find_commit(id).unwrap().decode().unwrap().into_owned().unwrap();
    let mut tree: Tree = repository.find_tree(commit.tree).unwrap().decode().unwrap().into_owned();
    tree.entries.push(entry("zzz", EntryKind::Blob, blob(&case, b"more")));
    commit.tree = repository.write_object(&tree).unwrap().detach();
    let mut other = honest.clone();
    other.commit = Some(repository.write_object(&commit).unwrap().to_string());
    check(case.client.fetch_blob(&found.name, &other), Err(codes::INDEX_BINDING));
}
