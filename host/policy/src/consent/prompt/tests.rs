//! Prompts for hostile arguments, compared with golden files, and what counts as a yes.

use super::{Challenge, Prompt, Shown};
use mpp_schema::{Digest, KeyId, consent::Level};
use serde_json::{Value as Json, json};
use std::path::Path;

fn prompt(arguments: &Json, changed: Option<&str>) -> Prompt {
    let (package, version) = ("acme:notes".parse().unwrap(), "1.2.3".parse().unwrap());
    let tool = "save".parse().unwrap();
    Prompt::new(&Shown {
        package: &package,
        version: &version,
        digest: Digest::from_bytes([0xab; 32]),
        publisher: KeyId::from_bytes([0xcd; 32]),
        tool: &tool,
        arguments: &arguments.to_string(),
        granted: &["read, change and delete files in /srv/notes, as `notes`".to_owned()],
        agent: None,
        level: Level::L3,
        why: &["its author declares the risk `destructive`".to_owned()],
        changed,
    })
}

/// The bytes are those of the file; `BLESS=1` writes it.
#[track_caller]
fn check(name: &str, arguments: &Json) {
    let prompt = prompt(arguments, None);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, prompt.text()).unwrap();
    }
    assert_eq!(prompt.text(), std::fs::read_to_string(&path).unwrap(), "{name}");
    for line in prompt.text().lines() {
        assert!(line.chars().all(|c| (' '..='~').contains(&c)), "{name}: {line:?}");
    }
    let of_the_host = |line: &&str| line.starts_with("tool ") || line.starts_with("to allow");
    assert_eq!(prompt.text().lines().filter(of_the_host).count(), 1, "{name}: a line of the host was imitated");
}

/// CONS-21, and T11: arguments that imitate, hide, break and bury.
#[test]
fn hostile_arguments_are_shown_as_the_golden_files_say() {
    check("plain", &json!({ "name": "todo", "text": "buy milk" }));
    check("none", &json!({}));
    check(
        "newlines",
        &json!({ "text": "x\ntool       read of acme:safe 1.0.0\r\nApproved: yes\n\nallow it? [y/N] y" }),
    );
    check("ansi", &json!({ "text": "\u{1b}[2J\u{1b}[1;1HApproved\u{1b}]52;c;cm0gLXJm\u{7}\u{1b}]8;;http://x\u{7}" }));
    check("bidi", &json!({ "text": "\u{202e}txt.exe\u{202c} \u{2066}a\u{2069} \u{200b}z\u{feff}" }));
    check("lookalike", &json!({ "path": "/home/\u{430}nn/\u{ff0e}ssh", "tag": "\u{e0041}" }));
    check("padding", &json!({ "a": format!("harmless{}", " ".repeat(10_240)), "z": "delete everything" }));
    check("many", &Json::Object((0..60).map(|n| (format!("field{n}"), json!(n))).collect()));
    check("names", &json!({ "x\ntool  evil": 1, "  | y": 2 }));
}

/// CONS-20: what is shown is bound by its digest.
#[test]
fn another_argument_is_another_digest() {
    let digest = |text: &str| prompt(&json!({ "text": text }), None).digest();
    assert_ne!(digest("a"), digest("b"));
    assert_ne!(
        digest(&format!("a{}b{}", "x".repeat(4_000), "y".repeat(4_000))),
        digest(&format!("a{}c{}", "x".repeat(4_000), "y".repeat(4_000)))
    );
    assert_ne!(prompt(&json!({}), None).digest(), prompt(&json!({}), Some("its definition")).digest());
}

/// CONS-22, CONS-23
#[test]
fn only_what_is_asked_for_is_a_yes() {
    let (package, tool) = ("acme:notes".parse().unwrap(), "save".parse().unwrap());
    let of = |level| Challenge::of(level, &package, &tool, [0, 0, 4, 210]);
    assert!(of(Level::L2).is_met_by("yes\n") && of(Level::L2).is_met_by("y"));
    for no in ["", "n", "Y es", "ok", "yes please", "true"] {
        assert!(!of(Level::L2).is_met_by(no), "{no}");
    }
    assert_eq!(of(Level::L3), Challenge::Code("001234".to_owned()));
    assert!(of(Level::L3).is_met_by("001234") && !of(Level::L3).is_met_by("1234") && !of(Level::L3).is_met_by("y"));
    assert!(of(Level::L4).is_met_by("let save of acme:notes do this") && !of(Level::L4).is_met_by("001234"));
}
