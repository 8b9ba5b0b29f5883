//! Builds the guests of `conformance/guests` for wasm, once per test run; cargo itself knows when there is nothing to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A built guest.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) component: Vec<u8>,
    pub(crate) wit: BTreeMap<String, String>,
    pub(crate) world: String,
}

/// A function for each folder of `conformance/guests`, and the list of their names.
macro_rules! guests {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) fn $name() -> &'static Guest {
            static GUEST: OnceLock<Guest> = OnceLock::new();
            GUEST.get_or_init(|| build(stringify!($name), "guests", &[]))
        })*

        /// Every guest that a test can ask for.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

guests! {
    base,
    bytes,
    device,
    filter,
    folders,
    http,
    kv,
    small,
}

/// Where the sources of the guests are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/guests")
}

/// The filter, built so that it imports folders.
pub(crate) fn filter_reaching_out() -> Guest {
    build("filter", "guests-reaching", &["--features", "reaching"])
}

fn build(name: &'static str, target: &str, words: &[&str]) -> Guest {
    let folder = folder().join(name);
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(target);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .args(words)
        .current_dir(&folder)
        // Flags of the outer build are for another target.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo starts");
    assert!(status.success(), "guest `{name}` does not build");
    let component = target.join("wasm32-wasip2/release").join(format!("guest_{name}.wasm"));
    let wit = std::fs::read_to_string(folder.join("wit/world.wit")).expect("a guest has a world");
    // A filter is in the world of all filters, the others in one of their own.
    let namespace = if wit.starts_with("package mpp:filter@") { "mpp" } else { "guest" };
    Guest {
        name,
        component: std::fs::read(component).expect("cargo wrote the component"),
        wit: BTreeMap::from([("world.wit".to_owned(), wit)]),
        world: format!("{namespace}:{name}/{name}@0.1.0"),
    }
}
