//! No guest stands unused: each folder of `conformance/guests` is built by the tests, and each of its functions is called by name.

use crate::support::guests;
use mpp_wit::{ToolSet, WitFolder};
use std::fs;
use std::path::Path;

/// All the test sources of this crate, in one text.
fn sources() -> String {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let files = fs::read_dir(suite).expect("the tests have a folder").map(|file| file.expect("a file").path());
    files.map(|file| fs::read_to_string(file).expect("a source")).collect()
}

#[test]
fn every_folder_of_guests_is_built() {
    let folders = fs::read_dir(guests::folder()).expect("the guests have a folder");
    let mut folders: Vec<_> = folders.map(|entry| entry.expect("a folder").file_name()).collect();
    folders.sort();
    let mut built = guests::NAMES.to_vec();
    built.sort_unstable();
    assert_eq!(folders, built);
}

#[test]
fn every_function_of_every_guest_is_called() {
    let sources = sources();
    for name in guests::NAMES {
        let wit = fs::read_to_string(guests::folder().join(name).join("wit/world.wit")).expect("a guest has a world");
        let folder = WitFolder { files: [("world.wit".to_owned(), wit)].into() };
        let tools = ToolSet::from_wit(&folder, None).expect("the guest's WIT is good").tools;
        assert!(!tools.is_empty(), "guest `{name}` has no functions");
        for tool in tools {
            assert!(
                sources.contains(&format!("\"{}\"", tool.name)),
                "`{}` of guest `{name}` is never called",
                tool.name
            );
        }
    }
}
