//! What a client of single files refuses: a contradiction with what it was shown (spec/index.md IDX-82, IDX-83).

use super::{NOTES, next, notes_path};
use crate::{
    MemoryFiles, layout, shards,
    state::follow,
    world::{KEYS, World, cover, day, head, name, records, relog, reseal, reshard, statement, world},
};
use mpp_schema::{Code, Coded as _, Digest, codes, index::LogPoint};
use std::collections::BTreeMap;

/// What a client holds that looked the package up.
fn held(files: &MemoryFiles) -> BTreeMap<String, Digest> {
    let paths = [notes_path(), layout::namespace(name(NOTES).namespace())];
    paths.map(|path| (path.clone(), Digest::of(&files.0[&path]))).into()
}

#[track_caller]
fn check(world: &World, files: &MemoryFiles, expected: Result<(), Code>) {
    let outcome = follow(Some(&world.state), None, files, &held(&world.files), day(0));
    let outcome = outcome.map(drop).map_err(|error| (error.code(), error.to_string()));
    assert_eq!(outcome.as_ref().map(drop).map_err(|(code, _)| *code), expected, "{:?}", outcome.err());
}

#[test]
fn idx_82_the_log_is_read_from_the_trusted_point() {
    let world = world();
    let first = follow(None, None, &world.files, &BTreeMap::new(), day(0)).unwrap();
    let next = next(&world);
    let mut files = next.clone();
    let followed = follow(Some(&first.update.state), None, &files, &held(&world.files), day(0)).unwrap();
    assert_eq!((followed.update.records, followed.held), (1, held(&next)));
    // What stands before the point in the open segment was verified by whoever read it then.
    let segment = layout::log_segment(0);
    let at = files.0[&segment].iter().position(|byte| *byte == b'2').unwrap();
    files.0.get_mut(&segment).unwrap()[at] = b'3';
    assert!(follow(Some(&first.update.state), None, &files, &held(&world.files), day(0)).is_ok());
    let text = String::from_utf8(files.0[&segment].clone()).unwrap();
    let last = text.rfind("\"sha256\":\"").unwrap() + 10;
    let other = if text.as_bytes()[last] == b'0' { b'1' } else { b'0' };
    files.0.get_mut(&segment).unwrap()[last] = other;
    let broken = follow(Some(&first.update.state), None, &files, &held(&world.files), day(0)).unwrap_err();
    assert_eq!(broken.code(), codes::INDEX_LOG_BROKEN);
}

#[test]
fn idx_82_the_log_goes_on_from_what_was_seen() {
    let world = world();
    check(&world, &next(&world), Ok(()));
    let head = head(&next(&world));
    let log = LogPoint { length: head.log_length - 2, hash: head.log_hash };
    let shorter = reseal(&next(&world), |head| (head.log_length, head.log_hash) = (log.length, log.hash));
    check(&world, &shorter, Err(codes::INDEX_LOG_BROKEN));
    let mut other = records(&next(&world));
    other[1].path = "other.txt".to_owned();
    check(&world, &relog(&next(&world), other), Err(codes::INDEX_LOG_BROKEN));
    let mut other = records(&next(&world));
    other[4].path = "other.txt".to_owned();
    check(&world, &relog(&next(&world), other), Err(codes::INDEX_UNLOGGED));
}

#[test]
fn idx_83_what_was_shown_only_grows_and_with_a_record() {
    let world = world();
    let path = notes_path();
    let newer = |files: MemoryFiles| reseal(&files, |head| head.seq += 1);
    check(&world, &newer(world.files.clone()), Ok(()));
    let unlogged = reshard(&world.files, &path, Some(Digest::of(b"other")));
    check(&world, &newer(unlogged), Err(codes::INDEX_UNLOGGED));
    let gone = reshard(&next(&world), &path, None);
    check(&world, &gone, Err(codes::INDEX_REMOVED));
    let lines = next(&world).0[&path].clone();
    let second = lines.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let rewritten = cover(&world.files, &path, lines[second..].to_vec(), &KEYS.head, 1);
    check(&world, &newer(rewritten), Err(codes::INDEX_REMOVED));
}

/// IDX-84.
#[test]
fn idx_84_signatures_are_verified_at_each_lookup() {
    let world = world();
    let path = notes_path();
    let text = String::from_utf8(world.files.0[&path].clone()).unwrap();
    let edited = text.replacen("1.0.0", "1.0.9", 1).into_bytes();
    let forged = cover(&world.files, &path, edited, &KEYS.head, 1);
    let state = follow(None, None, &forged, &BTreeMap::new(), day(0)).unwrap().update.state;
    assert!(shards::table(&forged, state.head()).is_ok());
    let refused = crate::package::package(&forged, &state, &name(NOTES)).unwrap_err();
    assert_eq!(refused.code(), codes::SIG_INVALID);
    let state = follow(None, None, &world.files, &BTreeMap::new(), day(0)).unwrap().update.state;
    assert!(crate::package::package(&world.files, &state, &name(NOTES)).unwrap().is_some());
}

/// IDX-69.
#[test]
fn a_client_of_single_files_believes_the_head_about_the_order_of_the_log() {
    let world = world();
    let (path, line) = super::revoked::revoked();
    let new = statement(NOTES, "1.1.0", 1, &KEYS.publisher);
    let files = world.appended(&[(&path, line), (&notes_path(), new)]);
    world.check(&files, Err(codes::KEY_REVOKED));
    let state = follow(None, None, &files, &BTreeMap::new(), day(0)).unwrap().update.state;
    let entry = crate::package::package(&files, &state, &name(NOTES)).unwrap().unwrap();
    assert_eq!(entry.releases.len(), 2);
}
