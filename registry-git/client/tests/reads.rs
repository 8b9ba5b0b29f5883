//! What an update and a lookup open in a real repository: everything else is taken away before, so that a read of it would fail.

mod support;

use gix::ObjectId;
use mpp_index::layout;
use mpp_registry::Registry;
use mpp_schema::codes;
use std::{collections::BTreeMap, fs};
use support::{World, check, day, loose, name, package, publish};

const NAMES: [&str; 6] = ["acme:notes", "acme:mail", "acme:maps", "other:notes", "other:mail", "third:maps"];

/// A registry with some packages, and a reader who has verified it.
fn world() -> (World, Registry, Registry) {
    let world = World::new();
    let mut author = world.at_path("author");
    for name in NAMES {
        publish(&mut author, &package(name, "1.0.0", "Finds notes.")).unwrap();
    }
    let mut user = world.at_path("user");
    user.update(None, day(0)).unwrap();
    (world, author, user)
}

/// The files of the newest commit.
fn files(world: &World) -> BTreeMap<String, ObjectId> {
    let repository = world.repository();
    let commit = repository.find_reference("refs/heads/main").unwrap().id().detach();
    let entries = repository.find_commit(commit).unwrap().tree().unwrap().traverse().breadthfirst.files().unwrap();
    let blobs = entries.into_iter().filter(|entry| !entry.mode.is_tree());
    blobs.map(|entry| (entry.filepath.to_string(), entry.oid)).collect()
}

/// Takes the content of all files away but of these.
fn keep_only(world: &World, all: &[BTreeMap<String, ObjectId>], kept: &[String]) {
    let ids = |of: &dyn Fn(&String) -> bool| -> Vec<ObjectId> {
        all.iter().flatten().filter(|(path, _)| of(path)).map(|(_, id)| *id).collect()
    };
    let kept_ids = ids(&|path| kept.contains(path));
    assert!(kept_ids.len() >= kept.len(), "each of {kept:?} is a file");
    for id in ids(&|path| !kept.contains(path)) {
        if !kept_ids.contains(&id) {
            let _ = fs::remove_file(loose(&world.path(), id));
        }
    }
}

fn shard_file(covered: &str) -> String {
    layout::shard_file(layout::shard_of_path(covered))
}

/// The five files that prove what is said about a package.
fn of_package(package: &str) -> Vec<String> {
    let (path, namespace) = (layout::package(&name(package)), layout::namespace(name(package).namespace()));
    vec![layout::SHARDS.to_owned(), shard_file(&path), shard_file(&namespace), path, namespace]
}

/// IDX-23.
#[test]
fn resolving_opens_the_packages_own_files() {
    let (world, _, user) = world();
    keep_only(&world, &[files(&world)], &of_package("acme:notes"));
    assert_eq!(user.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 1);
    check(user.package(&name("third:maps")), Err(codes::INDEX_GIT));
}

/// IDX-35, IDX-36.
#[test]
fn an_update_opens_the_logs_tail_and_what_is_new() {
    let (world, mut author, mut user) = world();
    let before = files(&world);
    publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
    let mut kept = of_package("acme:notes");
    kept.extend([layout::HEAD.to_owned(), layout::log_segment(0)]);
    keep_only(&world, &[before, files(&world)], &kept);
    assert_eq!(user.update(None, day(0)).unwrap().records, 1);
    assert_eq!(user.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
    // Whoever knows nothing yet reads everything, and something is gone.
    check(world.at_path("stranger").update(None, day(0)), Err(codes::INDEX_GIT));
}
