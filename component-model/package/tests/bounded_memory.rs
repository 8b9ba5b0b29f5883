//! No conformance case costs a reader more memory than it may (PKG-37, PKG-38), the bombs least of all.
//!
//! One test and one thread: the peak is that of the process.

use mpp_package::{
    key::PublicKey,
    verify::{Trust, TrustedKey, VerifyError, open, verify, verify_content},
};
use peak_alloc::PeakAlloc;
use serde_json::Value as Json;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Manifest, signatures, a buffer of 64 KiB, and the manifest once more as a tree. The largest manifest of a case has one mebibyte.
const ADMISSION_BYTES_MAX: usize = 6 << 20;

/// What is taken at most while `judge` runs.
fn peak(judge: impl FnOnce() -> Result<(), VerifyError>) -> (usize, Result<(), VerifyError>) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let outcome = judge();
    (MEMORY.peak_usage().saturating_sub(before), outcome)
}

fn trust(values: &Json) -> Trust {
    let key = |text: &Json| PublicKey::from_base64(text.as_str().unwrap()).unwrap();
    let publishers = values["trust"].as_array().unwrap().iter();
    Trust {
        publishers: publishers.map(|known| TrustedKey { key: key(&known["key"]), name: String::new() }).collect(),
        development: values["development"].is_string().then(|| key(&values["development"])),
        threshold: usize::try_from(values["threshold"].as_u64().unwrap()).unwrap(),
    }
}

/// Every case that asks about a package, with its folder.
fn cases() -> Vec<(PathBuf, Json)> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/vectors");
    let chapters = ["package", "trust"].map(|chapter| fs::read_dir(vectors.join(chapter)).unwrap());
    let folders = chapters.into_iter().flatten().map(|entry| entry.unwrap().path());
    let read = |folder: PathBuf| {
        let case: Json = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
        (folder, case)
    };
    folders.map(read).filter(|(_, case)| case["operation"] == "package.verify").collect()
}

/// The bytes of a content that is refused for its size, or for not being what its frame says.
fn is_bomb(case: &Json) -> bool {
    let code = case["expect"]["code"].as_str().unwrap_or_default();
    code.starts_with("limit.") || code == "pkg.compression"
}

#[test]
fn no_case_takes_more_memory_than_it_may() {
    let (mut asked, mut bombs) = (0, 0);
    for (folder, case) in cases() {
        let (file, trust) = (folder.join("input.mpp"), trust(&case["values"]));
        let (taken, _) = peak(|| verify(File::open(&file).unwrap(), &trust).map(drop));
        assert!(taken <= ADMISSION_BYTES_MAX, "{}: {taken} bytes at admission", folder.display());
        asked += 1;
        if case["values"]["full"] == true && is_bomb(&case) {
            let (taken, outcome) = peak(|| {
                open(File::open(&file).unwrap(), &trust).and_then(|mut package| verify_content(&mut package)).map(drop)
            });
            assert!(outcome.is_err(), "{}", folder.display());
            assert!(taken <= ADMISSION_BYTES_MAX, "{}: {taken} bytes in full", folder.display());
            bombs += 1;
        }
    }
    assert!(asked > 100 && bombs > 0, "{asked} cases, {bombs} bombs");
}
