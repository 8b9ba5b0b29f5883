//! Keys that are revoked, and namespaces that the registry gives away (IDX-17, IDX-61, IDX-67, IDX-68, IDX-73).

use super::{NOTES, notes_path};
use crate::{
    MemoryFiles, layout,
    plan::set_of,
    world::{KEYS, REGISTRY, World, day, key_set, notice, said, sealed, statement, world},
};
use mpp_package::{
    key::{SecretKey, Signer},
    signature::Purpose,
};
use mpp_schema::{
    Code, Coded as _, FormatVersion, codes,
    index::{KeySet, NamespaceRecord, Reset, Revocation, Says},
};

fn ns() -> String {
    layout::namespace(&"acme".parse().unwrap())
}

fn path_of(key: &SecretKey) -> String {
    layout::revocation(key.public_key().id())
}

fn revocation(key: &SecretKey, root: Option<u32>, by: &dyn Signer, change: impl FnOnce(&mut Revocation)) -> Vec<u8> {
    let mut revocation = Revocation {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        key: key.public_key().to_base64(),
        root,
        issued: day(0),
        reason: "It was stolen.".to_owned(),
    };
    change(&mut revocation);
    sealed(&revocation, &Purpose::Revocation { registry: REGISTRY }, &[by])
}

fn record(version: u32, owners: KeySet, reset: Option<Reset>, signers: &[&dyn Signer]) -> Vec<u8> {
    let record = NamespaceRecord {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        namespace: "acme".parse().unwrap(),
        version,
        owners,
        issued: day(0),
        reset,
    };
    sealed(&record, &Purpose::Namespace { registry: REGISTRY }, signers)
}

fn reset(root: u32) -> Option<Reset> {
    Some(Reset { root, reason: "Its key was lost.".to_owned() })
}

/// The publisher's key, revoked by itself.
pub(super) fn revoked() -> (String, Vec<u8>) {
    (path_of(&KEYS.publisher), revocation(&KEYS.publisher, None, &KEYS.publisher, |_| {}))
}

#[track_caller]
fn check_both(world: &World, files: &MemoryFiles, expected: Result<(), Code>) {
    world.check(files, expected);
    let whole = world.offer_without_base(files, day(0)).map(drop).map_err(|error| error.code());
    assert_eq!(whole, expected);
}

#[test]
fn a_key_is_revoked_by_itself_or_by_the_registry() {
    let world = world();
    let path = path_of(&KEYS.publisher);
    let check = |line: Vec<u8>, expected| check_both(&world, &world.appended(&[(&path, line)]), expected);
    let key = &KEYS.publisher;
    check(revocation(key, None, key, |_| {}), Ok(()));
    check(revocation(key, Some(1), &KEYS.root, |_| {}), Ok(()));
    check(revocation(key, None, &KEYS.root, |_| {}), Err(codes::TRUST_UNKNOWN_KEY));
    check(revocation(key, Some(1), key, |_| {}), Err(codes::TRUST_NAMESPACE));
    check(revocation(key, Some(2), &KEYS.root, |_| {}), Err(codes::TRUST_NAMESPACE));
    check(revocation(key, None, key, |doc| doc.reason.clear()), Err(codes::INDEX_MALFORMED));
    check(revocation(key, None, key, |doc| doc.reason.push('\u{202e}')), Err(codes::INDEX_MALFORMED));
    check(revocation(&KEYS.stranger, None, &KEYS.stranger, |_| {}), Err(codes::INDEX_MALFORMED));
    let other = mpp_schema::RegistryId::from_bytes([8; 16]);
    check(revocation(key, None, key, |doc| doc.registry = other), Err(codes::SIG_BINDING));
}

#[test]
fn a_revocation_is_never_taken_back() {
    let mut world = world();
    let (path, line) = revoked();
    world.accept(world.appended(&[(&path, line)]));
    let other = revocation(&KEYS.publisher, Some(1), &KEYS.root, |_| {});
    let rewritten = world.draft(|draft| draft.write(path.clone(), other));
    check_both(&world, &rewritten, Err(codes::INDEX_REMOVED));
}

#[test]
fn what_was_logged_before_stays_valid_and_nothing_after_counts() {
    let world = world();
    let (path, line) = revoked();
    let new = statement(NOTES, "1.1.0", 1, &KEYS.publisher);
    let revoked_after = world.appended(&[(&notes_path(), new.clone()), (&path, line.clone())]);
    check_both(&world, &revoked_after, Ok(()));
    let before = world.appended(&[(&path, line.clone()), (&notes_path(), new.clone())]);
    check_both(&world, &before, Err(codes::KEY_REVOKED));

    // The same one step at a time.
    let mut later = world.clone();
    later.accept(world.appended(&[(&path, line)]));
    check_both(&later, &later.appended(&[(&notes_path(), new)]), Err(codes::KEY_REVOKED));
    let yank = said(NOTES, Says::Yank(notice("x")), (1, None), &[&KEYS.publisher]);
    check_both(&later, &later.appended(&[(&notes_path(), yank)]), Err(codes::KEY_REVOKED));
    let rotated = record(2, key_set(&KEYS.stranger), None, &[&KEYS.publisher, &KEYS.stranger]);
    check_both(&later, &later.appended(&[(&ns(), rotated)]), Err(codes::KEY_REVOKED));
    assert_eq!(later.notes().releases.len(), 1);
}

#[test]
fn a_namespace_outlives_a_revoked_key_by_another_or_by_a_reset() {
    let world = world();
    let (path, line) = revoked();
    let two = KeySet { threshold: 1, keys: both() };
    let by_both: [&dyn Signer; 2] = [&KEYS.publisher, &KEYS.stranger];
    let shared = record(2, two, None, &by_both);
    let alone = record(3, key_set(&KEYS.stranger), None, &[&KEYS.stranger]);
    let steps = [(&ns()[..], shared), (&path, line.clone()), (&ns(), alone)];
    check_both(&world, &world.appended(&steps), Ok(()));
    let thief = record(3, key_set(&KEYS.publisher), None, &[&KEYS.publisher]);
    let steps = [steps[0].clone(), steps[1].clone(), (&ns(), thief)];
    check_both(&world, &world.appended(&steps), Err(codes::KEY_REVOKED));

    let given = record(2, key_set(&KEYS.stranger), reset(1), &[&KEYS.root, &KEYS.stranger]);
    let new = statement(NOTES, "1.1.0", 2, &KEYS.stranger);
    check_both(&world, &world.appended(&[(&path, line), (&ns(), given), (&notes_path(), new)]), Ok(()));
}

fn both() -> Vec<String> {
    let mut keys = [&KEYS.publisher, &KEYS.stranger].map(|key| key.public_key().to_base64()).to_vec();
    keys.sort();
    keys
}

#[test]
fn one_revoked_signer_of_two_does_not_spoil_enough_others() {
    let mut world = world();
    let two = KeySet { threshold: 1, keys: both() };
    let by_both: [&dyn Signer; 2] = [&KEYS.publisher, &KEYS.stranger];
    let (path, line) = revoked();
    world.accept(world.appended(&[(&ns(), record(2, two.clone(), None, &by_both)), (&path, line)]));
    let says = || Says::Release(crate::world::release("1.1.0"));
    let check = |keys: &[&dyn Signer], expected| {
        check_both(&world, &world.appended(&[(&notes_path(), said(NOTES, says(), (2, None), keys))]), expected);
    };
    check(&by_both, Ok(()));
    check(&[&KEYS.stranger], Ok(()));
    check(&[&KEYS.publisher], Err(codes::KEY_REVOKED));
}

#[test]
fn the_registry_gives_a_namespace_away_by_its_root_keys() {
    let world = world();
    let check = |line: Vec<u8>, expected| check_both(&world, &world.appended(&[(&ns(), line)]), expected);
    let owners = || key_set(&KEYS.stranger);
    check(record(2, owners(), reset(1), &[&KEYS.root, &KEYS.stranger]), Ok(()));
    for other in [&KEYS.publisher, &KEYS.head] {
        check(record(2, owners(), reset(1), &[other, &KEYS.stranger]), Err(codes::TRUST_NAMESPACE));
    }
    check(record(2, owners(), reset(1), &[&KEYS.root]), Err(codes::TRUST_UNKNOWN_KEY));
    check(record(2, owners(), reset(2), &[&KEYS.root, &KEYS.stranger]), Err(codes::TRUST_NAMESPACE));
    let silent = Some(Reset { root: 1, reason: String::new() });
    check(record(2, owners(), silent, &[&KEYS.root, &KEYS.stranger]), Err(codes::INDEX_MALFORMED));
    let free = layout::namespace(&"free".parse().unwrap());
    let claim = NamespaceRecord {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        namespace: "free".parse().unwrap(),
        version: 1,
        owners: owners(),
        issued: day(0),
        reset: reset(1),
    };
    let claim = sealed(&claim, &Purpose::Namespace { registry: REGISTRY }, &[&KEYS.root, &KEYS.stranger]);
    check_both(&world, &world.appended(&[(&free, claim)]), Err(codes::INDEX_MALFORMED));
}

#[test]
fn a_pin_follows_its_owners_and_not_the_registry() {
    let publisher = KEYS.publisher.public_key().id();
    let stranger = KEYS.stranger.public_key().id();
    let after = |line: Option<Vec<u8>>| {
        let mut world = world();
        if let Some(line) = line {
            world.accept(world.appended(&[(&ns(), line)]));
        }
        world.notes().namespace
    };
    let code = |outcome: Result<(), crate::IndexError>| outcome.map_err(|error| error.code());
    let refused = Err(codes::TRUST_PIN);
    let untouched = after(None);
    assert_eq!(code(untouched.check_pin(publisher)), Ok(()));
    assert_eq!(code(untouched.check_pin(stranger)), refused);
    let given = after(Some(record(2, key_set(&KEYS.stranger), None, &[&KEYS.publisher, &KEYS.stranger])));
    assert_eq!(code(given.check_pin(publisher)), Ok(()));
    assert_eq!(code(given.check_pin(stranger)), Ok(()));
    let taken = after(Some(record(2, key_set(&KEYS.stranger), reset(1), &[&KEYS.root, &KEYS.stranger])));
    assert_eq!(code(taken.check_pin(publisher)), refused);
    assert_eq!(code(taken.check_pin(stranger)), Ok(()));
    // The pinned key is public: whoever takes the namespace can name it beside another.
    let two = |threshold| set_of(&[*KEYS.publisher.public_key(), *KEYS.stranger.public_key()], threshold);
    let beside = after(Some(record(2, two(1), reset(1), &[&KEYS.root, &KEYS.stranger])));
    assert_eq!(code(beside.check_pin(publisher)), refused);
    let together = after(Some(record(2, two(2), reset(1), &[&KEYS.root, &KEYS.stranger, &KEYS.publisher])));
    assert_eq!(code(together.check_pin(publisher)), Ok(()), "without it nobody signs");
}

#[test]
fn a_release_names_the_owners_of_its_time() {
    let mut world = world();
    let given = record(2, key_set(&KEYS.stranger), None, &[&KEYS.publisher, &KEYS.stranger]);
    world.accept(world.appended(&[(&ns(), given), (&notes_path(), statement(NOTES, "1.1.0", 2, &KEYS.stranger))]));
    let entry = world.notes();
    assert_eq!(entry.owners, [*KEYS.stranger.public_key()]);
    assert_eq!(entry.releases[0].owners, [*KEYS.publisher.public_key()]);
    assert_eq!(entry.releases[1].owners, [*KEYS.stranger.public_key()]);
}
