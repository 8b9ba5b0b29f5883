//! Planning what is said after a release: every plan is accepted by every client.

use crate::{
    IndexError,
    plan::{Advise, IndexEdit, Owners, Reset, Revoke, Say, advise, owners, revoke, say, set_of},
    world::{KEYS, World, day, name, notice, release, world},
};
use mpp_package::key::Signer;
use mpp_schema::{
    Code, Coded as _, codes,
    index::{CoSignature, Notice, Says, Severity},
};

const HEAD: fn() -> [&'static dyn Signer; 1] = || [&KEYS.head];

/// What a plan comes to: whether there is something to do. The world goes on.
#[track_caller]
fn check(world: &mut World, planned: Result<Option<IndexEdit>, IndexError>, expected: Result<bool, Code>) {
    let outcome = planned.as_ref().map(Option::is_some).map_err(|error| error.code());
    assert_eq!(outcome, expected, "{:?}", planned.err());
    if let Ok(Some(edit)) = planned {
        world.accept(world.with(edit));
    }
}

fn said(world: &World, says: Says, signers: &[&dyn Signer]) -> Result<Option<IndexEdit>, IndexError> {
    let name = name("acme:notes");
    say(&world.files, &world.state, &Say { name: &name, says, signers, head_keys: &HEAD(), now: day(0) })
}

#[test]
fn saying_something_twice_changes_nothing() {
    let mut world = world();
    let by: [&dyn Signer; 1] = [&KEYS.publisher];
    for (says, is_new) in [
        (Says::Unyank(notice("fine")), false),
        (Says::Yank(notice("bad")), true),
        (Says::Yank(notice("bad")), false),
        (Says::Unyank(notice("fine")), true),
        (Says::Deprecate(notice("use x")), true),
        (Says::Deprecate(notice("use x")), false),
        (Says::Deprecate(notice("use y")), true),
        (Says::Block(notice("worse")), true),
        (Says::Block(notice("worst")), false),
    ] {
        let planned = said(&world, says, &by);
        check(&mut world, planned, Ok(is_new));
    }
}

#[test]
fn who_may_say_what() {
    let mut world = world();
    let block = || Says::Block(notice("malware"));
    for stranger in [&KEYS.stranger, &KEYS.head] {
        let planned = said(&world, block(), &[stranger]);
        check(&mut world, planned, Err(codes::TRUST_NAMESPACE));
    }
    let planned = said(&world, Says::Yank(notice("x")), &[&KEYS.root]);
    check(&mut world, planned, Err(codes::TRUST_NAMESPACE));
    let planned = said(&world, block(), &[]);
    check(&mut world, planned, Err(codes::TRUST_NAMESPACE));
    let planned = said(&world, block(), &[&KEYS.root]);
    check(&mut world, planned, Ok(true));
    assert!(world.notes().releases[0].standing.blocked.as_ref().unwrap().by_registry);
    let release = release("1.0.0");
    let key = KEYS.stranger.public_key().to_base64();
    let co = CoSignature { version: release.version, package: release.package, file: release.file, key };
    for is_new in [true, false] {
        let planned = said(&world, Says::CoSign(co.clone()), &[&KEYS.stranger]);
        check(&mut world, planned, Ok(is_new));
    }
}

#[test]
fn a_version_or_package_that_is_not_there_is_named() {
    let mut world = world();
    let other = Notice { version: "1.0.1".parse().unwrap(), reason: "x".to_owned() };
    let planned = said(&world, Says::Yank(other), &[&KEYS.publisher]);
    check(&mut world, planned, Err(codes::PACKAGE_NOT_FOUND));
    let planned = said(&world, Says::Yank(notice("a\u{202e}b")), &[&KEYS.publisher]);
    check(&mut world, planned, Err(codes::INDEX_MALFORMED));
    let other = name("acme:other");
    let new = Say {
        name: &other,
        says: Says::Yank(notice("x")),
        signers: &[&KEYS.publisher],
        head_keys: &HEAD(),
        now: day(0),
    };
    let planned = say(&world.files, &world.state, &new);
    check(&mut world, planned, Err(codes::PACKAGE_NOT_FOUND));
    let notes = name("acme:notes");
    let new =
        Say { name: &notes, says: Says::Yank(notice("x")), signers: &[&KEYS.publisher], head_keys: &[], now: day(0) };
    let planned = say(&world.files, &world.state, &new);
    check(&mut world, planned, Err(codes::REGISTRY_NO_HEAD_KEY));
}

fn advised(world: &World, package: &str, text: &str, signers: &[&dyn Signer]) -> Result<Option<IndexEdit>, IndexError> {
    let name = name(package);
    let new = Advise {
        name: &name,
        id: "MPP-1".to_owned(),
        versions: "1".parse().unwrap(),
        severity: Severity::Low,
        text: text.to_owned(),
        fixed_in: None,
        signers,
        head_keys: &HEAD(),
        now: day(0),
    };
    advise(&world.files, &world.state, &new).map(Some)
}

#[test]
fn advisories_are_planned_by_owners_and_by_the_registry() {
    let mut world = world();
    for (package, text, key, expected) in [
        ("acme:notes", "Mind it.", &KEYS.publisher, Ok(true)),
        ("acme:notes", "Mind it more.", &KEYS.root, Ok(true)),
        ("acme:notes", "Mind it.", &KEYS.stranger, Err(codes::TRUST_NAMESPACE)),
        ("acme:notes", "", &KEYS.publisher, Err(codes::INDEX_MALFORMED)),
        ("acme:other", "Mind it.", &KEYS.publisher, Err(codes::PACKAGE_NOT_FOUND)),
    ] {
        let planned = advised(&world, package, text, &[key]);
        check(&mut world, planned, expected);
    }
    let found = crate::advisories::advisories(&world.files, &world.state, &name("acme:notes")).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].text.as_str(), found[0].root), ("Mind it more.", Some(1)));
}

fn owned(
    world: &World,
    keys: &[&dyn Signer],
    threshold: u8,
    reset: Reset,
    signers: &[&dyn Signer],
) -> Result<Option<IndexEdit>, IndexError> {
    let keys: Vec<_> = keys.iter().map(|key| *key.public_key()).collect();
    let namespace = "acme".parse().unwrap();
    let owners = set_of(&keys, threshold);
    let new = Owners { namespace: &namespace, owners, reset, signers, head_keys: &HEAD(), now: day(0) };
    self::owners(&world.files, &world.state, &new).map(Some)
}

#[test]
fn owners_are_added_removed_and_replaced() {
    let mut world = world();
    let (publisher, stranger): (&dyn Signer, &dyn Signer) = (&KEYS.publisher, &KEYS.stranger);
    let not_owner = Err(codes::TRUST_NAMESPACE);
    let by_owners = || Reset::ByOwners;
    let planned = owned(&world, &[stranger], 1, by_owners(), &[stranger]);
    check(&mut world, planned, not_owner);
    let planned = owned(&world, &[stranger], 1, by_owners(), &[publisher]);
    check(&mut world, planned, not_owner);
    let planned = owned(&world, &[publisher, stranger], 3, by_owners(), &[publisher, stranger]);
    check(&mut world, planned, Err(codes::INDEX_MALFORMED));
    let planned = owned(&world, &[publisher, stranger], 2, by_owners(), &[publisher, stranger]);
    check(&mut world, planned, Ok(true));
    let planned = said(&world, Says::Yank(notice("x")), &[publisher]);
    check(&mut world, planned, not_owner);
    let planned = said(&world, Says::Yank(notice("x")), &[publisher, stranger]);
    check(&mut world, planned, Ok(true));
    let planned = owned(&world, &[stranger], 1, by_owners(), &[publisher, stranger]);
    check(&mut world, planned, Ok(true));
    let planned = said(&world, Says::Unyank(notice("x")), &[publisher]);
    check(&mut world, planned, not_owner);
}

#[test]
fn the_registry_resets_and_says_why() {
    let mut world = world();
    let (root, stranger): (&dyn Signer, &dyn Signer) = (&KEYS.root, &KEYS.stranger);
    let reset = |why: &str| Reset::ByRegistry(why.to_owned());
    for (why, signers, expected) in [
        ("The key was lost.", [&KEYS.publisher as &dyn Signer, stranger], Err(codes::TRUST_NAMESPACE)),
        ("", [root, stranger], Err(codes::INDEX_MALFORMED)),
        ("The key was lost.", [root, stranger], Ok(true)),
    ] {
        let planned = owned(&world, &[stranger], 1, reset(why), &signers);
        check(&mut world, planned, expected);
    }
    assert_eq!(world.notes().namespace.records[1].reset.as_deref(), Some("The key was lost."));
}

#[test]
fn a_key_is_revoked_once_and_signs_no_more() {
    let mut world = world();
    let revoke_by = |world: &World, signers: &[&dyn Signer]| {
        let reason = "It was stolen.".to_owned();
        let key = KEYS.publisher.public_key();
        revoke(&world.files, &world.state, &Revoke { key, reason, signers, head_keys: &HEAD(), now: day(0) })
    };
    let planned = revoke_by(&world, &[&KEYS.stranger]);
    check(&mut world, planned, Err(codes::TRUST_NAMESPACE));
    let planned = revoke_by(&world, &[&KEYS.root]);
    check(&mut world, planned, Ok(true));
    let planned = revoke_by(&world, &[&KEYS.publisher]);
    check(&mut world, planned, Ok(false));
    let edit = said(&world, Says::Yank(notice("x")), &[&KEYS.publisher]).unwrap().unwrap();
    world.check(&world.with(edit), Err(codes::KEY_REVOKED));
}
