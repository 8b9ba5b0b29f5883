//! A root that travels between the people who sign it.

use super::root::{change, misused};
use crate::{
    IndexError,
    plan::{PendingRoot, adopt_root, propose_root, set_of},
    world::{KEYS, World, day, empty, key_set, world, world_state},
};
use mpp_package::key::Signer;
use mpp_schema::{
    Code, Coded as _, RegistryId, codes,
    index::{self, KeySet, Root},
};

/// Two of three may sign the next root.
fn two_of_three() -> Option<KeySet> {
    let keys = [&KEYS.root, &KEYS.stranger, &KEYS.publisher].map(|key| *key.public_key());
    Some(set_of(&keys, 2))
}

fn proposed(world: &World) -> PendingRoot {
    propose_root(&world.files, &world.state, &change((two_of_three(), None)), None, day(1)).unwrap()
}

/// What arrives at the next machine.
fn handed_on(pending: &PendingRoot) -> PendingRoot {
    PendingRoot::read(&pending.to_bytes()).unwrap()
}

fn signed_by(pending: &PendingRoot, keys: &[&dyn Signer]) -> PendingRoot {
    keys.iter().fold(handed_on(pending), |mut pending, key| {
        pending.sign(&[*key]).unwrap();
        handed_on(&pending)
    })
}

fn adopt(world: &World, pending: &PendingRoot) -> Result<World, IndexError> {
    let edit = adopt_root(&world.files, &world.state, pending, None, &[&KEYS.head], day(1))?;
    let files = world.with(edit);
    let state = world.offer(&files, day(1)).unwrap().state;
    assert_eq!(state, world_state(&files, day(1)));
    Ok(World { files, state })
}

#[track_caller]
fn check(world: &World, pending: &PendingRoot, expected: Result<u32, Code>) {
    let adopted = adopt(world, pending);
    let found = adopted.as_ref().map(|world| world.state.root().version).map_err(|error| error.code());
    assert_eq!(found, expected, "{:?}", adopted.err());
}

/// IDX-78.
#[test]
fn a_root_is_good_once_the_old_and_the_new_thresholds_are_met() {
    let world = world();
    let pending = proposed(&world);
    let invalid = Err(codes::ROOT_INVALID);
    check(&world, &pending, invalid);
    check(&world, &signed_by(&pending, &[&KEYS.root]), invalid);
    // Enough of the new ones, none of the old.
    check(&world, &signed_by(&pending, &[&KEYS.stranger, &KEYS.publisher]), invalid);
    let whole = signed_by(&pending, &[&KEYS.publisher, &KEYS.root]);
    let counts = whole.lacking().map(|of| (of.signed, of.threshold));
    assert_eq!(counts, [(1, 1), (2, 2)]);
    check(&world, &whole, Ok(2));
    check(&world, &signed_by(&pending, &[&KEYS.root, &KEYS.stranger, &KEYS.publisher]), Ok(2));
}

#[test]
fn whoever_holds_no_root_key_does_not_sign() {
    let pending = proposed(&world());
    let refused = handed_on(&pending).sign(&[&KEYS.head]).unwrap_err();
    assert_eq!(refused.code(), codes::REGISTRY_NO_ROOT_KEY);
    let mut once = signed_by(&pending, &[&KEYS.root]);
    assert!(once.sign(&[&KEYS.root]).unwrap().is_empty(), "signing twice is signing once");
    assert_eq!(once.signers().len(), 1);
}

/// What is read of a file that somebody changed on its way.
#[track_caller]
fn check_changed(change: impl FnOnce(&mut index::PendingRoot), expected: Result<(), Code>) {
    let bytes = signed_by(&proposed(&world()), &[&KEYS.root]).to_bytes();
    let mut file: index::PendingRoot = serde_json::from_slice(&bytes).unwrap();
    change(&mut file);
    let read = PendingRoot::read(&serde_json::to_vec(&file).unwrap());
    assert_eq!(read.as_ref().map(drop).map_err(|error| error.code()), expected, "{:?}", read.as_ref().err());
}

/// The text of a root, changed.
fn rewrite(text: &mut String, change: impl FnOnce(&mut Root)) {
    let mut root: Root = serde_json::from_str(text).unwrap();
    change(&mut root);
    *text = serde_json::to_string(&root).unwrap();
}

/// IDX-78.
#[test]
fn what_was_changed_on_the_way_is_refused() {
    check_changed(|_| {}, Ok(()));
    check_changed(|file| rewrite(&mut file.next.signed, |root| root.head_lifetime_days = 15), Err(codes::SIG_INVALID));
    check_changed(|file| file.next.signed.push(' '), Err(codes::SIG_INVALID));
    check_changed(|file| rewrite(&mut file.next.signed, |root| root.version = 3), Err(codes::ROOT_INVALID));
    let other = RegistryId::from_bytes([8; 16]);
    check_changed(|file| rewrite(&mut file.next.signed, |root| root.registry = other), Err(codes::SIG_BINDING));
    let nobody = |root: &mut Root| root.root_keys.threshold = 0;
    check_changed(|file| rewrite(&mut file.next.signed, nobody), Err(codes::INDEX_MALFORMED));
    let head = key_set(&KEYS.head);
    check_changed(|file| rewrite(&mut file.before.signed, |root| root.root_keys = head), Err(codes::ROOT_INVALID));
    check_changed(|file| file.next.signatures = file.before.signatures.clone(), Err(codes::SIG_INVALID));
    check_changed(|file| file.next.signatures.push(file.next.signatures[0].clone()), Err(codes::SIG_THRESHOLD));
    assert_eq!(PendingRoot::read(b"{}").unwrap_err().code(), codes::INDEX_MALFORMED);
}

/// Somebody who holds no root key adds a signature by hand.
#[test]
fn a_signature_of_a_stranger_is_refused() {
    let pending = proposed(&world());
    let mut file: index::PendingRoot = serde_json::from_slice(&pending.to_bytes()).unwrap();
    let purpose = mpp_package::signature::Purpose::Root { registry: pending.next().registry };
    file.next = mpp_package::signed::sign_text(file.next.signed, &purpose, &[&KEYS.head]).unwrap();
    let refused = PendingRoot::read(&serde_json::to_vec(&file).unwrap()).unwrap_err();
    assert_eq!(refused.code(), codes::TRUST_UNKNOWN_KEY);
}

/// IDX-79.
#[test]
fn a_root_follows_only_the_one_it_was_proposed_on() {
    let world = world();
    let first = signed_by(&proposed(&world), &[&KEYS.root, &KEYS.stranger]);
    let other = propose_root(&world.files, &world.state, &change((None, None)), None, day(1)).unwrap();
    let other = signed_by(&other, &[&KEYS.root]);
    let later = adopt(&world, &first).unwrap();
    check(&later, &first, Err(codes::ROOT_INVALID));
    check(&later, &other, Err(codes::ROOT_INVALID));
    // The same keys in another registry make no root of this one.
    check(&empty(RegistryId::from_bytes([8; 16])), &first, Err(codes::SIG_BINDING));
    // A file that shows another root 1 than there is, signed by whoever made the file.
    let mut file: index::PendingRoot = serde_json::from_slice(&first.to_bytes()).unwrap();
    rewrite(&mut file.before.signed, |root| root.root_keys = key_set(&KEYS.stranger));
    let purpose = mpp_package::signature::Purpose::Root { registry: first.next().registry };
    file.before = mpp_package::signed::sign_text(file.before.signed, &purpose, &[&KEYS.stranger]).unwrap();
    check(&world, &PendingRoot::read(&serde_json::to_vec(&file).unwrap()).unwrap(), Err(codes::ROOT_INVALID));
}

#[test]
fn a_pending_root_expires_like_any() {
    let world = world();
    let pending = signed_by(&proposed(&world), &[&KEYS.root, &KEYS.stranger]);
    let late = adopt_root(&world.files, &world.state, &pending, None, &[&KEYS.head], day(800));
    assert_eq!(late.unwrap_err().code(), codes::ROOT_EXPIRED);
    let strangers = adopt_root(&world.files, &world.state, &pending, None, &[&KEYS.stranger], day(1));
    assert_eq!(strangers.unwrap_err().code(), codes::REGISTRY_NO_HEAD_KEY);
}

/// IDX-79.
#[test]
fn a_recovery_is_signed_on_several_machines_too() {
    let (honest, victim) = misused();
    let keys = change((None, Some(key_set(&KEYS.stranger))));
    let pending = propose_root(&victim.files, &victim.state, &keys, Some(&honest.files), day(1)).unwrap();
    let pending = signed_by(&pending, &[&KEYS.root]);
    let adopt = |good: Option<&dyn crate::Files>| {
        adopt_root(&victim.files, &victim.state, &pending, good, &[&KEYS.stranger], day(1))
    };
    assert_eq!(adopt(None).unwrap_err().code(), codes::ROOT_INVALID);
    assert_eq!(adopt(Some(&victim.files)).unwrap_err().code(), codes::ROOT_INVALID);
    let recovered = honest.with(adopt(Some(&honest.files)).unwrap());
    assert_eq!(victim.offer(&recovered, day(8)).unwrap().state.root().version, 2);
    // Without a point in the root, the commit that is named changes nothing about it.
    let plain = propose_root(&victim.files, &victim.state, &keys, None, day(1)).unwrap();
    let plain = signed_by(&plain, &[&KEYS.root]);
    let mixed =
        adopt_root(&victim.files, &victim.state, &plain, Some(&honest.files), &[&KEYS.stranger], day(1)).unwrap_err();
    assert_eq!(mixed.code(), codes::ROOT_INVALID);
}
