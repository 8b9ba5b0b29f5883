//! Admission and content, each refusal beside an accepted twin. The parts of a file are in the hands of the tests: what is spoiled is signed
//! honestly again where the refusal must come from something else than the signature.

mod record;

use super::{Trust, TrustedKey, VerifyError, open, verify, verify_content};
use crate::{
    container::{COMPONENT_PATH, MANIFEST_PATH, Reader, TOOLS_PATH, header_block, set_checksum, signature_path, write},
    frame,
    key::{PublicKey, SecretKey, Signer},
    pack::{Contents, Package, pack},
    peek,
    sign::{add_signature, development_purpose, purpose},
};
use mpp_schema::{Code, Coded as _, Digest, codes, manifest::Manifest};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    sync::LazyLock,
};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

static KEYS: LazyLock<[SecretKey; 3]> = LazyLock::new(|| std::array::from_fn(|_| SecretKey::generate().unwrap()));

fn publisher() -> &'static SecretKey {
    &KEYS[0]
}

fn development() -> &'static SecretKey {
    &KEYS[1]
}

fn trust() -> Trust {
    let publishers = vec![TrustedKey { key: *publisher().public_key(), name: "acme".to_owned() }];
    Trust { publishers, development: Some(*development().public_key()), threshold: 1 }
}

fn contents() -> Contents {
    let manifest = json!({
        "mpp": "1.0", "kind": "tool", "name": "acme:notes", "version": "1.0.0", "description": "Finds notes.",
        "world": "acme:notes/tools", "trust": "sandboxed", "source": { "builder": "cargo" }, "entries": []
    });
    let tools = json!({ "mpp": "1.0", "tools": [{ "name": "search", "input": { "type": "object" } }] });
    Contents {
        manifest: serde_json::from_value(manifest).unwrap(),
        component: COMPONENT.to_vec(),
        tools: serde_json::from_value(tools).unwrap(),
        wit: BTreeMap::from([("notes.wit".to_owned(), "package acme:notes;".to_owned())]),
        readme: Some("# Notes".to_owned()),
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    }
}

fn package() -> Package {
    pack(contents()).unwrap()
}

fn file() -> Vec<u8> {
    package().sign(&[publisher()]).unwrap().into_bytes()
}

/// A file in parts, which need not fit together.
struct Parts {
    manifest: Vec<u8>,
    signatures: Vec<(String, Vec<u8>)>,
    entries: Vec<(String, Vec<u8>)>,
}

fn parts() -> Parts {
    let package = package();
    let entries = package.entries().map(|(path, content)| (path.to_owned(), content.to_vec())).collect();
    let mut parts = Parts { manifest: package.manifest_bytes().to_vec(), signatures: Vec::new(), entries };
    parts.sign(publisher());
    parts
}

impl Parts {
    fn sign(&mut self, key: &SecretKey) {
        let manifest: Manifest = serde_json::from_slice(package().manifest_bytes()).unwrap();
        self.sign_as(key, &purpose(&manifest).to_comment());
    }

    fn sign_as(&mut self, key: &SecretKey, comment: &str) {
        let signature = key.sign(&self.manifest, comment).unwrap();
        self.signatures = vec![(signature_path(signature.key_id()), signature.as_str().as_bytes().to_vec())];
    }

    /// Changes the manifest and signs it again.
    fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        let mut manifest: Value = serde_json::from_slice(&self.manifest).unwrap();
        change(&mut manifest);
        self.manifest = serde_json::to_vec(&manifest).unwrap();
        self.sign(publisher());
    }

    /// Puts other stored bytes into an entry, lists them in the manifest, and signs it again.
    fn replace(&mut self, place: usize, stored: Vec<u8>, unpacked: Option<&[u8]>) {
        let (size, digest) = (stored.len(), Digest::of(&stored));
        self.entries[place].1 = stored;
        self.edit(|manifest| {
            let entry = &mut manifest["entries"][place];
            entry["size"] = size.into();
            entry["sha256"] = digest.to_string().into();
            if let Some(content) = unpacked {
                entry["unpacked"] = json!({ "size": content.len(), "sha256": Digest::of(content) });
            }
        });
    }

    fn bytes(&self) -> Vec<u8> {
        let manifest = [(MANIFEST_PATH, self.manifest.as_slice())];
        let rest =
            self.signatures.iter().chain(&self.entries).map(|(name, content)| (name.as_str(), content.as_slice()));
        write(manifest.into_iter().chain(rest))
    }
}

fn outcome(file: &[u8], trust: &Trust) -> Result<(), Code> {
    verify(file, trust).map(drop).map_err(|error| error.code())
}

/// Asks about a file that differs from a good one in one point.
#[track_caller]
fn check(spoil: impl FnOnce(&mut Parts), expected: Result<(), Code>) {
    let mut parts = parts();
    spoil(&mut parts);
    assert_eq!(outcome(&parts.bytes(), &trust()), expected);
}

/// The same for the second look, at the content.
#[track_caller]
fn check_content(spoil: impl FnOnce(&mut Parts), expected: Result<(), Code>) {
    let mut parts = parts();
    spoil(&mut parts);
    let mut package = open(Cursor::new(parts.bytes()), &trust()).expect("admission finds nothing wrong");
    let outcome = verify_content(&mut package).map(drop).map_err(|error| error.code());
    assert_eq!(outcome, expected);
}

#[test]
fn a_package_comes_back_as_it_was_packed() {
    let signed = package().sign(&[publisher()]).unwrap();
    let mut package = open(Cursor::new(signed.bytes()), &trust()).unwrap();
    assert_eq!(package.digest(), signed.digest());
    assert_eq!(package.manifest(), signed.manifest());
    assert_eq!(Digest::of(package.manifest_bytes()), signed.digest());
    assert_eq!(package.signers()[0].name, "acme");
    assert!(!package.signers()[0].development);
    let parts = contents();
    assert_eq!(package.component().unwrap(), parts.component);
    assert_eq!(package.tools().unwrap(), parts.tools);
    assert_eq!(package.wit().unwrap(), parts.wit);
    assert_eq!(package.readme().unwrap(), parts.readme);
    assert_eq!(verify_content(&mut package).unwrap().component, parts.component);
    assert_eq!(package.entry("LICENSE.zst").unwrap_err().code(), codes::PKG_MANIFEST_MISMATCH);
}

#[test]
fn the_same_parts_give_the_same_package() {
    let (one, two) = (package(), package());
    assert_eq!(one.manifest_bytes(), two.manifest_bytes());
    assert!(one.entries().eq(two.entries()));
}

#[test]
fn a_whole_file_is_admitted_in_any_pieces() {
    check(|_| {}, Ok(()));
    struct Bytewise<'a>(&'a [u8]);
    impl Read for Bytewise<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }
    assert!(verify(Bytewise(&file()), &trust()).is_ok());
}

#[test]
fn every_changed_byte_is_refused() {
    let (good, trust) = (file(), trust());
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(outcome(&changed, &trust).is_err(), "byte {at}");
    }
}

#[test]
fn every_shorter_file_is_refused() {
    let (good, trust) = (file(), trust());
    for length in 0..good.len() {
        assert!(outcome(&good[..length], &trust).is_err(), "{length} bytes");
    }
}

#[test]
fn entries_are_those_of_the_manifest() {
    let mismatch = Err(codes::PKG_MANIFEST_MISMATCH);
    check(|parts| parts.entries.push(("z".to_owned(), Vec::new())), mismatch);
    check(|parts| drop(parts.entries.pop()), mismatch);
    check(|parts| parts.entries[2].0 = "READTHIS.zst".to_owned(), mismatch);
    check(|parts| parts.entries[3].1[0] ^= 1, mismatch);
    check(|parts| parts.entries[3].1.push(0), mismatch);
    check(|parts| parts.entries.swap(2, 3), Err(codes::PKG_ORDER));
    check(|parts| parts.entries.push(parts.entries[3].clone()), Err(codes::PKG_DUPLICATE));
    check(|parts| parts.entries[3].0 = "README.md.ZST".to_owned(), Err(codes::PKG_DUPLICATE));
}

#[test]
fn names_types_and_headers_are_checked_in_the_file() {
    let spoiled = |spoil: &dyn Fn(&mut [u8; 512])| {
        let mut file = file();
        let at = file.len() - 1024 - 512 - 512;
        let block: &mut [u8; 512] = (&mut file[at..at + 512]).try_into().unwrap();
        assert!(block.starts_with(b"wit/notes.wit\0"));
        spoil(block);
        set_checksum(block);
        outcome(&file, &trust())
    };
    assert_eq!(spoiled(&|_| {}), Ok(()));
    for name in ["../notes.wit", "/notes.wit", "wit\\notes.wit", "", "a\0b", "wit//notes.wit", "con"] {
        let rename = |block: &mut [u8; 512]| {
            block[..100].fill(0);
            block[..name.len()].copy_from_slice(name.as_bytes());
        };
        assert_eq!(spoiled(&rename), Err(codes::PKG_PATH), "{name:?}");
    }
    for kind in *b"\x001234567xgLKS" {
        assert_eq!(spoiled(&|block| block[156] = kind), Err(codes::PKG_ENTRY_TYPE));
    }
    assert_eq!(spoiled(&|block| block[124..136].copy_from_slice(b"00000000022\0")), Err(codes::PKG_MANIFEST_MISMATCH));
    assert_eq!(spoiled(&|block| block[100..108].copy_from_slice(b"0000755\0")), Err(codes::PKG_HEADER));
}

#[test]
fn bytes_around_the_package_are_refused() {
    let good = file();
    let with = |before: &[u8], after: &[u8]| outcome(&[before, &good, after].concat(), &trust());
    assert_eq!(with(b"", b""), Ok(()));
    assert_eq!(with(b"", b"\0"), Err(codes::PKG_TRAILING));
    assert_eq!(with(b"", &[0; 512]), Err(codes::PKG_TRAILING));
    assert_eq!(with(b"", &good), Err(codes::PKG_TRAILING));
    assert_eq!(with(b"#!/bin/sh\n", b""), Err(codes::PKG_MAGIC));
    assert_eq!(with(&[0; 512], b""), Err(codes::PKG_MAGIC));
    assert_eq!(outcome(b"", &trust()), Err(codes::PKG_MAGIC));
}

#[test]
fn signatures_have_their_place_names_and_number() {
    check(|parts| parts.signatures.clear(), Err(codes::SIG_MISSING));
    check(|parts| parts.entries.clear(), Err(codes::PKG_MANIFEST_MISMATCH));
    check(|parts| parts.signatures.push(parts.signatures[0].clone()), Err(codes::PKG_DUPLICATE));
    check(|parts| parts.signatures[0].0 = "signatures/a.minisig".to_owned(), Err(codes::PKG_PATH));
    check(|parts| parts.signatures[0].0 = signature_path(KEYS[2].public_key().id()), Err(codes::SIG_MALFORMED));
    check(|parts| parts.signatures[0].1 = vec![b'a'; 1 << 20], Err(codes::LIMIT_SIGNATURES));
    check(|parts| parts.signatures[0].1.push(b'\n'), Err(codes::SIG_MALFORMED));
    check(|parts| parts.signatures[0].1[20] = 0xff, Err(codes::SIG_MALFORMED));
    check(|parts| parts.signatures.append(&mut strangers(15)), Ok(()));
    check(|parts| parts.signatures.append(&mut strangers(16)), Err(codes::LIMIT_SIGNATURES));
    let swapped = |parts: &mut Parts| {
        parts.signatures.append(&mut strangers(1));
        parts.signatures.reverse();
        parts.signatures.sort();
        parts.signatures.reverse();
    };
    check(swapped, Err(codes::PKG_ORDER));
}

/// Signatures in the accepted form whose key ids sort behind every other.
fn strangers(count: u8) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8(parts().signatures[0].1.clone()).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    let stranger = |n| {
        let id = format!("{}{n:02x}", "f".repeat(62));
        let text = format!("untrusted comment: mpp {id}\n{rest}");
        (format!("signatures/{id}.minisig"), text.into_bytes())
    };
    (0..count).map(stranger).collect()
}

#[test]
fn a_signature_must_hold_for_these_bytes_and_this_package() {
    check(|parts| parts.manifest.push(b' '), Err(codes::SIG_INVALID));
    for comment in [
        "mpp1 kind=package name=acme:other version=1.0.0",
        "mpp1 kind=package name=acme:notes version=1.0.1",
        "mpp1 kind=head registry=0123456789abcdef0123456789abcdef",
        "timestamp:1556193335",
    ] {
        check(|parts| parts.sign_as(publisher(), comment), Err(codes::SIG_BINDING));
    }
    // Known before the manifest is read: nothing in it can be the reason.
    let unreadable = |parts: &mut Parts| parts.manifest = b"{".to_vec();
    check(unreadable, Err(codes::SIG_INVALID));
    let signed = |parts: &mut Parts| {
        parts.manifest = b"{".to_vec();
        parts.sign(publisher());
    };
    check(signed, Err(codes::MANIFEST_INVALID));
}

#[track_caller]
fn check_trust(file: &[u8], trust: &Trust, expected: Result<usize, Code>) {
    let outcome = verify(file, trust);
    assert_eq!(outcome.map(|admitted| admitted.signers.len()).map_err(|error| error.code()), expected);
}

#[test]
fn only_known_keys_count_each_once() {
    let (one, other) = (publisher(), &KEYS[2]);
    let trusted = |keys: &[&SecretKey], threshold| Trust {
        publishers: keys.iter().map(|key| TrustedKey { key: *key.public_key(), name: String::new() }).collect(),
        development: None,
        threshold,
    };
    let signed = |keys: &[&dyn Signer]| package().sign(keys).unwrap().into_bytes();
    check_trust(&signed(&[one]), &trusted(&[one], 1), Ok(1));
    check_trust(&signed(&[one]), &trusted(&[one], 0), Ok(1));
    check_trust(&signed(&[one]), &trusted(&[other], 1), Err(codes::TRUST_UNKNOWN_KEY));
    check_trust(&signed(&[one]), &trusted(&[], 0), Err(codes::TRUST_UNKNOWN_KEY));
    check_trust(&signed(&[one]), &trusted(&[one, other], 2), Err(codes::SIG_THRESHOLD));
    check_trust(&signed(&[one, other]), &trusted(&[one, other], 2), Ok(2));
    check_trust(&signed(&[one, other]), &trusted(&[one], 2), Err(codes::SIG_THRESHOLD));
    let unknown = verify(signed(&[one, other]).as_slice(), &trusted(&[one], 1)).unwrap().unknown;
    assert_eq!(unknown, [other.public_key().id()]);
    // One key under two numbers is one key.
    let mut twice = trusted(&[one, one], 2);
    twice.publishers[0].key = PublicKey::from_parts(*one.public_key().key_bytes(), *b"12345678").unwrap();
    check_trust(&signed(&[one]), &twice, Err(codes::SIG_THRESHOLD));
    assert!(package().sign(&[one, one]).is_err());
}

#[test]
fn a_known_keys_broken_signature_is_refused_beside_good_ones() {
    let (one, other) = (publisher(), &KEYS[2]);
    let trust = Trust {
        publishers: [one, other].map(|key| TrustedKey { key: *key.public_key(), name: String::new() }).to_vec(),
        development: None,
        threshold: 1,
    };
    let mut parts = parts();
    let mut signatures = std::mem::take(&mut parts.signatures);
    parts.sign_as(other, "mpp1 kind=package name=acme:other version=1.0.0");
    signatures.append(&mut parts.signatures);
    signatures.sort();
    parts.signatures = signatures;
    check_trust(&parts.bytes(), &trust, Err(codes::SIG_BINDING));
    let honest = package().sign(&[one, other]).unwrap();
    check_trust(honest.bytes(), &trust, Ok(2));
}

#[test]
fn development_packages_stay_at_home() {
    let dev = package().sign_for_development(development()).unwrap();
    let admitted = verify(dev.bytes(), &trust()).unwrap();
    assert!(admitted.signers[0].development);
    // Another home, whose development key is another one or none.
    let other = Trust { development: Some(*KEYS[2].public_key()), ..trust() };
    check_trust(dev.bytes(), &other, Err(codes::TRUST_DEV_KEY));
    check_trust(dev.bytes(), &Trust { development: None, ..trust() }, Err(codes::TRUST_DEV_KEY));
    // A publisher's key does not sign for development, and the development key for nothing else.
    let by_publisher = package().sign_for_development(publisher()).unwrap();
    check_trust(by_publisher.bytes(), &trust(), Err(codes::TRUST_DEV_KEY));
    let by_development = package().sign(&[development()]).unwrap();
    check_trust(by_development.bytes(), &trust(), Err(codes::SIG_BINDING));
    // The package is the same, whoever signs it.
    let published = Package::without_signatures(dev.bytes()).unwrap().sign(&[publisher()]).unwrap();
    assert_eq!(published.digest(), dev.digest());
    check_trust(published.bytes(), &other, Ok(1));
    assert_ne!(purpose(dev.manifest()), development_purpose(dev.manifest()));
}

/// The entries of a file without this one.
fn entries_without(file: &[u8], left_out: &str) -> Vec<(String, Vec<u8>)> {
    let mut reader = Reader::new(file);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        entries.push((entry.name.clone(), reader.content(&entry).unwrap()));
    }
    entries.retain(|(name, _)| name != left_out);
    entries
}

/// PKG-67.
#[test]
fn co_signing_inserts_one_entry_and_drops_those_for_development() {
    let (local, other) = (package().sign_for_development(development()).unwrap(), &KEYS[2]);
    let signature = other.sign(package().manifest_bytes(), &purpose(local.manifest()).to_comment()).unwrap();
    let added = signature_path(other.public_key().id());
    let published = add_signature(&file(), signature.clone(), other.public_key()).unwrap();
    assert_eq!(entries_without(&published, &added), entries_without(&file(), ""));
    let from_local = add_signature(local.bytes(), signature, other.public_key()).unwrap();
    let own = signature_path(development().public_key().id());
    assert_eq!(entries_without(&from_local, &added), entries_without(local.bytes(), &own));
}

#[test]
fn a_signature_added_later_does_not_change_the_package() {
    let (file, other) = (file(), &KEYS[2]);
    let manifest = verify(file.as_slice(), &trust()).unwrap();
    let signature = other.sign(&manifest.manifest_bytes, &purpose(&manifest.manifest).to_comment()).unwrap();
    let cosigned = add_signature(&file, signature.clone(), other.public_key()).unwrap();
    let admitted = verify(cosigned.as_slice(), &trust()).unwrap();
    assert_eq!((admitted.digest, admitted.unknown), (manifest.digest, vec![other.public_key().id()]));
    let refused = |file: &[u8], signature, key| add_signature(file, signature, key).unwrap_err().code();
    assert_eq!(refused(&cosigned, signature.clone(), other.public_key()), codes::SIG_THRESHOLD);
    assert_eq!(refused(&file, signature, publisher().public_key()), codes::SIG_MALFORMED);
    let elsewhere = other.sign(&manifest.manifest_bytes, "mpp1 kind=package name=a:b version=1.0.0").unwrap();
    assert_eq!(refused(&file, elsewhere, other.public_key()), codes::SIG_BINDING);
    let nothing = other.sign(b"other bytes", &purpose(&manifest.manifest).to_comment()).unwrap();
    assert_eq!(refused(&file, nothing, other.public_key()), codes::SIG_INVALID);
}

#[test]
fn frames_are_looked_at_before_they_are_unpacked() {
    let refused = Err(codes::PKG_COMPRESSION);
    let readme = b"# Notes, again and again and again".as_slice();
    let good = frame::compress(readme).unwrap();
    assert_eq!(parts().entries[2].0, "README.md.zst");
    let with = |stored: Vec<u8>| move |parts: &mut Parts| parts.replace(2, stored, Some(readme));
    check(with(good.clone()), Ok(()));
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0].as_slice();
    check(with([good.as_slice(), skippable].concat()), refused);
    check(with([skippable, &good].concat()), refused);
    check(with([good.clone(), good.clone()].concat()), refused);
    check(with(good[..good.len() - 1].to_vec()), refused);
    check(with(readme.to_vec()), refused);
    check(|parts| parts.replace(2, good.clone(), Some(b"another size")), refused);
    // A bomb is refused by what the manifest says, or by what its frame says.
    let zeros = vec![0; 20 << 20];
    let bomb = zstd::bulk::compress(&zeros, 3).unwrap();
    check(|parts| parts.replace(2, bomb.clone(), Some(&zeros)), Err(codes::LIMIT_UNPACKED));
    check(|parts| parts.replace(2, bomb.clone(), Some(readme)), refused);
}

#[test]
fn machine_code_is_refused_stored_and_compressed() {
    let elf = b"\x7fELF\x02\x01\x01 and more".as_slice();
    assert_eq!(parts().entries[3].0, "wit/notes.wit");
    check(|parts| parts.replace(3, elf.to_vec(), None), Err(codes::PKG_PRECOMPILED));
    let packed = frame::compress(elf).unwrap();
    check_content(|parts| parts.replace(0, packed.clone(), Some(elf)), Err(codes::PKG_PRECOMPILED));
    check_content(|parts| parts.replace(2, packed.clone(), Some(elf)), Err(codes::PKG_PRECOMPILED));
    let mut parts = contents();
    parts.extra.insert("plugin.bin".to_owned(), elf.to_vec());
    assert_eq!(pack(parts).unwrap_err().code(), codes::PKG_PRECOMPILED);
}

#[test]
fn the_content_is_what_the_manifest_lists() {
    check_content(|_| {}, Ok(()));
    let lie = |parts: &mut Parts| {
        parts.edit(|manifest| manifest["entries"][2]["unpacked"]["sha256"] = Digest::of(b"else").to_string().into());
    };
    check_content(lie, Err(codes::PKG_MANIFEST_MISMATCH));
    let core = b"\0asm\x01\0\0\0".as_slice();
    let packed = frame::compress(core).unwrap();
    check_content(|parts| parts.replace(0, packed, Some(core)), Err(codes::WASM_INVALID));
    let twice = br#"{"mpp":"1.0","tools":[{"name":"search","input":{"a":1,"a":2}}]}"#.as_slice();
    let packed = frame::compress(twice).unwrap();
    check_content(|parts| parts.replace(1, packed, Some(twice)), Err(codes::MANIFEST_INVALID));
    let hidden = "{\"mpp\":\"1.0\",\"tools\":[{\"name\":\"search\",\"description\":\"a\u{200b}\",\"input\":{}}]}";
    let packed = frame::compress(hidden.as_bytes()).unwrap();
    check_content(|parts| parts.replace(1, packed, Some(hidden.as_bytes())), Err(codes::MANIFEST_TEXT));
    let policy = |parts: &mut Parts| {
        parts.edit(|manifest| manifest["tools"] = json!({ "erase": { "risk": "destructive" } }));
    };
    check_content(policy, Err(codes::MANIFEST_INVALID));
    check_content(|parts| parts.replace(3, vec![0xff], None), Err(codes::MANIFEST_TEXT));
}

/// PKG-66.
#[test]
fn a_file_that_changes_after_admission_is_noticed() {
    let good = file();
    let mut package = open(Cursor::new(good.clone()), &trust()).unwrap();
    assert!(package.component().is_ok());
    // The same package over a file whose component was changed in the meantime.
    let name = [COMPONENT_PATH.as_bytes(), b"\0"].concat();
    let at = good.chunks(512).position(|block| block.starts_with(&name)).unwrap() * 512;
    let mut changed = good;
    changed[at + 512 + 10] ^= 1;
    assert!(outcome(&changed, &trust()).is_err());
    package.swap_reader_for_test(Cursor::new(changed));
    assert_eq!(package.component().unwrap_err().code(), codes::PKG_MANIFEST_MISMATCH);
    assert!(package.tools().is_ok());
}

#[test]
fn packing_refuses_what_admission_would() {
    let code = |change: &dyn Fn(&mut Contents)| {
        let mut parts = contents();
        change(&mut parts);
        pack(parts).map(drop).map_err(|error| error.code())
    };
    assert_eq!(code(&|_| {}), Ok(()));
    assert_eq!(code(&|parts| parts.component = b"\0asm\x01\0\0\0".to_vec()), Err(codes::WASM_INVALID));
    assert_eq!(code(&|parts| parts.manifest.description = "a\u{202e}".to_owned()), Err(codes::MANIFEST_TEXT));
    assert_eq!(code(&|parts| drop(parts.wit.insert("../a".into(), String::new()))), Err(codes::PKG_PATH));
    assert_eq!(code(&|parts| drop(parts.extra.insert("readme.md".into(), Vec::new()))), Err(codes::PKG_DUPLICATE));
    assert_eq!(code(&|parts| drop(parts.extra.insert("tools.json".into(), Vec::new()))), Err(codes::PKG_DUPLICATE));
    assert_eq!(code(&|parts| drop(parts.extra.insert("mpp.json/a".into(), Vec::new()))), Err(codes::PKG_DUPLICATE));
    let many = |parts: &mut Contents| parts.wit = (0..1030).map(|n| (format!("{n}.wit"), String::new())).collect();
    assert_eq!(code(&many), Err(codes::LIMIT_ENTRIES));
    assert_eq!(code(&|parts| parts.extra = [("a".to_owned(), vec![0; 20 << 20])].into()), Err(codes::LIMIT_UNPACKED));
    let large = |parts: &mut Contents| parts.component.resize((32 << 20) + 1, 0);
    assert!(matches!(code(&large), Err(codes::LIMIT_UNPACKED | codes::LIMIT_COMPONENT)));
}

#[test]
fn extra_files_are_compressed_and_come_back() {
    let mut parts = contents();
    parts.extra.insert("reports/audit.json".to_owned(), b"{}".to_vec());
    parts.sbom = Some(b"{\"bomFormat\":\"CycloneDX\"}".to_vec());
    parts.license_text = Some("Apache".to_owned());
    let file = pack(parts).unwrap().sign(&[publisher()]).unwrap().into_bytes();
    let mut package = open(Cursor::new(file), &trust()).unwrap();
    assert_eq!(package.entry("reports/audit.json.zst").unwrap(), b"{}");
    let names: Vec<&str> = package.manifest().entries.iter().map(|entry| entry.path.as_str()).collect();
    let rest = ["LICENSE.zst", "README.md.zst", "reports/audit.json.zst", "sbom.cdx.json.zst", "wit/notes.wit"];
    assert_eq!(names[..2], [COMPONENT_PATH, TOOLS_PATH]);
    assert_eq!(names[2..], rest);
}

#[test]
fn peeking_trusts_nobody_and_is_as_strict() {
    let (good, package) = (file(), package());
    let peeked = peek(good.as_slice()).unwrap();
    assert_eq!((&peeked.manifest, peeked.digest), (package.manifest(), package.digest()));
    assert_eq!(peeked.signatures[0].key_id(), publisher().public_key().id());
    let mut parts = parts();
    parts.edit(|manifest| manifest["description"] = "a\u{202e}".into());
    assert_eq!(peek(parts.bytes().as_slice()).unwrap_err().code(), codes::MANIFEST_TEXT);
    parts.signatures.clear();
    assert_eq!(peek(parts.bytes().as_slice()).unwrap_err().code(), codes::SIG_MISSING);
}

#[test]
fn errors_of_the_reader_are_errors_of_the_reader() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    assert!(matches!(verify(Broken, &trust()), Err(VerifyError::Container(error)) if error.code() == codes::IO_FAILED));
}

proptest! {
    #[test]
    fn random_files_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let opened = [header_block(MANIFEST_PATH, bytes.len() as u64).as_slice(), &bytes, &[0; 2000]].concat();
        prop_assert!(outcome(&bytes, &trust()).is_err());
        prop_assert!(outcome(&opened, &trust()).is_err());
    }

    #[test]
    fn spliced_files_are_refused(cut in 0usize..6000, skip in 1usize..600) {
        let good = file();
        let cut = cut % good.len();
        let spliced = [&good[..cut], &good[(cut + skip).min(good.len())..]].concat();
        prop_assert!(outcome(&spliced, &trust()).is_err());
    }
}
