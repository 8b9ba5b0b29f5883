//! The runner against made-up cases and made-up programs: does it see a wrong answer, and a case that is not well formed?
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

const GOOD: &str = r#"{"operation":"x","why":"the good one","expect":{"outcome":"accepted"}}"#;
const BAD: &str =
    r#"{"operation":"x","why":"the bad one","twin":"a/good","expect":{"outcome":"refused","code":"sig.invalid"}}"#;

/// Runs the runner over `cases` with a program that says `accepted` to everything; checks exit code and the last line.
#[track_caller]
fn check(cases: &[(&str, &str)], exit_code: i32, last_line: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in cases {
        write(&folder.path().join(name).join("case.json"), text);
    }
    let program = folder.path().join("program.sh");
    write(&program, "echo '{\"outcome\":\"accepted\"}'");
    let output = Command::new(env!("CARGO_BIN_EXE_mpp-conformance"))
        .arg("--vectors")
        .arg(folder.path())
        .arg("--program")
        .arg(format!("sh {}", program.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit_code), "{said}");
    assert!(said.lines().last().unwrap_or_default().contains(last_line), "{said}");
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn right_answers_pass() {
    check(&[("a/good", GOOD)], 0, "1 passed, 0 failed");
}

#[test]
fn a_wrong_answer_fails_the_run() {
    check(&[("a/good", GOOD), ("a/bad", BAD)], 1, "1 passed, 1 failed");
}

#[test]
fn nothing_to_ask_is_not_a_success() {
    check(&[], 2, "no case under");
}

#[test]
fn a_malformed_case_stops_the_run() {
    check(&[("a/good", GOOD), ("a/no-twin", BAD.replace("a/good", "a/other").as_str())], 2, "there is no twin");
    check(
        &[("a/good", GOOD), ("a/bad", BAD), ("a/worse", BAD.replace("a/good", "a/bad").as_str())],
        2,
        "not an accepted",
    );
    check(&[("a/good", GOOD.replace("why", "because").as_str())], 2, "shape of a case");
    check(
        &[("a/good", r#"{"operation":"x","why":"y","files":{"f":"../f"},"expect":{"outcome":"accepted"}}"#)],
        2,
        "`../f`",
    );
}
