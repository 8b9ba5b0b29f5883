//! Files that began as good ones and were then spoiled at random: each is refused with a stable code, or is the good one again.
//!
//! Rules PKG-1, PKG-40, SIG-7 and SIG-21 in particular: one thing has one spelling. Each decoder of the crate is asked.

use mpp_package::{
    container::{Reader, write},
    frame,
    key::{PublicKey, SecretKey, Signer as _},
    manifest,
    pack::{Contents, pack},
    sign::purpose,
    signature::SignatureText,
    verify::{Trust, TrustedKey, VerifyError, open, verify, verify_content},
};
use mpp_schema::{CODES, Coded as _};
use proptest::{prelude::*, sample::Index};
use serde_json::json;
use std::{collections::BTreeMap, io::Cursor, sync::LazyLock};

static KEYS: LazyLock<[SecretKey; 2]> = LazyLock::new(|| std::array::from_fn(|_| SecretKey::generate().unwrap()));
static ALONE: LazyLock<Vec<u8>> = LazyLock::new(|| file(&KEYS[..1]));
static TOGETHER: LazyLock<Vec<u8>> = LazyLock::new(|| file(&KEYS[..]));

const README: &str = "# Notes\n\nFinds notes, again and again and again and again.\n";

/// A package of every kind of entry, signed by these keys.
fn file(keys: &[SecretKey]) -> Vec<u8> {
    let manifest = json!({
        "mpp": "1.0", "kind": "tool", "name": "acme:notes", "version": "1.0.0", "description": "Finds notes.",
        "license": "MIT", "world": "acme:notes/tools", "trust": "limited",
        "permissions": {
            "folders": { "notes": { "access": "read-write", "optional": true, "reason": "where your notes live" } },
            "http": [{ "origin": "https://api.example.com", "methods": ["GET"], "paths": ["/repos/"] }],
            "kv": { "quota": "4MiB" }, "clock": {}
        },
        "tools": { "search": { "risk": "read" } }, "limits": { "memory": "16MiB", "time_ms": 1000 },
        "source": { "builder": "cargo", "flags": ["--release"], "reproducible": true }, "entries": []
    });
    let tools = json!({ "mpp": "1.0", "tools": [{ "name": "search", "description": "Finds.", "input": { "type": "object" } }] });
    let contents = Contents {
        manifest: serde_json::from_value(manifest).unwrap(),
        component: b"\0asm\x0d\0\x01\0".to_vec(),
        tools: serde_json::from_value(tools).unwrap(),
        wit: BTreeMap::from([("notes.wit".to_owned(), "package acme:notes;".to_owned())]),
        readme: Some(README.to_owned()),
        license_text: Some("Do what you like.".to_owned()),
        sbom: None,
        extra: BTreeMap::from([("data/table".to_owned(), vec![7; 5000])]),
    };
    let signers: Vec<_> = keys.iter().map(|key| key as &dyn mpp_package::key::Signer).collect();
    pack(contents).unwrap().sign(&signers).unwrap().into_bytes()
}

fn trust() -> Trust {
    let publishers = KEYS.iter().map(|key| TrustedKey { key: *key.public_key(), name: String::new() });
    Trust { publishers: publishers.collect(), development: None, threshold: 1 }
}

/// One way to spoil bytes. Places and lengths are taken modulo what there is.
#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
    Insert(Index, Vec<u8>),
    /// Copies over what stands elsewhere.
    Copy {
        from: Index,
        to: Index,
        length: usize,
    },
    /// Exchanges two blocks of 512.
    Blocks(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let length = prop_oneof![1usize..40, Just(512), Just(1024), 1usize..3000];
    prop_oneof![
        (any::<Index>(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, to)| Change::Set(at, to)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), length.clone()).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<Index>(), length.clone()).prop_map(|(at, length)| Change::Repeat(at, length)),
        (any::<Index>(), prop_oneof![prop::collection::vec(any::<u8>(), 1..20), Just(vec![0; 512])])
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), any::<Index>(), length).prop_map(|(from, to, length)| Change::Copy { from, to, length }),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Blocks(one, other)),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 1..4)
}

fn spoil(good: &[u8], changes: &[Change]) -> Vec<u8> {
    changes.iter().fold(good.to_vec(), |bytes, change| if bytes.is_empty() { bytes } else { apply(bytes, change) })
}

fn apply(mut bytes: Vec<u8>, change: &Change) -> Vec<u8> {
    let count = bytes.len();
    let range = |at: &Index, length: usize| {
        let at = at.index(count);
        at..(at + length).min(count)
    };
    match change {
        Change::Flip(at, bit) => bytes[at.index(count)] ^= 1 << bit,
        Change::Set(at, to) => bytes[at.index(count)] = *to,
        Change::Cut(at) => bytes.truncate(at.index(count)),
        Change::Remove(at, length) => drop(bytes.drain(range(at, *length))),
        Change::Repeat(at, length) => {
            let piece = bytes[range(at, *length)].to_vec();
            bytes.splice(at.index(count)..at.index(count), piece);
        }
        Change::Insert(at, more) => drop(bytes.splice(at.index(count)..at.index(count), more.iter().copied())),
        Change::Copy { from, to, length } => {
            let piece = bytes[range(from, *length)].to_vec();
            let to = to.index(count);
            let end = (to + piece.len()).min(count);
            bytes[to..end].copy_from_slice(&piece[..end - to]);
        }
        Change::Blocks(one, other) => {
            let blocks = count / 512;
            if blocks > 0 {
                let (one, other) = (one.index(blocks) * 512, other.index(blocks) * 512);
                (0..512).for_each(|at| bytes.swap(one + at, other + at));
            }
        }
    }
    bytes
}

/// Codes that say what is wrong with a package. Others would be an error of ours.
fn is_refusal(error: &VerifyError) -> bool {
    let code = error.code();
    let chapter = code.as_str().split('.').next().unwrap_or_default();
    let of_packages = ["pkg", "sig", "trust", "limit", "manifest", "format", "wasm"].contains(&chapter);
    of_packages && CODES.iter().any(|entry| entry.code == code) && error.to_string().len() < 8192
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_spoiled_file_is_refused_or_is_the_good_one(changes in changes()) {
        let spoiled = spoil(&ALONE, &changes);
        match verify(spoiled.as_slice(), &trust()) {
            Ok(_) => prop_assert_eq!(&spoiled, &*ALONE),
            Err(error) => prop_assert!(is_refusal(&error), "{}: {error}", error.code()),
        }
    }

    /// With two signatures a whole one may go; what is signed stays what it was, and the file has one spelling.
    #[test]
    fn a_spoiled_file_of_two_signers_is_refused_or_the_same_package(changes in changes()) {
        let spoiled = spoil(&TOGETHER, &changes);
        match verify(spoiled.as_slice(), &trust()) {
            Ok(admitted) => {
                prop_assert_eq!(admitted.digest, verify(TOGETHER.as_slice(), &trust()).unwrap().digest);
                let mut reader = Reader::new(spoiled.as_slice());
                let mut entries = Vec::new();
                while let Some(entry) = reader.next().unwrap() {
                    entries.push((entry.name.clone(), reader.content(&entry).unwrap()));
                }
                prop_assert_eq!(write(entries.iter().map(|(name, content)| (name.as_str(), content.as_slice()))), spoiled);
            }
            Err(error) => prop_assert!(is_refusal(&error), "{}: {error}", error.code()),
        }
    }

    /// The manifest is spoiled and then honestly signed: what is wrong with it is for the reader to see.
    #[test]
    fn a_spoiled_manifest_is_refused_or_reads_as_it_is_written(changes in changes()) {
        let good = verify(ALONE.as_slice(), &trust()).unwrap();
        let spoiled = spoil(&good.manifest_bytes, &changes);
        match manifest::read(&spoiled) {
            Ok(read) => prop_assert_eq!(manifest::read(&manifest::write(&read).unwrap()).unwrap(), read),
            Err(error) => prop_assert!(is_refusal(&error.into())),
        }
        let signature = KEYS[0].sign(&spoiled, &purpose(&good.manifest).to_comment()).unwrap();
        let name = format!("signatures/{}.minisig", signature.key_id());
        let mut entries = vec![("mpp.json".to_owned(), spoiled), (name, signature.as_str().as_bytes().to_vec())];
        let mut reader = Reader::new(ALONE.as_slice());
        while let Some(entry) = reader.next().unwrap() {
            let content = reader.content(&entry).unwrap();
            if entry.name != "mpp.json" && !entry.name.starts_with("signatures/") {
                entries.push((entry.name, content));
            }
        }
        let file = write(entries.iter().map(|(name, content)| (name.as_str(), content.as_slice())));
        let judged = open(Cursor::new(file), &trust()).and_then(|mut package| verify_content(&mut package));
        if let Err(error) = judged {
            prop_assert!(is_refusal(&error), "{}: {error}", error.code());
        }
    }

    #[test]
    fn a_spoiled_frame_is_refused_or_holds_what_it_says(changes in changes(), size in 0u64..200) {
        let size = if size < 20 { size } else { README.len() as u64 };
        let spoiled = spoil(&frame::compress(README.as_bytes()).unwrap(), &changes);
        match frame::unpack(&spoiled, size) {
            Ok(content) => prop_assert_eq!(content.len() as u64, size),
            Err(source) => {
                let refused = is_refusal(&VerifyError::Frame { entry: String::new(), source });
                prop_assert!(refused);
            }
        }
    }

    /// However the bytes come by, the walk over a frame says the same.
    #[test]
    fn a_frame_in_pieces_is_the_same_frame(changes in changes(), piece_bytes in 1usize..40) {
        let spoiled = spoil(&frame::compress(README.as_bytes()).unwrap(), &changes);
        let mut walk = frame::FrameWalk::new(README.len() as u64);
        spoiled.chunks(piece_bytes).for_each(|piece| walk.feed(piece));
        prop_assert_eq!(walk.finish().is_ok(), frame::check_frame(&spoiled, README.len() as u64).is_ok());
    }

    #[test]
    fn a_spoiled_signature_is_refused_or_has_its_own_spelling(changes in changes()) {
        let good = KEYS[0].sign(b"message", "mpp1 kind=test").unwrap();
        let spoiled = String::from_utf8_lossy(&spoil(good.as_str().as_bytes(), &changes)).into_owned();
        if let Ok(read) = SignatureText::parse(&spoiled) {
            prop_assert_eq!(read.as_str(), spoiled.as_str());
            let holds = mpp_package::signature::verify(b"message", &read, KEYS[0].public_key()).is_ok();
            prop_assert_eq!(holds, spoiled == good.as_str());
        }
    }

    #[test]
    fn a_spoiled_public_key_is_refused_or_has_its_own_spelling(changes in changes()) {
        let spoiled = spoil(KEYS[0].public_key().to_base64().as_bytes(), &changes);
        let spoiled = String::from_utf8_lossy(&spoiled).into_owned();
        if let Ok(read) = PublicKey::from_base64(&spoiled) {
            prop_assert_eq!(read.to_base64(), spoiled);
        }
    }

    #[test]
    fn a_spoiled_secret_key_file_is_refused_or_is_a_key(changes in changes()) {
        let spoiled = spoil(KEYS[0].to_file_text(None).unwrap().as_bytes(), &changes);
        let spoiled = String::from_utf8_lossy(&spoiled).into_owned();
        match SecretKey::from_file_text(&spoiled, None) {
            // Key number and comment may have changed: they are not secret, and an open file may leave its checksum out.
            Ok(read) => prop_assert_eq!(read.public_key().key_bytes(), KEYS[0].public_key().key_bytes()),
            Err(error) => prop_assert!(error.code().as_str().starts_with("key.")),
        }
    }
}
