//! What a publisher may do, and what is refused before anything is written.

mod life;
mod pending_root;
mod root;

use super::{Publish, Published, publish, sign_head};
use crate::world::{KEYS, World, day, empty, name, release, world};
use mpp_package::key::Signer;
use mpp_schema::{Code, Coded as _, RegistryId, codes};

#[track_caller]
fn check(world: &World, key: &dyn Signer, package: &str, version: &str, expected: Result<(), Code>) {
    let outcome = world.publish_by(key, package, version);
    assert_eq!(outcome.as_ref().map(|_| ()).map_err(|error| error.code()), expected, "{:?}", outcome.as_ref().err());
    if let Ok(files) = outcome {
        world.check(&files, Ok(()));
    }
}

/// IDX-41.
#[test]
fn a_free_namespace_is_claimed_and_then_owned() {
    let world = world();
    check(&world, &KEYS.publisher, "acme:other", "1.0.0", Ok(()));
    check(&world, &KEYS.stranger, "acme:other", "1.0.0", Err(codes::TRUST_NAMESPACE));
    check(&world, &KEYS.stranger, "apex:other", "1.0.0", Ok(()));
}

#[test]
fn a_version_is_published_once_whatever_its_build_metadata() {
    let world = world();
    check(&world, &KEYS.publisher, "acme:notes", "1.0.1", Ok(()));
    check(&world, &KEYS.publisher, "acme:notes", "1.0.0+build", Err(codes::INDEX_DUPLICATE_VERSION));
    let mut other = release("1.0.0");
    other.file = mpp_schema::Digest::of(b"other");
    for (release, expected) in [(release("1.0.0"), Ok(true)), (other, Err(codes::INDEX_DUPLICATE_VERSION))] {
        let publishers: [&dyn Signer; 1] = [&KEYS.publisher];
        let name = name("acme:notes");
        let new = Publish { name: &name, release, publishers: &publishers, head_keys: &[&KEYS.head], now: day(0) };
        let outcome = publish(&world.files, &world.state, &new);
        let outcome = outcome.map(|done| matches!(done, Published::Already(_))).map_err(|error| error.code());
        assert_eq!(outcome, expected);
    }
}

#[test]
fn lookalike_names_are_refused() {
    let mut world = empty(RegistryId::from_bytes([7; 16]));
    let files = world.publish("acme:login", "1.0.0").unwrap();
    world.accept(files);
    for alike in ["acme:l0gin", "acme:log-in", "acme:log1n", "acme:iogin"] {
        check(&world, &KEYS.publisher, alike, "1.0.0", Err(codes::NAME_COLLISION));
    }
    check(&world, &KEYS.publisher, "acme:logout", "1.0.0", Ok(()));
    check(&world, &KEYS.publisher, "acme:login", "1.0.1", Ok(()));
    check(&world, &KEYS.stranger, "ac-me:tool", "1.0.0", Err(codes::NAME_COLLISION));
    check(&world, &KEYS.stranger, "apex:login", "1.0.0", Ok(()));
}

#[test]
fn a_head_key_is_needed() {
    let world = world();
    let name = name("acme:notes");
    let new = |head_keys: &[&dyn Signer]| {
        let release = release("1.1.0");
        let new = Publish { name: &name, release, publishers: &[&KEYS.publisher], head_keys, now: day(0) };
        publish(&world.files, &world.state, &new).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(new(&[]), Err(codes::REGISTRY_NO_HEAD_KEY));
    assert_eq!(new(&[&KEYS.stranger]), Err(codes::REGISTRY_NO_HEAD_KEY));
    assert_eq!(new(&[&KEYS.stranger, &KEYS.head]), Ok(()));
}

/// IDX-44.
#[test]
fn a_fresh_head_changes_nothing_else() {
    let world = world();
    let edit = sign_head(&world.files, &world.state, &[&KEYS.head], day(5)).unwrap();
    let files = world.with(edit);
    world.check_at(&files, day(11), Ok(()));
    let update = world.offer(&files, day(5)).unwrap();
    assert_eq!((update.records, update.changed.len()), (0, 0));
}

/// IDX-20.
#[test]
fn descriptions_hide_nothing() {
    let world = world();
    let mut hiding = release("1.1.0");
    hiding.description = "Finds\u{202e} notes.".to_owned();
    let name = name("acme:notes");
    let new =
        Publish { name: &name, release: hiding, publishers: &[&KEYS.publisher], head_keys: &[&KEYS.head], now: day(0) };
    assert_eq!(publish(&world.files, &world.state, &new).unwrap_err().code(), codes::INDEX_MALFORMED);
}

#[test]
fn a_description_is_short() {
    let world = world();
    for (length, expected) in [(1024, Ok(true)), (1025, Err(codes::INDEX_MALFORMED))] {
        let mut release = release("1.1.0");
        release.description = "a".repeat(length);
        let publishers: [&dyn Signer; 1] = [&KEYS.publisher];
        let name = name("acme:notes");
        let new = Publish { name: &name, release, publishers: &publishers, head_keys: &[&KEYS.head], now: day(0) };
        let outcome = publish(&world.files, &world.state, &new);
        let outcome = outcome.map(|done| matches!(done, Published::Edit(_))).map_err(|error| error.code());
        assert_eq!(outcome, expected);
    }
}
