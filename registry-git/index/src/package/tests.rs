//! Looking one package up: what is read, and that each of the reads is proven.

use super::{Proof, package, package_in};
use crate::{
    Files, FilesError, MemoryFiles, layout,
    world::{World, name, world},
};
use mpp_schema::{Code, Coded as _, codes};
use std::cell::RefCell;

const NOTES: &str = "acme:notes";

#[track_caller]
fn check(world: &World, files: &MemoryFiles, expected: Result<Option<&str>, Code>) {
    let found = package(files, &world.state, &name(NOTES)).map_err(|error| error.code());
    let found = found.map(|entry| entry.map(|entry| entry.latest().unwrap().release.version.to_string()));
    assert_eq!(found, expected.map(|version| version.map(str::to_owned)));
}

#[test]
fn every_read_of_a_lookup_is_proven() {
    let world = world();
    check(&world, &world.files, Ok(Some("1.0.0")));
    let package_path = layout::package(&name(NOTES));
    let namespace_path = layout::namespace(&"acme".parse().unwrap());
    let shard_file = |path: &str| layout::shard_file(layout::shard_of_path(path));
    let (package_shard, namespace_shard) = (shard_file(&package_path), shard_file(&namespace_path));
    for path in [layout::SHARDS, &package_shard, &namespace_shard, &package_path, &namespace_path] {
        let mut spoilt = world.files.clone();
        spoilt.0.get_mut(path).unwrap().push(b'\n');
        check(&world, &spoilt, Err(codes::INDEX_MISMATCH));
        spoilt.0.remove(path);
        check(&world, &spoilt, Err(codes::INDEX_REMOVED));
    }
}

#[test]
fn a_name_that_is_not_there_is_not_an_error() {
    let world = world();
    assert_eq!(package(&world.files, &world.state, &name("acme:other")).unwrap(), None);
}

/// Notes what is read.
struct Noting<'a>(&'a MemoryFiles, RefCell<Vec<String>>);

impl Files for Noting<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        self.1.borrow_mut().push(path.to_owned());
        self.0.read(path)
    }
}

/// IDX-23.
#[test]
fn a_lookup_reads_five_files_at_most() {
    let world = world();
    let files = Noting(&world.files, RefCell::new(Vec::new()));
    package(&files, &world.state, &name(NOTES)).unwrap().unwrap();
    assert_eq!(files.1.borrow().len(), 5, "{:?}", files.1.borrow());
}

#[test]
fn the_signers_are_those_that_the_update_verified() {
    let world = world();
    let table = crate::shards::table(&world.files, world.state.head()).unwrap();
    let read = |proof| package_in(&world.files, &world.state, &table, &name(NOTES), proof).unwrap().unwrap();
    assert_eq!(read(Proof::Update), read(Proof::Signatures));
    assert_eq!(read(Proof::Update).releases[0].signers.len(), 1);
}
