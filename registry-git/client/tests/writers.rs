//! Two writers at the same time: what both want once is won by exactly one, what they want apart lands for both.

mod support;

use mpp_registry::RegistryError;
use mpp_schema::{Coded as _, codes};
use std::sync::Barrier;
use support::{World, has_git, http::GitServer, name, package, publish};

/// Publishes all files at the same moment, each from a home of its own; says how many won.
fn race(world: &World, location: &str, files: &[Vec<u8>]) -> Vec<Result<(), RegistryError>> {
    let start = Barrier::new(files.len());
    std::thread::scope(|scope| {
        let writers = files.iter().enumerate().map(|(i, file)| {
            let (home, start) = (format!("writer-{i}"), &start);
            scope.spawn(move || {
                let mut home = world.home(&home, location);
                start.wait();
                publish(&mut home, file).map(drop)
            })
        });
        let writers: Vec<_> = writers.collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    })
}

#[track_caller]
fn check_same_version(world: &World, location: &str) {
    let files = ["One.", "Two."].map(|description| package("acme:notes", "1.0.0", description));
    let outcomes = race(world, location, &files);
    let losers: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(|e| e.code()).collect();
    assert_eq!(losers, [codes::INDEX_DUPLICATE_VERSION], "{outcomes:?}");
}

#[track_caller]
fn check_different_versions(world: &World, location: &str) {
    let files = ["1.0.0", "1.1.0"].map(|version| package("acme:notes", version, "Finds notes."));
    for outcome in race(world, location, &files) {
        outcome.unwrap();
    }
    let mut reader = world.home("reader", location);
    reader.update(None, support::day(0)).unwrap();
    let entry = reader.package(&name("acme:notes")).unwrap().unwrap();
    assert_eq!(entry.releases.len(), 2);
    for signed in &entry.releases {
        reader.fetch_blob(&entry.name, &signed.release).unwrap();
    }
}

#[test]
fn at_a_path() {
    let world = World::new();
    check_same_version(&world, &world.path_location());
    let world = World::new();
    check_different_versions(&world, &world.path_location());
}

#[test]
fn at_a_file_address() {
    if !has_git() {
        return;
    }
    let world = World::new();
    check_same_version(&world, &world.file_location());
    let world = World::new();
    check_different_versions(&world, &world.file_location());
}

#[test]
fn over_http() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let server = GitServer::start(world.folder.path());
    check_different_versions(&world, &server.location("registry.git"));
}

/// How many versions each of the eight writers publishes: few here, 125 for the thousand of the benchmark.
fn versions_each() -> u64 {
    std::env::var("MPP_TEST_VERSIONS_EACH").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// IDX-40: eight writers who never rest, each with a package of its own and one that all share.
#[track_caller]
fn check_many(world: &World, location: &str, each: u64) {
    const WRITERS: u64 = 8;
    // The namespace is there, so that nobody has to claim it first.
    publish(&mut world.home("first", location), &package("acme:shared", "0.0.1", "Shared.")).unwrap();
    let start = Barrier::new(WRITERS as usize);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let start = &start;
            scope.spawn(move || {
                let mut home = world.home(&format!("many-{writer}"), location);
                start.wait();
                for n in 0..each {
                    let (of, version) = match n % 2 {
                        0 => (format!("acme:own{}", ["a", "b", "c", "d", "e", "f", "g", "h"][writer as usize]), n),
                        _ => ("acme:shared".to_owned(), writer * each + n),
                    };
                    publish(&mut home, &package(&of, &format!("1.0.{version}"), "Many.")).unwrap();
                }
            });
        }
    });
    // Somebody who has never seen the registry verifies the whole log, and every version is there once.
    let mut reader = world.home("many-reader", location);
    let report = reader.update(Some(world.made.root), support::day(0)).unwrap();
    let names = mpp_index::search::names(&reader.snapshot().unwrap(), reader.trusted().unwrap()).unwrap();
    let mut versions = 0;
    for name in names {
        let entry = reader.package(&name).unwrap().unwrap();
        versions += entry.releases.len() as u64;
        let last = entry.releases.last().unwrap();
        reader.fetch_blob(&name, &last.release).unwrap();
    }
    assert_eq!(versions, WRITERS * each + 1);
    // The configuration, the root, one namespace, and one record for each version.
    assert_eq!(report.records, WRITERS * each + 4);
}

#[test]
fn eight_who_never_rest_at_a_path() {
    let world = World::new();
    check_many(&world, &world.path_location(), versions_each());
}

#[test]
fn eight_who_never_rest_at_an_address() {
    if !has_git() {
        return;
    }
    let world = World::new();
    check_many(&world, &world.file_location(), versions_each().min(4));
}
