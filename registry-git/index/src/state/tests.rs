//! What a client refuses to believe, each beside a twin that it believes and that differs only in the attacked point.

mod compare;
mod copy;
mod life;
mod owners;
mod revoked;
mod shapes;

use super::{Candidate, Trusted, TrustedState, update};
use crate::{
    MemoryFiles, document, layout,
    world::{
        KEYS, REGISTRY, World, cover, day, empty, envelope, head, key_set, name, next_root, records, relog, reseal,
        reshard, statement, world, write_head,
    },
};
use mpp_package::signature::Purpose;
use mpp_schema::{
    Code, Coded as _, Digest, Instant, RegistryId, codes,
    index::{LogPoint, Root},
};

const NOTES: &str = "acme:notes";

fn next(world: &World) -> MemoryFiles {
    world.publish(NOTES, "1.1.0").unwrap()
}

fn notes_path() -> String {
    layout::package(&name(NOTES))
}

#[track_caller]
fn check_first(files: &MemoryFiles, pin: Option<Digest>, now: Instant, expected: Result<(), Code>) {
    let outcome = update(None, pin, &Candidate { files, changed: None }, now);
    let outcome = outcome.map(|_| ()).map_err(|error| (error.code(), error.to_string()));
    assert_eq!(outcome.as_ref().map(|_| ()).map_err(|(code, _)| *code), expected, "{:?}", outcome.err());
}

#[test]
fn an_honest_update_is_believed_and_costs_what_is_new() {
    let world = world();
    let update = world.offer(&next(&world), day(0)).unwrap();
    assert_eq!((update.records, update.changed.len()), (1, 1));
    assert_eq!(update.state.head().seq, world.state.head().seq + 1);
    let again = world.offer(&world.files, day(1)).unwrap();
    assert_eq!((again.records, again.state.clock()), (0, day(1)));
}

#[test]
fn a_client_that_lost_its_files_verifies_everything_again() {
    let world = world();
    let next = next(&world);
    let update = world.offer_without_base(&next, day(0)).unwrap();
    assert_eq!(update.records, 5);
    assert_eq!(update.state, world.offer(&next, day(0)).unwrap().state);
}

#[test]
fn a_state_survives_being_written_down() {
    let state = world().state;
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<TrustedState>(&text).unwrap(), state);
}

#[test]
fn an_older_head_is_a_rollback() {
    let mut world = world();
    let old = world.files.clone();
    world.accept(next(&world));
    world.check(&old, Err(codes::INDEX_ROLLBACK));
    world.check(&world.files, Ok(()));
}

#[test]
fn two_heads_of_one_number_are_a_fork_and_the_proof_is_kept() {
    let mut world = world();
    let other = world.publish("acme:other", "1.0.0").unwrap();
    world.accept(next(&world));
    world.check(&other, Err(codes::INDEX_FORK));
    let error = world.offer(&other, day(0)).unwrap_err();
    let proof: Vec<_> = error.evidence().unwrap().split_inclusive(|b| *b == b'\n').map(envelope).collect();
    assert_eq!(proof.len(), 2);
    for signed in proof {
        let key = [*mpp_package::key::Signer::public_key(&KEYS.head)];
        mpp_package::signed::verify_text(&signed, &Purpose::Head { registry: REGISTRY }, &key, 1).unwrap();
    }
}

#[test]
fn a_head_is_fresh_for_the_lifetime_that_the_root_says() {
    let world = world();
    world.check_at(&next(&world), day(6), Ok(()));
    world.check_at(&next(&world), day(7), Err(codes::INDEX_STALE));
    let boasting = reseal(&next(&world), |head| head.expires = day(1000));
    world.check_at(&boasting, day(6), Ok(()));
    world.check_at(&boasting, day(7), Err(codes::INDEX_STALE));
    assert_eq!(world.state.check_fresh(day(7)).unwrap_err().code(), codes::INDEX_STALE);
}

#[test]
fn a_clock_that_goes_back_is_noticed() {
    let mut world = world();
    world.state = world.offer(&world.files, day(3)).unwrap().state;
    world.check_at(&next(&world), day(2), Err(codes::CLOCK_BACKWARDS));
    world.check_at(&next(&world), day(3), Ok(()));
    assert_eq!(world.state.check_fresh(day(2)).unwrap_err().code(), codes::CLOCK_BACKWARDS);
}

#[test]
fn a_clock_that_is_behind_the_head_is_noticed() {
    let world = world();
    check_first(&world.files, None, day(-1), Err(codes::CLOCK_BACKWARDS));
    check_first(&world.files, None, day(0), Ok(()));
}

#[test]
fn the_old_part_of_the_log_cannot_change_even_under_a_signed_head() {
    let world = world();
    let next = next(&world);
    let honest = records(&next);
    let spoil = |change: fn(&mut Vec<mpp_schema::index::LogRecord>)| {
        let mut records = honest.clone();
        change(&mut records);
        relog(&next, records)
    };
    world.check(&spoil(|_| {}), Ok(()));
    world.check(&spoil(|records| drop(records.remove(1))), Err(codes::INDEX_LOG_BROKEN));
    world.check(&spoil(|records| records[1].at = day(-1)), Err(codes::INDEX_LOG_BROKEN));
    world.check(&spoil(|records| records.swap(0, 1)), Err(codes::INDEX_LOG_BROKEN));
    world.check(&spoil(|records| records.insert(1, records[1].clone())), Err(codes::INDEX_LOG_BROKEN));
    world.check(&spoil(|records| records.truncate(2)), Err(codes::INDEX_LOG_BROKEN));
    let error = world.offer(&spoil(|records| records.swap(0, 1)), day(0)).unwrap_err();
    assert!(error.evidence().is_some());
}

#[test]
fn the_log_must_hash_to_what_the_head_says() {
    let world = world();
    let next = next(&world);
    let spoil = |change: fn(&mut Vec<u8>)| {
        let mut files = next.clone();
        change(files.0.get_mut("log/00000000.jsonl").unwrap());
        files
    };
    world.check(&spoil(|_| {}), Ok(()));
    world.check(&spoil(|log| log.extend(log.clone())), Err(codes::INDEX_LOG_BROKEN));
    world.check(&spoil(|log| log.insert(log.len() - 1, b' ')), Err(codes::INDEX_LOG_BROKEN));
    let mut files = next.clone();
    files.0.remove("log/00000000.jsonl");
    world.check(&files, Err(codes::INDEX_LOG_BROKEN));
}

/// IDX-35.
#[test]
fn a_closed_segment_is_read_once_and_may_not_change_after() {
    let mut world = world();
    let many = world.draft(|draft| (0..1100).for_each(|i| draft.write(format!("extra/{i}"), vec![b'x'])));
    world.accept(many);
    assert_eq!(world.state.segment().length, 1024);
    let next = next(&world);
    assert_eq!(world.offer(&next, day(0)).unwrap().records, 1);
    // What was closed before is not even opened.
    let mut unread = next.clone();
    unread.0.remove("log/00000000.jsonl");
    let changed = crate::world::changed(&world.files, &next);
    let candidate = Candidate { files: &unread, changed: Some(&changed) };
    let trusted = Trusted { state: &world.state, files: Some(&world.files) };
    assert_eq!(update(Some(trusted), None, &candidate, day(0)).unwrap().records, 1);
    let mut spoilt = next.clone();
    spoilt.0.get_mut("log/00000000.jsonl").unwrap().push(b'\n');
    world.check(&spoilt, Err(codes::INDEX_LOG_BROKEN));
    world.check(&next, Ok(()));
    assert_eq!(world.offer_without_base(&next, day(0)).unwrap().records, 1105);
}

#[test]
fn a_change_without_a_record_is_found() {
    let world = world();
    let next = next(&world);
    let mut config = next.clone();
    config.0.get_mut(layout::CONFIG).unwrap().push(b' ');
    world.check(&config, Err(codes::INDEX_UNLOGGED));
    let listed = reshard(&config, layout::CONFIG, Some(Digest::of(&config.0[layout::CONFIG])));
    world.check(&listed, Err(codes::INDEX_UNLOGGED));
    let mut records = records(&next);
    records.push(mpp_schema::index::LogRecord {
        n: 0,
        path: layout::CONFIG.to_owned(),
        sha256: Digest::of(&config.0[layout::CONFIG]),
        at: day(0),
    });
    world.check(&relog(&listed, records), Ok(()));
}

#[test]
fn a_shard_line_must_agree_with_the_last_record() {
    let world = world();
    let next = next(&world);
    world.check(&reshard(&next, &notes_path(), Some(Digest::of(b"other"))), Err(codes::INDEX_UNLOGGED));
    world.check(&reshard(&next, &notes_path(), Some(Digest::of(&next.0[&notes_path()]))), Ok(()));
}

#[test]
fn an_old_file_under_a_new_head_is_a_mismatch() {
    let world = world();
    let next = next(&world);
    let shard = layout::shard_file(layout::shard_of_path(&notes_path()));
    for path in [&notes_path(), &shard, layout::SHARDS] {
        let mut files = next.clone();
        files.0.insert(path.to_owned(), world.files.0[path].clone());
        world.check(&files, Err(codes::INDEX_MISMATCH));
    }
    world.check(&next, Ok(()));
}

#[test]
fn what_was_there_stays_there() {
    let world = world();
    let next = next(&world);
    let mut gone = next.clone();
    gone.0.remove(&notes_path());
    world.check(&gone, Err(codes::INDEX_REMOVED));
    world.check(&reshard(&next, &notes_path(), None), Err(codes::INDEX_REMOVED));
    world.check(&reshard(&next, layout::CONFIG, None), Err(codes::INDEX_REMOVED));
    let only_new = statement(NOTES, "1.1.0", 1, &KEYS.publisher);
    let rewritten = world.draft(|draft| draft.write(notes_path(), only_new.clone()));
    world.check(&rewritten, Err(codes::INDEX_REMOVED));
    let grown = world.draft(|draft| draft.append(notes_path(), &only_new).unwrap());
    world.check(&grown, Ok(()));
}

#[test]
fn a_version_is_released_once() {
    let world = world();
    for (version, expected) in [
        ("1.0.1", Ok(())),
        ("1.0.0", Err(codes::INDEX_DUPLICATE_VERSION)),
        ("1.0.0+b", Err(codes::INDEX_DUPLICATE_VERSION)),
    ] {
        let line = statement(NOTES, version, 1, &KEYS.publisher);
        world.check(&world.draft(|draft| draft.append(notes_path(), &line).unwrap()), expected);
    }
}

/// IDX-38.
#[test]
fn statements_are_by_the_owners_in_force() {
    let world = world();
    let with = |line: Vec<u8>| world.draft(|draft| draft.append(notes_path(), &line).unwrap());
    world.check(&with(statement(NOTES, "1.1.0", 1, &KEYS.publisher)), Ok(()));
    world.check(&with(statement(NOTES, "1.1.0", 1, &KEYS.stranger)), Err(codes::TRUST_NAMESPACE));
    world.check(&with(statement(NOTES, "1.1.0", 2, &KEYS.publisher)), Err(codes::TRUST_NAMESPACE));
    world.check(&with(statement("acme:other", "1.1.0", 1, &KEYS.publisher)), Err(codes::INDEX_MALFORMED));
    let free = layout::package(&name("free:notes"));
    let line = statement("free:notes", "1.0.0", 1, &KEYS.publisher);
    world.check(&world.draft(|draft| draft.append(free, &line).unwrap()), Err(codes::TRUST_NAMESPACE));
}

#[test]
fn a_head_is_by_a_head_key_and_for_this_registry() {
    let world = world();
    let mut files = next(&world);
    let honest = head(&files);
    write_head(&mut files, &honest, &KEYS.stranger);
    world.check(&files, Err(codes::TRUST_UNKNOWN_KEY));
    let other = mpp_schema::index::Head { registry: RegistryId::from_bytes([8; 16]), ..honest.clone() };
    write_head(&mut files, &other, &KEYS.head);
    world.check(&files, Err(codes::SIG_BINDING));
    write_head(&mut files, &honest, &KEYS.head);
    world.check(&files, Ok(()));
}

#[test]
fn the_first_root_is_pinned_and_signs_itself() {
    let world = world();
    let pin = world.state.pin();
    check_first(&world.files, Some(pin), day(0), Ok(()));
    check_first(&world.files, Some(Digest::of(b"")), day(0), Err(codes::ROOT_PIN));
    let foreign = empty(RegistryId::from_bytes([8; 16]));
    check_first(&foreign.files, Some(pin), day(0), Err(codes::ROOT_PIN));
    world.check(&foreign.files, Err(codes::SIG_BINDING));
    let mut forged = world.files.clone();
    forged.0.insert(layout::root(1), next_root(&world, &[&KEYS.stranger], |root| root.version = 1));
    check_first(&forged, None, day(0), Err(codes::ROOT_INVALID));
}

#[test]
fn a_root_expires() {
    let mut world = world();
    let late = reseal(&next(&world), |head| head.issued = day(364));
    let late = reseal(&late, |head| (head.issued, head.expires) = (day(364), day(371)));
    world.check_at(&late, day(364), Ok(()));
    world.check_at(&late, day(365), Err(codes::ROOT_EXPIRED));
    world.accept(next(&world));
}

#[test]
fn the_next_root_is_signed_by_both_thresholds() {
    let world = world();
    let new_keys = |root: &mut Root| root.root_keys = key_set(&KEYS.stranger);
    let offer = |file: Vec<u8>| cover(&next(&world), "root/2.json", file, &KEYS.head, 2);
    world.check(&offer(next_root(&world, &[&KEYS.root, &KEYS.stranger], new_keys)), Ok(()));
    world.check(&offer(next_root(&world, &[&KEYS.root], new_keys)), Err(codes::ROOT_INVALID));
    world.check(&offer(next_root(&world, &[&KEYS.stranger], new_keys)), Err(codes::ROOT_INVALID));
    let skipped = next_root(&world, &[&KEYS.root], |root| root.version = 3);
    world.check(&offer(skipped), Err(codes::ROOT_INVALID));
}

#[test]
fn a_jump_to_a_huge_number_is_undone_by_a_new_root() {
    let mut world = world();
    let honest = world.clone();
    let resume = LogPoint { length: honest.state.head().log_length, hash: honest.state.head().log_hash };
    let misused = reseal(&world.publish("acme:evil", "1.0.0").unwrap(), |head| head.seq = u64::MAX - 1);
    world.accept(misused);

    let root = |resume| {
        next_root(&honest, &[&KEYS.root], |root| {
            root.head_keys = key_set(&KEYS.stranger);
            root.resume = resume;
        })
    };
    let recovered = cover(&honest.files, "root/2.json", root(Some(resume)), &KEYS.stranger, 2);
    world.check(&recovered, Ok(()));
    honest.check(&recovered, Ok(()));
    check_first(&recovered, None, day(0), Ok(()));
    let without = cover(&honest.files, "root/2.json", root(None), &KEYS.stranger, 2);
    world.check(&without, Err(codes::INDEX_LOG_BROKEN));
    let elsewhere = LogPoint { hash: Digest::of(b""), ..resume };
    let elsewhere = cover(&honest.files, "root/2.json", root(Some(elsewhere)), &KEYS.stranger, 2);
    world.check(&elsewhere, Err(codes::INDEX_LOG_BROKEN));
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let world = world();
    let mut files = next(&world);
    let text = document::compact(&head(&files)).replace("\"mpp\":\"1.0\"", "\"mpp\":\"2.0\",\"new\":1");
    let purpose = Purpose::Head { registry: REGISTRY };
    let signed = mpp_package::signed::sign_text(text, &purpose, &[&KEYS.head]).unwrap();
    files.0.insert(layout::HEAD.to_owned(), document::line(&signed));
    world.check(&files, Err(codes::FORMAT_NEWER));
}

/// What a client makes of an index that it has never seen, when it can tell which files the tree holds.
#[track_caller]
fn check_first_seeing_all(files: &MemoryFiles, expected: Result<(), Code>) {
    let all = files.0.keys().cloned().collect();
    let outcome = update(None, None, &Candidate { files, changed: Some(&all) }, day(0));
    let outcome = outcome.map(|_| ()).map_err(|error| (error.code(), error.to_string()));
    assert_eq!(outcome.as_ref().map(|_| ()).map_err(|(code, _)| *code), expected, "{:?}", outcome.err());
}

#[test]
fn a_tree_holds_no_file_without_a_record_for_a_new_client_either() {
    let world = world();
    let with = |path: &str| {
        let mut files = world.files.clone();
        files.0.insert(path.to_owned(), b"x\n".to_vec());
        files
    };
    check_first_seeing_all(&world.files, Ok(()));
    for path in ["README.md", "ns/other.jsonl", "root/2.jsonl", "shards/README", "shards/zz", "shards/00/x"] {
        check_first_seeing_all(&with(path), Err(codes::INDEX_UNLOGGED));
        world.check(&with(path), Err(codes::INDEX_UNLOGGED));
    }
    for path in ["log/00000001.jsonl", "log/README", "log/99999999.jsonl"] {
        check_first_seeing_all(&with(path), Err(codes::INDEX_LOG_BROKEN));
        world.check(&with(path), Err(codes::INDEX_LOG_BROKEN));
    }
}

#[test]
fn a_full_log_has_no_segment_after_the_last() {
    let mut world = world();
    let missing = 1024 - world.state.head().log_length;
    let full = world.draft(|draft| (0..missing).for_each(|i| draft.write(format!("extra/{i}"), vec![b'x'])));
    let mut surplus = full.clone();
    surplus.0.insert("log/00000001.jsonl".to_owned(), b"x\n".to_vec());
    world.check(&surplus, Err(codes::INDEX_LOG_BROKEN));
    check_first_seeing_all(&surplus, Err(codes::INDEX_LOG_BROKEN));
    world.check(&full, Ok(()));
    check_first_seeing_all(&full, Ok(()));
    world.accept(full);
    world.check(&next(&world), Ok(()));
}

#[test]
fn a_root_never_says_something_else() {
    let world = world();
    let honest = records(&world.files);
    let again = |sha256: Digest| {
        let mut records = honest.clone();
        let root = records.iter().position(|record| record.path == layout::root(1)).unwrap();
        let other = mpp_schema::index::LogRecord { sha256, ..records[root].clone() };
        records.insert(root, other);
        relog(&world.files, records)
    };
    let said = Digest::of(&world.files.0[&layout::root(1)]);
    check_first(&again(said), None, day(0), Ok(()));
    check_first(&again(Digest::of(b"other")), None, day(0), Err(codes::INDEX_REMOVED));
}

#[test]
fn the_last_sequence_number_is_followed_by_none() {
    let mut world = world();
    world.accept(reseal(&next(&world), |head| head.seq = u64::MAX - 1));
    let last = world.publish("acme:other", "1.0.0").unwrap();
    assert_eq!(head(&last).seq, u64::MAX);
    world.accept(last);
    let refused = world.publish("acme:third", "1.0.0").unwrap_err();
    assert_eq!(refused.code(), codes::INDEX_MALFORMED);
}

/// IDX-31.
#[test]
fn a_root_is_not_logged_before_its_turn() {
    let world = world();
    for path in ["root/3.json", "root/4.json", "root/0.json"] {
        let early = world.draft(|draft| draft.write(path.to_owned(), b"{}\n".to_vec()));
        world.check(&early, Err(codes::ROOT_INVALID));
        check_first_seeing_all(&early, Err(codes::ROOT_INVALID));
    }
    let named = world.draft(|draft| draft.write("root/04.json".to_owned(), b"{}\n".to_vec()));
    world.check(&named, Ok(()));
}
