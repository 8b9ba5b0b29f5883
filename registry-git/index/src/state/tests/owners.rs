//! Namespaces that change hands (IDX-17 to IDX-19): who may say what is decided by the place in the log.

use super::{NOTES, notes_path};
use crate::{
    document, layout,
    world::{KEYS, REGISTRY, World, day, key_set, statement, world},
};
use mpp_package::{key::Signer, signature::Purpose};
use mpp_schema::{FormatVersion, codes, index::NamespaceRecord};

fn ns() -> String {
    layout::namespace(&"acme".parse().unwrap())
}

/// A record that gives the namespace to the stranger.
fn handed_over(version: u32, namespace: &str, signers: &[&dyn Signer]) -> Vec<u8> {
    let record = NamespaceRecord {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        namespace: namespace.parse().unwrap(),
        version,
        owners: key_set(&KEYS.stranger),
        issued: day(0),
        reset: None,
    };
    let mut signers = signers.to_vec();
    signers.sort_by_key(|signer| signer.public_key().id());
    document::line(&document::seal("", &record, &Purpose::Namespace { registry: REGISTRY }, &signers).unwrap())
}

fn by_both() -> Vec<u8> {
    handed_over(2, "acme", &[&KEYS.publisher, &KEYS.stranger])
}

fn with(world: &World, lines: &[(&str, Vec<u8>)]) -> crate::MemoryFiles {
    world.appended(lines)
}

#[test]
fn a_namespace_is_handed_over_by_old_and_new_owners() {
    let world = world();
    world.check(&with(&world, &[(&ns(), by_both())]), Ok(()));
    for signers in [&[&KEYS.publisher as &dyn Signer][..], &[&KEYS.stranger], &[&KEYS.head]] {
        let alone = with(&world, &[(&ns(), handed_over(2, "acme", signers))]);
        world.check(&alone, Err(codes::TRUST_UNKNOWN_KEY));
    }
    let both: [&dyn Signer; 2] = [&KEYS.publisher, &KEYS.stranger];
    world.check(&with(&world, &[(&ns(), handed_over(3, "acme", &both))]), Err(codes::INDEX_MALFORMED));
    world.check(&with(&world, &[(&ns(), handed_over(1, "acme", &both))]), Err(codes::INDEX_MALFORMED));
    world.check(&with(&world, &[(&ns(), handed_over(2, "apex", &both))]), Err(codes::INDEX_MALFORMED));
}

#[test]
fn who_owns_it_at_that_place_in_the_log_may_speak() {
    let world = world();
    let old = statement(NOTES, "1.1.0", 1, &KEYS.publisher);
    let new = statement(NOTES, "1.2.0", 2, &KEYS.stranger);
    let (path, ns) = (notes_path(), ns());
    world.check(&with(&world, &[(&path, old.clone()), (&ns, by_both())]), Ok(()));
    world.check(&with(&world, &[(&ns, by_both()), (&path, new.clone())]), Ok(()));
    let not_owner = Err(codes::TRUST_NAMESPACE);
    world.check(&with(&world, &[(&ns, by_both()), (&path, old.clone())]), not_owner);
    world.check(&with(&world, &[(&path, new.clone()), (&ns, by_both())]), not_owner);

    // The same one step at a time, and for a client that reads everything from the start.
    let mut later = world.clone();
    later.accept(with(&world, &[(&ns, by_both())]));
    later.check(&with(&later, &[(&path, old)]), not_owner);
    let good = with(&later, &[(&path, new)]);
    later.check(&good, Ok(()));
    assert_eq!(later.offer_without_base(&good, day(0)).unwrap().state, later.offer(&good, day(0)).unwrap().state);
}
