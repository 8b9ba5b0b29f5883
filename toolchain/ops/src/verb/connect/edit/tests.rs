//! MCP-30, on files as clients and people write them.

use super::{Document, EditError, Kind, alone, difference};
use serde_json::{Value as Json, json};

const PLACE: [&str; 2] = ["servers", "mpp"];

fn entry() -> Json {
    json!({"command": "/bin/mpp", "args": ["serve", "--tools", "a:*"], "env": {"MPP_HOME": "/h"}})
}

/// Puts the entry into a file, and takes it out again: then it is the file that it was.
#[track_caller]
fn check(kind: Kind, text: &str) -> String {
    let put =
        Document::read(kind, text).unwrap().put(PLACE, &entry()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let document = Document::read(kind, &put).unwrap();
    assert_eq!(document.get(PLACE).unwrap(), Some(entry()), "{put}");
    assert_eq!(document.put(PLACE, &entry()).unwrap(), put, "a second time changes nothing");
    let other = json!({"command": "/other/mpp", "args": ["serve"]});
    let replaced = Document::read(kind, &document.put(PLACE, &other).unwrap()).unwrap();
    assert_eq!(replaced.get(PLACE).unwrap(), Some(other));
    assert_eq!(document.take(PLACE).unwrap(), text, "out of:\n{put}");
    put
}

#[track_caller]
fn refused(kind: Kind, text: &str) -> EditError {
    let put = Document::read(kind, text).and_then(|document| document.put(PLACE, &entry()));
    put.expect_err("it cannot be changed")
}

#[test]
fn json_as_people_write_it() {
    check(Kind::Json, "{\n  \"servers\": {\n    \"a\": {}\n  }\n}\n");
    check(
        Kind::Json,
        "{\n  // mine\n  \"servers\": {\n    \"a\": {\"env\": {\"KEY\": \"secret\"}}, // last\n  },\n  /* x */ \"b\": 1\n}",
    );
    check(Kind::Json, "{\r\n\t\"servers\": {\r\n\t\t\"a\": {}\r\n\t}\r\n}\r\n");
}

/// What was on one line is then on several, and stays so.
#[test]
fn json_on_one_line() {
    for text in [
        "{\"big\": 12345678901234567890123, \"float\": 1.10, \"text\": \"\\u00e9\", \"servers\": {\"a\": {}}}",
        "\u{feff}{\"servers\": {\"a\": 1}}",
    ] {
        let put = Document::read(Kind::Json, text).unwrap().put(PLACE, &entry()).unwrap();
        let taken = Document::read(Kind::Json, &put).unwrap().take(PLACE).unwrap();
        let plain = |text: &str| text.replace(char::is_whitespace, "");
        assert_eq!(plain(&taken), plain(text), "{put}");
    }
}

#[test]
fn toml_as_people_write_it() {
    check(Kind::Toml, "model = 'x' # mine\n\n[servers.a]\ncommand = \"b\"\n");
    check(Kind::Toml, "# top\n[servers.a]\ncommand = \"b\"\n\n[profiles.c]\nx = 1 # why\n\n# end\n");
    check(Kind::Toml, "a = 1\r\n\r\n[servers.a]\r\nb = 2\r\n");
    check(Kind::Toml, "servers = { a = { command = \"b\" } }\n");
    check(Kind::Toml, "when = 2026-01-02T03:04:05Z\nmodel = 'x'\n");
}

#[test]
fn yaml_as_people_write_it() {
    check(Kind::Yaml, "# top\nservers:\n  a:\n    enabled: true # yes\n    args: []\n    cmd: 'x'\nOTHER: \"1\"\n");
    check(Kind::Yaml, "MODEL: gpt\nservers:\n    a:\n        cmd: x\n        args:\n        - one\n        - two\n");
}

#[test]
fn a_file_without_servers_gets_them() {
    for (kind, text) in [
        (Kind::Json, "{}"),
        (Kind::Json, "{\n  \"theme\": \"dark\"\n}\n"),
        (Kind::Toml, "model = 'x'\n"),
        (Kind::Yaml, "MODEL: gpt\n"),
        (Kind::Json, ""),
        (Kind::Toml, ""),
        (Kind::Yaml, ""),
    ] {
        let put = Document::read(kind, text).unwrap().put(PLACE, &entry()).unwrap();
        let document = Document::read(kind, &put).unwrap();
        assert_eq!(document.get(PLACE).unwrap(), Some(entry()), "{put}");
        let taken = Document::read(kind, &document.take(PLACE).unwrap()).unwrap();
        assert_eq!(taken.get(PLACE).unwrap(), None);
    }
}

#[test]
fn what_an_entry_looks_like() {
    let json = "{\n  \"servers\": {\n    \"mpp\": {\n      \"command\": \"/bin/mpp\",\n      \"args\": [\"serve\", \"--tools\", \"a:*\"],\n      \"env\": {\n        \"MPP_HOME\": \"/h\"\n      }\n    }\n  }\n}\n";
    assert_eq!(alone(Kind::Json, PLACE, &entry()).unwrap(), json);
    let toml = "[servers.mpp]\ncommand = \"/bin/mpp\"\nargs = [\"serve\", \"--tools\", \"a:*\"]\nenv = { MPP_HOME = \"/h\" }\n";
    assert_eq!(alone(Kind::Toml, PLACE, &entry()).unwrap(), toml);
    let yaml = "servers:\n  mpp:\n    command: /bin/mpp\n    args:\n      - serve\n      - '--tools'\n      - 'a:*'\n    env:\n      MPP_HOME: /h\n";
    assert_eq!(alone(Kind::Yaml, PLACE, &entry()).unwrap(), yaml);
}

#[test]
fn files_that_cannot_be_changed_are_left_alone() {
    for text in [
        "[]",
        "1",
        "{\"servers\": []}",
        "{\"servers\": {}, \"servers\": {}}",
        "{\"servers\": {\"mpp\": 1, \"mpp\": 2}}",
    ] {
        let error = refused(Kind::Json, text);
        assert!(matches!(error, EditError::Shape(_)), "{text}: {error}");
    }
    for text in ["{", "{'a': 1}", "{\"a\" 1}", "{} {}", "nothing"] {
        let error = refused(Kind::Json, text);
        assert!(matches!(error, EditError::Malformed(_)), "{text}: {error}");
    }
    assert!(matches!(refused(Kind::Toml, "servers = 1\n"), EditError::Shape(_)));
    assert!(matches!(refused(Kind::Toml, "a = \n"), EditError::Malformed(_)));
    assert!(matches!(refused(Kind::Toml, "a = 1\r\nb = 2\n"), EditError::NotAlone));
    assert!(matches!(refused(Kind::Yaml, "servers: []\n"), EditError::Shape(_)));
    assert!(matches!(refused(Kind::Yaml, "- a\n"), EditError::Shape(_)));
    assert!(matches!(refused(Kind::Yaml, "a: 1\na: 2\n"), EditError::Malformed(_)));
}

#[test]
fn only_the_difference_is_shown() {
    let found = difference("a\nsecret\nb\n", "a\nsecret\nnew\nb\n");
    assert_eq!((found.line, found.removed.as_str(), found.added.as_str()), (3, "", "new\n"));
    let found = difference("aé", "aè");
    assert_eq!((found.line, found.removed.as_str(), found.added.as_str()), (1, "é", "è"));
    let same = difference("a", "a");
    assert_eq!((same.removed.as_str(), same.added.as_str()), ("", ""));
}
