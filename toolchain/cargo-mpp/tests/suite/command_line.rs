//! What holds for the program as a whole: help, errors, JSON, keys, and files that cannot be used.

use crate::support::{Person, built_template};

const COMMANDS: &[&str] = &[
    "demo",
    "new",
    "init",
    "build",
    "run",
    "sign",
    "verify",
    "inspect",
    "key",
    "trust",
    "publish",
    "search",
    "info",
    "install",
    "uninstall",
    "list",
    "call",
    "grant",
    "revoke",
    "grants",
    "policy",
    "owner",
    "secret",
    "cache",
    "kv",
    "yank",
    "unyank",
    "deprecate",
    "block",
    "co-sign",
    "advise",
    "audit",
    "registry",
    "doctor",
    "completions",
];

#[test]
fn every_command_has_help_on_stdout() {
    let person = Person::new();
    for command in COMMANDS {
        let ended = person.mpp(&[command, "--help"]);
        assert_eq!(ended.exit, 0, "{command}");
        assert!(ended.out.contains("Usage:") && ended.err.is_empty(), "{command}: {}", ended.out);
        assert!(ended.out.contains(&format!("Examples:\n  mpp {command}")), "{command}: {}", ended.out);
        assert!(ended.out.lines().all(|line| line.chars().count() <= 80), "{command}: {}", ended.out);
    }
}

#[test]
fn an_unknown_command_is_answered_with_a_suggestion() {
    let ended = Person::new().mpp(&["instal"]);
    assert_eq!(ended.exit, 2);
    assert!(ended.err.contains("install"), "{}", ended.err);
}

#[test]
fn usage_errors_are_json_when_json_is_asked_for() {
    assert_eq!(Person::new().refusal(&["instal"]), ("usage".to_owned(), 2));
    assert_eq!(Person::new().refusal(&["call", "not a name"]), ("usage".to_owned(), 2));
}

#[test]
fn a_folder_that_is_taken_for_a_tool_is_explained() {
    let person = Person::new();
    std::fs::create_dir(person.path("md")).unwrap();
    let ended = person.mpp(&["run", "md"]);
    assert_eq!(ended.exit, 4);
    assert!(ended.err.contains("help: a folder is written with a slash: mpp run md/"), "{}", ended.err);
}

#[test]
fn completions_name_every_command() {
    for shell in ["powershell", "elvish"] {
        let script = Person::new().mpp(&["completions", shell]).out;
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    // The scripts of these ask the program each time.
    for shell in ["bash", "zsh", "fish"] {
        assert!(Person::new().mpp(&["completions", shell]).out.contains(&format!("complete {shell} ")), "{shell}");
    }
    let offered = Person::new().mpp(&["complete", "bash", "--point", "4", "--seen", "", "--", "mpp "]).out;
    for command in COMMANDS {
        assert!(offered.lines().any(|line| line.trim_end() == *command), "{command} is not in {offered}");
    }
}

#[test]
fn an_error_names_its_code_and_what_to_type() {
    let ended = Person::new().mpp(&["call", "acme:md", "outline"]);
    assert_eq!(ended.exit, 3);
    assert!(ended.err.starts_with("error[package.not-installed]: "), "{}", ended.err);
    assert!(ended.err.contains("help: mpp install acme:md"), "{}", ended.err);
    assert!(ended.out.is_empty());
}

#[test]
fn files_that_are_no_packages_are_named() {
    let person = Person::new();
    person.write("empty.mpp", "");
    person.write("text.mpp", "hello");
    for command in ["verify", "inspect", "run"] {
        assert_eq!(person.refusal(&[command, "missing.mpp"]), ("io.failed".to_owned(), 6), "{command}");
        for file in ["empty.mpp", "text.mpp"] {
            let (code, exit) = person.refusal(&[command, file]);
            assert!(code == "pkg.magic" || code == "pkg.length", "{command} {file}: {code}");
            assert_eq!(exit, 4);
        }
    }
}

#[test]
fn a_damaged_home_is_named_and_left_as_it_is() {
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    std::fs::create_dir_all(person.home().join("config")).unwrap();
    person.write("home/config/trust.toml", "publishers = 7");
    assert_eq!(person.refusal(&["trust", "list"]), ("format.malformed".to_owned(), 3));
    let key = person.json(&["key", "show", "acme"])["public_key"].as_str().unwrap().to_owned();
    assert_eq!(person.refusal(&["trust", "add", "acme", &key]), ("format.malformed".to_owned(), 3));
    assert_eq!(person.read("home/config/trust.toml"), b"publishers = 7");
}

#[test]
fn keys_are_made_shown_given_out_and_taken_in() {
    let person = Person::new();
    let made = person.json(&["key", "new", "acme"]);
    assert_eq!(made["locked"], false);
    assert_eq!(person.json(&["key", "show", "acme"])["id"], made["id"]);
    assert_eq!(person.refusal(&["key", "new", "acme"]), ("key.exists".to_owned(), 3));
    assert_eq!(person.refusal(&["key", "new", "development"]), ("key.exists".to_owned(), 3));
    assert_eq!(person.refusal(&["key", "show", "other"]), ("key.not-found".to_owned(), 3));

    let exported = person.json(&["key", "export", "acme"])["key_file"].as_str().unwrap().to_owned();
    let other = Person::new();
    other.write("acme.key", exported);
    assert_eq!(other.json(&["key", "import", "acme", "acme.key"])["id"], made["id"]);
    other.write("broken.key", "untrusted comment: x\nnot base64\n");
    assert_eq!(other.refusal(&["key", "import", "broken", "broken.key"]), ("key.malformed".to_owned(), 3));
}

#[cfg(unix)]
#[test]
fn secret_keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    let path = person.home().join("data/keys/acme.key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::copy(&built_template().1, person.path("md.mpp")).unwrap();
    assert_eq!(person.refusal(&["sign", "md.mpp", "--key", "acme"]), ("key.permissions".to_owned(), 3));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    person.json(&["sign", "md.mpp", "--key", "acme"]);
}

#[test]
fn a_locked_key_needs_its_password() {
    let person = Person::new();
    let made = person.mpp_with(("MPP_KEY_PASSWORD", "correct horse"), &["--json", "key", "new", "release"]);
    assert!(made.out.contains("\"locked\":true"), "{} {}", made.out, made.err);
    let exported = person.json(&["key", "export", "release"])["key_file"].as_str().unwrap().to_owned();
    let other = Person::new();
    other.write("release.key", exported);
    assert_eq!(other.refusal(&["key", "import", "release", "release.key"]), ("key.password".to_owned(), 3));
    let wrong = other.mpp_with(("MPP_KEY_PASSWORD", "wrong"), &["--json", "key", "import", "release", "release.key"]);
    assert!(wrong.out.contains("key.password"), "{}", wrong.out);
    let right =
        other.mpp_with(("MPP_KEY_PASSWORD", "correct horse"), &["--json", "key", "import", "release", "release.key"]);
    assert_eq!(right.exit, 0, "{}", right.out);
}

#[test]
fn a_pinned_name_is_not_given_to_another_key() {
    let person = Person::new();
    for name in ["one", "two"] {
        person.json(&["key", "new", name]);
    }
    let key = |name: &str| person.json(&["key", "show", name])["public_key"].as_str().unwrap().to_owned();
    assert_eq!(person.json(&["trust", "add", "acme", &key("one")])["new"], true);
    assert_eq!(person.json(&["trust", "add", "acme", &key("one")])["new"], false);
    assert_eq!(person.refusal(&["trust", "add", "acme", &key("two")]), ("trust.exists".to_owned(), 3));
    assert_eq!(person.refusal(&["trust", "add", "bad", "RWnonsense"]), ("key.malformed".to_owned(), 3));
    person.json(&["trust", "remove", "acme"]);
    assert_eq!(person.json(&["trust", "list"])["trusted"], serde_json::json!([]));
}

#[test]
fn the_demo_needs_nothing_of_the_folder_that_it_is_started_in() {
    let newcomer = Person::new();
    let walked = newcomer.json(&["demo"]);
    let commands: Vec<&str> =
        walked["steps"].as_array().unwrap().iter().map(|step| step["command"].as_str().unwrap()).collect();
    assert_eq!(commands.first(), Some(&"mpp new md --namespace acme"));
    assert!(commands.contains(&"mpp call acme:md outline --text @README.md"), "{commands:?}");
    let refusal = &walked["steps"].as_array().unwrap().last().unwrap()["found"]["error"]["code"];
    assert_eq!(refusal, "pkg.manifest-mismatch", "{walked}");
}
