//! The program used in ways that nobody means: closed pipes, full disks, odd names, folders that hold nothing.

use crate::support::Person;

#[test]
fn a_folder_without_a_project_leaves_the_home_as_it_was() {
    let person = Person::new();
    std::fs::create_dir(person.path("empty")).unwrap();
    for words in [&["build", "empty"][..], &["run", "./empty"], &["build", "missing"]] {
        person.refusal(words);
        assert!(!person.home().exists(), "{words:?}");
    }
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    assert_eq!(person.refusal(&["publish", "empty"]), ("build.metadata".to_owned(), 4));
    assert_eq!(person.refusal(&["publish", "missing.mpp"]), ("io.failed".to_owned(), 6));
    assert_eq!(person.json(&["key", "list"])["keys"], serde_json::json!([]));
}

#[test]
fn a_workspace_of_several_tools_is_told_apart_before_anything_is_built() {
    let person = Person::new();
    person.json(&["new", "ws/one", "--accept-defaults"]);
    person.json(&["new", "ws/two", "--accept-defaults"]);
    for name in ["one", "two"] {
        // A new tool is a workspace of its own; here both are members of another.
        let file = format!("ws/{name}/Cargo.toml");
        let text = String::from_utf8(person.read(&file)).unwrap();
        person.write(&file, text.replace("\n[workspace]\n", "\n"));
    }
    person.write("ws/Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n");
    let ended = person.mpp(&["run", "ws/"]);
    assert_eq!(ended.exit, 2, "{}", ended.err);
    for name in ["one", "two"] {
        let folder = person.path("ws").canonicalize().unwrap().join(name);
        assert!(ended.err.contains(&format!("help: mpp run {}/\n", folder.display())), "{}", ended.err);
    }
    let ended = person.mpp(&["build", "ws", "--package", "three"]);
    assert!(ended.err.contains("help: mpp build --package one\n"), "{}", ended.err);
    assert!(!person.home().exists(), "no key was made");
}

#[test]
fn a_quiet_program_still_says_why_a_tool_stopped() {
    // Sections have anchors; this text has none of that name, which the tool says with an error of its own.
    let (author, file) = crate::support::built_template();
    let words = ["--quiet", "run", file.to_str().unwrap(), "section", "--text", "# A", "--anchor", "b"];
    let ended = author.mpp(&words);
    assert_eq!((ended.exit, &*ended.out), (1, ""));
    assert!(ended.err.starts_with("error[tool.error]: "), "{}", ended.err);
}

#[test]
fn the_name_of_a_key_is_no_path() {
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    std::fs::copy(person.home().join("data/keys/acme.pub"), person.home().join("data/out.pub")).unwrap();
    std::fs::copy(person.home().join("data/keys/acme.key"), person.home().join("data/out.key")).unwrap();
    for verb in ["show", "export"] {
        assert_eq!(person.refusal(&["key", verb, "../out"]), ("key.not-found".to_owned(), 3));
    }
    let ended = person.mpp(&["key", "show", "../out"]);
    assert!(ended.err.ends_with("help: mpp key list\n"), "no command that cannot be typed: {}", ended.err);
}

#[test]
fn a_word_that_is_no_json_is_answered_with_what_could_be_written() {
    let (author, file) = crate::support::built_template();
    let file = file.to_str().unwrap();
    for word in ["hello", "-x"] {
        let ended = author.mpp(&["run", file, "outline", word]);
        assert!(ended.err.contains("expected one JSON object, `@file`, `-`, or flags"), "{}", ended.err);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Person;
    use std::{
        ffi::OsStr,
        fs::File,
        os::unix::ffi::OsStrExt as _,
        process::{Command, Stdio},
    };

    fn mpp(person: &Person) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mpp"));
        command.env("MPP_HOME", person.home()).current_dir(person.folder()).stdin(Stdio::null());
        command
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let person = Person::new();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = mpp(&person).args(["completions", "bash"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
    }

    #[test]
    fn a_disk_without_room_for_the_output_is_an_error() {
        let person = Person::new();
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let ended = mpp(&person).args(["completions", "bash"]).stdout(full()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(6));
        assert!(said.starts_with("failed[io.failed]: could not write to standard output: "), "{said}");
        let ended = mpp(&person).args(["--json", "completions", "bash"]).stdout(full()).output().unwrap();
        assert_eq!(ended.status.code(), Some(6));
    }

    #[test]
    fn names_that_are_no_unicode_are_reported_all_the_same() {
        let person = Person::new();
        let odd = OsStr::from_bytes(b"odd-\xff.git");
        let ended = mpp(&person).args(["--json", "registry", "init"]).arg(odd).output().unwrap();
        assert_eq!(ended.status.code(), Some(0));
        let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert!(report["path"].as_str().unwrap().ends_with("odd-\u{fffd}.git"), "{report}");
        let ended = mpp(&person).args(["--json", "inspect"]).arg(odd).output().unwrap();
        assert_eq!(ended.status.code(), Some(2));
        let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(report["error"]["code"], "usage");
    }
}
