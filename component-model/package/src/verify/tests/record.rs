//! The second door: what was admitted before is admitted again by its record.

use super::{development, file, package, publisher, trust};
use crate::{
    key::Signer as _,
    verify::{Compiled, RecordError, RecordKey, Trust, open, readmit, seal},
};
use mpp_schema::{Code, Coded as _, Digest, codes};
use std::io::Cursor;

const ENGINE: &[u8] = b"an engine";
const NOTES: &[u8] = b"some notes";

/// Longer than a piece in which it is read.
fn code() -> Vec<u8> {
    (0..150_000u32).map(|byte| (byte % 251) as u8).collect()
}

fn key() -> RecordKey {
    RecordKey::from_bytes([7; 32])
}

fn sealed(file: Vec<u8>) -> (Vec<u8>, Digest) {
    sealed_with(file, b"some code")
}

fn sealed_with(file: Vec<u8>, code: &[u8]) -> (Vec<u8>, Digest) {
    let mut package = open(Cursor::new(file), &trust()).unwrap();
    let compiled = Compiled { engine: ENGINE, component: Digest::of(b"component"), notes: NOTES, code };
    (seal(&mut package, compiled, &key()).unwrap(), package.digest())
}

#[track_caller]
fn check(record: Vec<u8>, engine: &[u8], key: &RecordKey, trust: &Trust, expected: Code) {
    let digest = package().digest();
    let refused = readmit(record.as_slice(), Vec::new(), digest, engine, key, trust).unwrap_err();
    assert_eq!(refused.code(), expected);
}

#[test]
fn what_was_sealed_comes_in_again() {
    let (record, digest) = sealed_with(file(), &code());
    let package = readmit(record.as_slice(), Vec::new(), digest, ENGINE, &key(), &trust()).unwrap();
    assert_eq!(package.code, code());
    assert_eq!(package.notes, NOTES);
    assert_eq!(package.manifest.name.to_string(), "acme:notes");
    assert_eq!(package.tools.tools[0].name.as_str(), "search");
    assert_eq!(package.wit["notes.wit"], "package acme:notes;");
    assert_eq!(package.signers[0].key, publisher().public_key().id());
}

#[test]
fn no_bit_of_a_record_can_change() {
    let (record, _) = sealed(file());
    for at in 0..record.len() {
        let mut spoiled = record.clone();
        spoiled[at] ^= 1 << (at % 8);
        check(spoiled, ENGINE, &key(), &trust(), codes::CACHE_INVALID);
    }
}

#[test]
fn a_record_opens_whole_and_for_what_it_was_made() {
    let (record, _) = sealed(file());
    let cut = |bytes: usize| record[..bytes].to_vec();
    for bytes in [0, 31, 32, record.len() - 1] {
        check(cut(bytes), ENGINE, &key(), &trust(), codes::CACHE_INVALID);
    }
    check([&record[..], b"x"].concat(), ENGINE, &key(), &trust(), codes::CACHE_INVALID);
    check(record.clone(), b"another engine", &key(), &trust(), codes::CACHE_INVALID);
    check(record.clone(), ENGINE, &RecordKey::from_bytes([8; 32]), &trust(), codes::CACHE_INVALID);
    let other = Digest::of(b"another package");
    let other = readmit(record.as_slice(), Vec::new(), other, ENGINE, &key(), &trust());
    assert_eq!(other.unwrap_err().code(), codes::CACHE_INVALID);
}

/// A place for the code that is full says nothing about the record.
#[test]
fn code_that_cannot_be_put_in_place_is_no_fault_of_the_record() {
    let (record, digest) = sealed(file());
    let full: &mut [u8] = &mut [0; 3];
    let refused = readmit(record.as_slice(), full, digest, ENGINE, &key(), &trust()).unwrap_err();
    assert!(matches!(refused, RecordError::Unread(_)), "{refused}");
}

#[test]
fn trust_is_asked_again() {
    let (record, _) = sealed(file());
    let nobody = Trust { publishers: Vec::new(), ..trust() };
    check(record.clone(), ENGINE, &key(), &nobody, codes::TRUST_UNKNOWN_KEY);
    check(record, ENGINE, &key(), &Trust { threshold: 2, ..trust() }, codes::SIG_THRESHOLD);
    let (record, digest) = sealed(package().sign_for_development(development()).unwrap().into_bytes());
    assert!(readmit(record.as_slice(), Vec::new(), digest, ENGINE, &key(), &nobody).is_ok());
    check(record, ENGINE, &key(), &Trust { development: None, ..trust() }, codes::TRUST_UNKNOWN_KEY);
}
