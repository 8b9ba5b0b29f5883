//! `mpp connect` and what `mpp doctor` says of it: one entry in the settings of each client, and nothing else. Rules MCP-30 to MCP-33.

use crate::support::Person;
use serde_json::{Value as Json, json};
use std::{fs, process::Stdio};

const CLIENTS: [(&str, &str); 8] = [
    ("claude-code", ".claude.json"),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json"),
    ("codex", ".codex/config.toml"),
    ("gemini-cli", ".gemini/settings.json"),
    ("vscode", ".config/Code/User/mcp.json"),
    ("cursor", ".cursor/mcp.json"),
    ("zed", ".config/zed/settings.json"),
    ("goose", ".config/goose/config.yaml"),
];

/// Runs `mpp --json` for somebody whose settings are below their own folder, and gives what it printed.
fn run(person: &Person, words: &[&str]) -> Json {
    let mut command = person.program(env!("CARGO_BIN_EXE_mpp"), &[&["--json"], words].concat());
    command.env("HOME", person.folder());
    for variable in ["XDG_CONFIG_HOME", "CODEX_HOME", "CLAUDE_CONFIG_DIR"] {
        command.env_remove(variable);
    }
    let output = command.stdin(Stdio::null()).output().expect("mpp starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("mpp {words:?}: {output:?}"))
}

fn doctor(person: &Person, what: &str) -> Json {
    let report = run(person, &["doctor"]);
    let checks = report["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["what"] == what).unwrap_or_else(|| panic!("no `{what}`: {checks:?}")).clone()
}

#[cfg(target_os = "linux")]
#[test]
fn each_client_can_start_what_it_was_told_to() {
    let person = Person::new();
    assert_eq!(doctor(&person, "clients")["help"], "mpp connect CLIENT");
    for (client, file) in CLIENTS {
        let report = run(&person, &["connect", client, "--tools", "acme:md"]);
        assert_eq!(report["change"], "made", "{report}");
        let place = person.path(file).canonicalize().expect("it was made");
        assert_eq!(report["file"], place.display().to_string());
        let text = fs::read_to_string(&place).expect("it can be read");
        assert_eq!(report["entry"], text, "what is shown is what was written");
        assert!(text.contains("acme:md/*") && text.contains("MPP_HOME"), "{text}");
        assert_eq!(run(&person, &["connect", client, "--tools", "acme:md"])["change"], "none");
        assert_eq!(run(&person, &["connect", client])["change"], "replaced");
        let check = doctor(&person, &format!("client {client}"));
        assert_eq!(check["state"], "good", "{check}");
        assert!(check["found"].as_str().unwrap_or_default().ends_with("starts, and is offered 0 tools"), "{check}");
        assert_eq!(run(&person, &["connect", client, "--remove"])["change"], "removed");
        assert_eq!(run(&person, &["connect", client, "--remove"])["change"], "none");
    }
}

/// Settings as somebody has them, and as they are with us in them.
#[test]
fn the_rest_of_the_settings_stays_as_it_is() {
    let person = Person::new();
    let before = "{\n  // mine\n  \"mcpServers\": {\n    \"other\": { \"command\": \"x\", \"env\": {\"KEY\": \"s3cret\"} }\n  }\n}\n";
    person.write("settings.json", before);
    let report = run(&person, &["connect", "cursor", "--file", "settings.json"]);
    assert_eq!((&report["change"], &report["line"]), (&json!("added"), &json!(4)));
    assert!(!report.to_string().contains("s3cret"), "nothing else is shown: {report}");
    let with = String::from_utf8(person.read("settings.json")).expect("text");
    let added = report["added"].as_str().expect("a text");
    assert_eq!(with.replacen(added, "", 1), before);
    run(&person, &["connect", "cursor", "--file", "settings.json", "--remove"]);
    assert_eq!(person.read("settings.json"), before.as_bytes());

    let printed = run(&person, &["connect", "cursor", "--file", "none.json", "--print"]);
    assert_eq!(printed["change"], "printed");
    assert!(!person.path("none.json").exists());
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let person = Person::new();
    for (text, code) in [
        (r#"{"mcpServers": {"mpp": {"command": "npx", "args": ["mpp"]}}}"#, "client.taken"),
        (r#"{"mcpServers": {"mpp": {"url": "http://localhost"}}}"#, "client.taken"),
        (r#"{"mcpServers": []}"#, "client.settings"),
        (r#"{"mcpServers": {}"#, "client.settings"),
    ] {
        person.write("settings.json", text);
        for words in [
            &["connect", "cursor", "--file", "settings.json"][..],
            &["connect", "cursor", "--file", "settings.json", "--remove"],
        ] {
            assert_eq!(person.refusal(words), (code.to_owned(), 3), "{text}");
            assert_eq!(person.read("settings.json"), text.as_bytes());
        }
    }
    person.write("settings.json", b"{\"a\": \"\xff\"}");
    assert_eq!(person.refusal(&["connect", "cursor", "--file", "settings.json"]).0, "client.settings");
    assert_eq!(person.refusal(&["connect", "emacs"]).0, "usage");
}

#[cfg(unix)]
#[test]
fn a_link_stays_one_and_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let person = Person::new();
    person.write("real.toml", "model = 'x'\n");
    fs::set_permissions(person.path("real.toml"), fs::Permissions::from_mode(0o640)).expect("it is ours");
    std::os::unix::fs::symlink(person.path("real.toml"), person.path("config.toml")).expect("a link");
    run(&person, &["connect", "codex", "--file", "config.toml"]);
    assert!(person.path("config.toml").is_symlink());
    let real = person.path("real.toml");
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&real).expect("text").starts_with("model = 'x'\n\n[mcp_servers.mpp]\ncommand = "));
}

#[cfg(target_os = "linux")]
#[test]
fn doctor_finds_a_client_that_cannot_start_us() {
    let person = Person::new();
    person.write(".claude.json", r#"{"mcpServers": {"mpp": {"command": "/nowhere/mpp", "args": ["serve"]}}}"#);
    let check = doctor(&person, "client claude-code");
    assert_eq!((&check["state"], &check["help"]), (&json!("bad"), &json!("mpp connect claude-code")));
    run(&person, &["connect", "claude-code"]);
    assert_eq!(doctor(&person, "client claude-code")["state"], "good");
    // Something that ends at once, and something that says other things than messages.
    for program in ["#!/bin/sh\n", "#!/bin/sh\necho hello\ncat > /dev/null\n"] {
        person.write("mpp", program);
        let path = person.path("mpp");
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
        let entry = json!({"mcpServers": {"mpp": {"command": path, "args": ["serve"]}}});
        person.write(".claude.json", entry.to_string());
        assert_eq!(doctor(&person, "client claude-code")["state"], "bad");
    }
}
