//! Pushes as a hook sees them, at moments that no real push can choose. The hook itself is tried with git where the program is built.

mod support;

use gix::{ObjectId, refs::transaction::PreviousValue};
use mpp_registry::{PushReport, RegistryError, check_push};
use mpp_schema::{Instant, codes};
use support::{KEYS, World, check, day, package, publish};

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
