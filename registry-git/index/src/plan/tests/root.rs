//! New roots as plans: rotation by old and new keys, and recovery from misused head keys.

use crate::{
    IndexError, MemoryFiles,
    plan::{IndexEdit, NewRoot, RootChange, recover, rotate, set_of},
    state::TrustedState,
    world::{KEYS, World, day, key_set, reseal, world},
};
use mpp_package::key::Signer;
use mpp_schema::{Code, Coded as _, codes, index::KeySet};

fn plan(
    files: &MemoryFiles,
    state: &TrustedState,
    keys: (Option<KeySet>, Option<KeySet>),
    signers: (&[&dyn Signer], &[&dyn Signer]),
) -> Result<IndexEdit, IndexError> {
    rotate(files, state, &new_root(keys, signers))
}

fn new_root<'a>(
    keys: (Option<KeySet>, Option<KeySet>),
    signers: (&'a [&'a dyn Signer], &'a [&'a dyn Signer]),
) -> NewRoot<'a> {
    NewRoot { change: change(keys), root_signers: signers.0, head_signers: signers.1, now: day(1) }
}

pub(super) fn change(keys: (Option<KeySet>, Option<KeySet>)) -> RootChange {
    RootChange { root_keys: keys.0, head_keys: keys.1, head_lifetime_days: Some(14), lifetime_days: 730 }
}

#[track_caller]
fn check(
    keys: (Option<KeySet>, Option<KeySet>),
    signers: (&[&dyn Signer], &[&dyn Signer]),
    expected: Result<(), Code>,
) {
    let world = world();
    let planned = plan(&world.files, &world.state, keys, signers);
    assert_eq!(planned.as_ref().map(drop).map_err(|error| error.code()), expected, "{:?}", planned.as_ref().err());
    if let Ok(edit) = planned {
        let update = world.offer(&world.with(edit), day(1)).unwrap();
        assert_eq!((update.state.root().version, update.state.root().head_lifetime_days), (2, 14));
        assert_eq!(update.state.expires(), day(15));
    }
}

#[test]
fn a_root_is_changed_by_old_and_new_keys() {
    let (root, head, new): (&dyn Signer, &dyn Signer, &dyn Signer) = (&KEYS.root, &KEYS.head, &KEYS.stranger);
    let new_keys = || Some(key_set(&KEYS.stranger));
    let invalid = Err(codes::ROOT_INVALID);
    check((None, None), (&[root], &[head]), Ok(()));
    check((new_keys(), None), (&[root, new], &[head]), Ok(()));
    check((new_keys(), None), (&[root], &[head]), invalid);
    check((new_keys(), None), (&[new], &[head]), invalid);
    check((None, new_keys()), (&[root], &[new]), Ok(()));
    check((None, new_keys()), (&[root], &[head]), Err(codes::REGISTRY_NO_HEAD_KEY));
    let two = |threshold| Some(set_of(&[*KEYS.root.public_key(), *KEYS.stranger.public_key()], threshold));
    check((two(2), None), (&[root, new], &[head]), Ok(()));
    check((two(2), None), (&[root], &[head]), invalid);
    check((two(1), None), (&[root], &[head]), Ok(()));
    check((two(0), None), (&[root], &[head]), Err(codes::INDEX_MALFORMED));
}

#[test]
fn thresholds_hold_from_then_on() {
    let mut world = world();
    let two = set_of(&[*KEYS.root.public_key(), *KEYS.stranger.public_key()], 2);
    let both: [&dyn Signer; 2] = [&KEYS.root, &KEYS.stranger];
    let edit = plan(&world.files, &world.state, (Some(two.clone()), Some(two)), (&both, &both)).unwrap();
    world.files = world.with(edit);
    world.state = crate::world::world_state(&world.files, day(1));
    let one: [&dyn Signer; 1] = [&KEYS.root];
    let again = |roots: &[&dyn Signer], heads: &[&dyn Signer]| {
        plan(&world.files, &world.state, (None, None), (roots, heads)).map(drop).map_err(|error| error.code())
    };
    assert_eq!(again(&both, &both), Ok(()));
    assert_eq!(again(&one, &both), Err(codes::ROOT_INVALID));
    assert_eq!(again(&both, &one), Err(codes::REGISTRY_NO_HEAD_KEY));
}

/// IDX-75.
#[test]
fn an_expired_root_is_followed_by_one_that_is_not() {
    let world = world();
    let late = day(400);
    let new = NewRoot {
        change: RootChange { root_keys: None, head_keys: None, head_lifetime_days: None, lifetime_days: 365 },
        root_signers: &[&KEYS.root],
        head_signers: &[&KEYS.head],
        now: late,
    };
    let files = world.with(rotate(&world.files, &world.state, &new).unwrap());
    world.check_at(&world.files, late, Err(codes::ROOT_EXPIRED));
    world.check_at(&files, late, Ok(()));
    world.check_at(&files, day(800), Err(codes::ROOT_EXPIRED));
}

/// A registry whose head key was misused, as a client believes it, and the honest state before.
pub(super) fn misused() -> (World, World) {
    let honest = world();
    let mut victim = honest.clone();
    victim.accept(reseal(&honest.publish("acme:evil", "1.0.0").unwrap(), |head| head.seq = u64::MAX - 1));
    (honest, victim)
}

fn recovery(good: &MemoryFiles, victim: &World) -> Result<IndexEdit, IndexError> {
    let (roots, heads): ([&dyn Signer; 1], [&dyn Signer; 1]) = ([&KEYS.root], [&KEYS.stranger]);
    let new = new_root((None, Some(key_set(&KEYS.stranger))), (&roots, &heads));
    recover(good, &victim.files, &victim.state, &new)
}

/// IDX-76.
#[test]
fn a_misused_head_key_is_recovered_from() {
    let (honest, victim) = misused();
    let edit = recovery(&honest.files, &victim).unwrap();
    let recovered = honest.with(edit);
    check_recovered(&[&victim, &honest], &recovered, 2);
    // Whoever has the old head key is heard by nobody any more.
    let again = reseal(&recovered, |head| head.seq += 1);
    victim.check_at(&again, day(8), Err(codes::TRUST_UNKNOWN_KEY));
}

/// These clients go on to the files, under a root of this version, and know nothing of what was dropped.
#[track_caller]
fn check_recovered(clients: &[&World], files: &MemoryFiles, root: u32) {
    for client in clients {
        let update = client.offer(files, day(8)).unwrap();
        assert_eq!(update.state, client.offer_without_base(files, day(8)).unwrap().state);
        assert_eq!(update.state.root().version, root);
        let evil = crate::package::package(files, &update.state, &crate::world::name("acme:evil")).unwrap();
        assert_eq!(evil, None);
        let kept = crate::package::package(files, &update.state, &crate::world::name("acme:notes")).unwrap();
        assert_eq!(kept.unwrap().releases.len(), 1);
    }
}

#[test]
fn a_root_that_came_after_the_good_state_is_kept() {
    let (honest, mut victim) = misused();
    let files = victim.with(plan(&victim.files, &victim.state, (None, None), (&[&KEYS.root], &[&KEYS.head])).unwrap());
    victim.state = victim.offer(&files, day(1)).unwrap().state;
    victim.files = files;
    let edit = recovery(&honest.files, &victim).unwrap();
    check_recovered(&[&victim, &honest], &honest.with(edit), 3);
}

#[test]
fn without_resume_a_rewritten_log_is_a_broken_one() {
    let (honest, victim) = misused();
    let head_keys = || Some(key_set(&KEYS.stranger));
    let signers: (&[&dyn Signer], &[&dyn Signer]) = (&[&KEYS.root], &[&KEYS.stranger]);
    let edit = plan(&honest.files, &honest.state, (None, head_keys()), signers).unwrap();
    victim.check_at(&honest.with(edit), day(1), Err(codes::INDEX_LOG_BROKEN));
    // Whoever cannot name the good state goes on from the bad one.
    let edit = plan(&victim.files, &victim.state, (None, head_keys()), signers).unwrap();
    victim.check_at(&victim.with(edit), day(1), Ok(()));
}

#[test]
fn a_state_is_recovered_only_if_it_was_right() {
    let (honest, victim) = misused();
    let code = |good: &MemoryFiles| recovery(good, &victim).map(drop).map_err(|error| error.code());
    assert_eq!(code(&honest.files), Ok(()));
    let mut spoilt = honest.files.clone();
    spoilt.0.get_mut("config.json").unwrap().push(b'\n');
    assert_eq!(code(&spoilt), Err(codes::INDEX_MISMATCH));
    let foreign = crate::world::empty(mpp_schema::RegistryId::from_bytes([8; 16]));
    assert_eq!(code(&foreign.files), Err(codes::ROOT_PIN));
}
