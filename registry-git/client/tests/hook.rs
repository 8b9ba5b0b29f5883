//! Pushes as a hook sees them, at moments that no real push can choose. The hook itself is tried with git where the program is built.

mod support;

use gix::{ObjectId, refs::transaction::PreviousValue};
use mpp_index::{
    plan::{self, Publish, Published},
    state::TrustedState,
};
use mpp_registry::{PushReport, RegistryError, Snapshot, check_push};
use mpp_schema::{Instant, codes, index::Release};
use std::{fs, path::Path};
use support::{KEYS, World, check, day, name, package, publish};

const MAIN: &str = "refs/heads/main";
const NOTES: &str = "refs/mpp/packages/acme/notes";

fn named(world: &World, name: &str) -> ObjectId {
    world.repository().find_reference(name).unwrap().id().detach()
}

fn rewind(world: &World, name: &str, to: ObjectId) {
    world.repository().reference(name, to, PreviousValue::Any, "").unwrap();
}

fn push(world: &World, moves: &[(&str, ObjectId, ObjectId)], now: Instant) -> Result<PushReport, RegistryError> {
    let lines: String = moves.iter().map(|(name, old, new)| format!("{old} {new} {name}\n")).collect();
    check_push(&world.path(), None, &lines, now)
}

#[test]
fn an_expired_registry_is_renewed_by_a_push() {
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let old = named(&world, MAIN);
    push(&world, &[], day(0)).unwrap();
    author.sign_head(&[&KEYS.head], day(10)).unwrap();
    let new = named(&world, MAIN);
    rewind(&world, MAIN, old);
    check(push(&world, &[(MAIN, old, new)], day(17)), Err(codes::INDEX_STALE));
    let report = push(&world, &[(MAIN, old, new)], day(10)).unwrap();
    assert_eq!((report.references, report.records, report.files), (1, 0, 0));
    // Asked for the first time when everything has expired, it says the same.
    std::fs::remove_dir_all(world.path().join("mpp-check")).unwrap();
    check(push(&world, &[(MAIN, old, new)], day(17)), Err(codes::INDEX_STALE));
    push(&world, &[(MAIN, old, new)], day(10)).unwrap();
}

#[test]
fn a_file_and_its_statement_arrive_together() {
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let (old_main, old_notes) = (named(&world, MAIN), named(&world, NOTES));
    publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
    let (main, notes) = (named(&world, MAIN), named(&world, NOTES));
    rewind(&world, MAIN, old_main);
    rewind(&world, NOTES, old_notes);
    let (of_main, of_notes) = ((MAIN, old_main, main), (NOTES, old_notes, notes));
    check(push(&world, &[of_main], day(0)), Err(codes::INDEX_GIT));
    check(push(&world, &[of_notes], day(0)), Err(codes::INDEX_UNLOGGED));
    check(
        push(&world, &[of_main, ("refs/mpp/packages/acme/other", old_notes, notes)], day(0)),
        Err(codes::INDEX_UNLOGGED),
    );
    check(push(&world, &[of_main, (NOTES, old_main, notes)], day(0)), Err(codes::INDEX_GIT));
    let report = push(&world, &[of_notes, of_main], day(0)).unwrap();
    assert_eq!((report.references, report.records, report.files), (2, 1, 1));

    // A check decides nothing: the push may still fail, and the next one is judged by what `main` names.
    push(&world, &[of_main, of_notes], day(0)).unwrap();
    rewind(&world, MAIN, main);
    rewind(&world, NOTES, notes);
    check(push(&world, &[(MAIN, main, old_main)], day(0)), Err(codes::INDEX_GIT));
    let report = push(&world, &[], day(0)).unwrap();
    assert_eq!(report.references, 0);
}

/// Copies the loose objects of one repository to another.
fn copy_objects(from: &Path, to: &Path) {
    for folder in fs::read_dir(from.join("objects")).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join("objects").join(folder.file_name());
        fs::create_dir_all(&target).unwrap();
        for file in fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()) {
            let target = target.join(file.file_name());
            if !target.exists() {
                fs::copy(file.path(), target).unwrap();
            }
        }
    }
}

/// IDX-45.
#[test]
fn whoever_believes_nothing_yet_takes_no_other_registry_in_place_of_an_expired_one() {
    let (world, other) = (World::new(), World::new());
    let old = named(&world, MAIN);
    let mut author = other.at_path("author");
    author.update(None, day(0)).unwrap();
    author.sign_head(&[&KEYS.head], day(17)).unwrap();
    copy_objects(&other.path(), &world.path());
    let repository = world.repository();
    let theirs = repository.find_commit(named(&other, MAIN)).unwrap();
    let mut commit = gix::objs::Commit::try_from(theirs.decode().unwrap()).unwrap();
    commit.parents = [old].into_iter().collect();
    let new = repository.write_object(&commit).unwrap().detach();
    check(push(&world, &[(MAIN, old, new)], day(17)), Err(codes::SIG_BINDING));
}

/// IDX-47.
#[test]
fn a_new_version_has_a_file_of_its_own() {
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let old = named(&world, MAIN);
    push(&world, &[], day(0)).unwrap();
    let notes = name("acme:notes");
    let release = author.package(&notes).unwrap().unwrap().releases.remove(0).release;
    let plan = |files: &Snapshot, state: &TrustedState| {
        let release = Release { version: "1.1.0".parse().unwrap(), ..release.clone() };
        let new =
            Publish { name: &notes, release, publishers: &[&KEYS.publisher], head_keys: &[&KEYS.head], now: day(0) };
        match plan::publish(files, state, &new)? {
            Published::Edit(edit) => Ok(Some(edit)),
            Published::Already(_) => Ok(None),
        }
    };
    author.edit(day(0), plan).unwrap().unwrap();
    let new = named(&world, MAIN);
    rewind(&world, MAIN, old);
    check(push(&world, &[(MAIN, old, new)], day(0)), Err(codes::INDEX_BINDING));
}
