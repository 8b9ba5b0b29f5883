//! Installing the wasm target, with made-up compilers in `programs/`: each behaves in one way, in the folder that it runs in.
#![cfg(unix)]

use mpp_build::{BuildError, Event, Programs, TARGET, ensure_target};
use mpp_schema::Coded as _;
use std::{fs, path::Path};

/// What is said and asked for when the target is made sure of with this rustup, in a folder that has the library or not.
fn ensure(rustup: &str, installed: bool) -> (Result<(), BuildError>, Vec<Event>, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    if installed {
        fs::create_dir(folder.path().join("lib")).unwrap();
        fs::write(folder.path().join("lib/libstd-0.rlib"), "").unwrap();
    }
    let program = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name);
    let programs = Programs { rustc: program("rustc"), rustup: program(rustup), ..Programs::default() };
    let mut events = Vec::new();
    let result = ensure_target(folder.path(), &programs, &mut |event| events.push(event));
    (result, events, fs::read_to_string(folder.path().join("asked")).ok())
}

#[track_caller]
fn check_refusal(rustup: &str, problem: &str, help: &str) {
    let (result, ..) = ensure(rustup, false);
    let error = result.unwrap_err();
    assert_eq!(error.code().as_str(), "build.target");
    assert!(error.to_string().contains(problem), "{error}");
    assert!(error.hints()[0].contains(help), "{:?}", error.hints());
}

#[test]
fn nothing_is_asked_where_the_target_is_installed() {
    let (result, events, asked) = ensure("no-such-rustup", true);
    result.unwrap();
    assert_eq!((events, asked), (Vec::new(), None));
}

#[test]
fn a_missing_target_is_installed_and_said() {
    let (result, events, asked) = ensure("rustup", false);
    result.unwrap();
    let (target, toolchain) = (TARGET.to_owned(), "made-up-1.0".to_owned());
    let expected = [
        Event::TargetInstalling { target: target.clone(), toolchain: toolchain.clone() },
        Event::TargetInstalled { target, toolchain },
    ];
    assert_eq!(events, expected);
    assert_eq!(asked.unwrap().trim(), "target add wasm32-wasip2 --toolchain made-up-1.0");
}

#[test]
fn a_target_that_stays_missing_is_an_error_with_the_command() {
    let command = "rustup target add wasm32-wasip2 --toolchain made-up-1.0";
    check_refusal("rustup-without-network", "could not download", command);
    check_refusal("rustup-of-another-compiler", "is not the compiler of rustup", command);
    check_refusal("no-such-rustup", "cannot be started", "https://rustup.rs");
}
