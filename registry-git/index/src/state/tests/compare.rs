//! Two heads that two people were shown (IDX-77).

use super::{NOTES, next};
use crate::{
    MemoryFiles, document,
    state::{Comparison, Freshness, compare},
    world::{KEYS, World, cover, day, head, key_set, next_root, records, relog, reseal, world, write_head},
};
use mpp_schema::{Code, Coded as _, codes, index::LogPoint};

#[track_caller]
fn check(world: &World, other: &MemoryFiles, expected: Result<Comparison, Code>) {
    let other = document::envelope("", &other.0["head.json"]).unwrap();
    let found = compare(&world.files, &world.state, &other);
    let proven = found.as_ref().err().and_then(|error| error.evidence()).is_some();
    let must_be_proven = matches!(expected, Err(codes::INDEX_FORK | codes::INDEX_LOG_BROKEN));
    assert_eq!(found.map_err(|error| error.code()), expected);
    assert_eq!(proven, must_be_proven);
}

#[test]
fn heads_of_an_honest_registry_agree() {
    let mut world = world();
    let old = world.files.clone();
    check(&world, &old, Ok(Comparison::Same));
    check(&world, &next(&world), Ok(Comparison::Newer));
    world.accept(next(&world));
    check(&world, &old, Ok(Comparison::Older));
}

#[test]
fn two_histories_are_proven() {
    let mut world = world();
    let other = world.publish("acme:other", "1.0.0").unwrap();
    world.accept(next(&world));
    check(&world, &other, Err(codes::INDEX_FORK));
    world.accept(world.publish(NOTES, "1.2.0").unwrap());
    check(&world, &other, Err(codes::INDEX_LOG_BROKEN));
    let shorter = relog(&other, records(&other)[..2].to_vec());
    check(&world, &reseal(&shorter, |head| head.seq += 5), Err(codes::INDEX_LOG_BROKEN));
    let mut longer = records(&other);
    longer.extend(longer.clone());
    check(&world, &relog(&other, longer), Err(codes::INDEX_LOG_BROKEN));
}

#[test]
fn a_head_of_somebody_else_says_nothing() {
    let mut world = world();
    let mut other = world.files.clone();
    let honest = head(&other);
    write_head(&mut other, &honest, &KEYS.stranger);
    check(&world, &other, Err(codes::TRUST_UNKNOWN_KEY));
    let foreign = crate::world::empty(mpp_schema::RegistryId::from_bytes([8; 16]));
    check(&world, &foreign.files, Err(codes::SIG_BINDING));
    world.accept(next(&world));
    check(&world, &other, Err(codes::TRUST_UNKNOWN_KEY));
}

#[test]
fn what_a_recovery_dropped_is_no_contradiction() {
    let honest = world();
    let misused = honest.publish("acme:evil", "1.0.0").unwrap();
    let resume = LogPoint { length: honest.state.head().log_length, hash: honest.state.head().log_hash };
    let root = next_root(&honest, &[&KEYS.root], |root| {
        root.head_keys = key_set(&KEYS.stranger);
        root.resume = Some(resume);
    });
    let mut recovered = honest.clone();
    recovered.files = cover(&honest.files, "root/2.json", root, &KEYS.stranger, 2);
    recovered.state = honest.offer(&recovered.files, day(0)).unwrap().state;
    check(&recovered, &misused, Ok(Comparison::Dropped));
    check(&recovered, &honest.files, Ok(Comparison::Older));
    check(&honest, &recovered.files, Ok(Comparison::Newer));
}

#[test]
fn an_expired_head_lets_tools_run_for_a_while() {
    let state = world().state;
    for (days, expected) in [
        (0, Freshness::Fresh),
        (6, Freshness::Fresh),
        (7, Freshness::Expired),
        (36, Freshness::Expired),
        (37, Freshness::LongExpired),
    ] {
        assert_eq!(state.freshness(day(days)), expected, "{days}");
    }
}
