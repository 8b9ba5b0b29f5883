//! What admission costs beside the one thing that it cannot do without: hashing the bytes once. Prints ratios of one run.
//!
//! `cargo bench -p mpp-package --bench admission`

use mpp_package::{
    key::{SecretKey, Signer as _},
    pack::{Contents, pack},
    verify::{Trust, TrustedKey, open, verify, verify_content},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    hint::black_box,
    io::{Cursor, Write as _},
    time::{Duration, Instant},
};

const ROUNDS: usize = 21;

fn main() {
    let key = SecretKey::generate().expect("a key");
    let publishers = vec![TrustedKey { key: *key.public_key(), name: "bench".to_owned() }];
    let trust = Trust { publishers, development: None, threshold: 1 };
    for megabytes in [1, 10] {
        let file = pack(contents(megabytes * 1_000_000)).expect("packs").sign(&[&key]).expect("signs").into_bytes();
        let [hash, admission, full] = medians([
            &|| {
                black_box(Sha256::digest(black_box(&file)));
            },
            &|| drop(black_box(verify(black_box(file.as_slice()), &trust).expect("admitted"))),
            &|| {
                let mut package = open(Cursor::new(black_box(&file)), &trust).expect("admitted");
                drop(black_box(verify_content(&mut package).expect("sound")));
            },
        ]);
        let ratio = |time: Duration| time.as_secs_f64() / hash.as_secs_f64();
        let line = format!(
            "{megabytes:>2} MB: hash once {hash:.2?}; admission {:.2} times that, with all content {:.2} times",
            ratio(admission),
            ratio(full)
        );
        writeln!(std::io::stdout(), "{line}").expect("standard output");
    }
}

/// The median time of each, measured in turns so that a slow moment of the machine hits all of them.
fn medians<const N: usize>(work: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (work, times) in work.iter().zip(&mut times) {
            let start = Instant::now();
            work();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[ROUNDS / 2]
    })
}

/// A package of about this many bytes: content that does not compress.
fn contents(bytes: usize) -> Contents {
    let manifest = serde_json::json!({
        "mpp": "1.0", "kind": "tool", "name": "acme:bench", "version": "1.0.0", "description": "Large.",
        "world": "acme:bench/tools", "trust": "sandboxed", "source": { "builder": "cargo" }, "entries": []
    });
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    let mut state = 1u64;
    component.resize_with(bytes, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    Contents {
        manifest: serde_json::from_value(manifest).expect("a manifest"),
        component,
        tools: serde_json::from_value(serde_json::json!({ "mpp": "1.0", "tools": [] })).expect("tools"),
        wit: BTreeMap::new(),
        readme: None,
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    }
}
