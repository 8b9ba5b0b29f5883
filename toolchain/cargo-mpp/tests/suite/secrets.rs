//! `mpp secret`: values come from stdin, are kept, and are never shown again.

use crate::support::Person;
use serde_json::json;

const VALUE: &str = "s3cr3t-t0ken";

#[test]
fn a_secret_is_stored_listed_and_removed_and_never_shown() {
    let person = Person::new();
    let stored =
        person.mpp_with_input(&["--json", "secret", "set", "acme:issues", "token", "-"], &format!("{VALUE}\n"));
    assert_eq!(stored.exit, 0, "{stored:?}");
    let stored_json: serde_json::Value = serde_json::from_str(&stored.out).expect("JSON");
    assert_eq!(stored_json, json!({ "package": "acme:issues", "secret": "token", "place": "file" }));
    let listed = person.json(&["secret", "list"]);
    assert_eq!(listed["secrets"], json!([{ "package": "acme:issues", "secret": "token", "place": "file" }]));
    assert_eq!(person.json(&["secret", "list", "acme:other"])["secrets"], json!([]));
    let shown = person.mpp(&["secret", "list"]);
    assert!(shown.out.contains("acme:issues") && shown.out.contains("not encrypted"), "{shown:?}");
    for ended in [&stored, &shown] {
        assert!(!ended.out.contains(VALUE) && !ended.err.contains(VALUE), "{ended:?}");
    }
    let kept = std::fs::read_to_string(person.home().join("data/secrets.json")).expect("a file");
    assert!(kept.contains(&format!("\"{VALUE}\"")), "the line end is not part of it");
    person.json(&["secret", "remove", "acme:issues", "token"]);
    assert_eq!(person.refusal(&["secret", "remove", "acme:issues", "token"]).0, "secret.missing");
}

#[test]
fn a_value_is_never_an_argument_and_never_guessed() {
    let person = Person::new();
    assert_eq!(person.refusal(&["secret", "set", "acme:issues", "token", VALUE]), ("usage".to_owned(), 2));
    assert_eq!(person.refusal(&["secret", "set", "acme:issues", "token"]).0, "usage");
    assert_eq!(person.refusal(&["secret", "set", "acme:issues", "token", "-"]).0, "usage");
    let two_lines = person.mpp_with_input(&["secret", "set", "acme:issues", "token", "-"], "s3cr3t\nmore");
    assert!(two_lines.exit != 0 && !two_lines.err.contains("s3cr3t"), "{two_lines:?}");
    assert_eq!(person.json(&["secret", "list"])["secrets"], json!([]));
}

#[test]
fn the_doctor_says_where_secrets_are_kept() {
    let person = Person::new();
    let found = |ended: crate::support::Ended| {
        let json: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
        let checks = json["checks"].as_array().expect("checks").clone();
        let check = checks.into_iter().find(|check| check["what"] == "secrets").expect("a check of secrets");
        check["found"].as_str().expect("words").to_owned()
    };
    assert!(found(person.mpp(&["--json", "doctor"])).contains("not encrypted"));
    let sealed = person.mpp_with(("MPP_SECRETS_PASSWORD", "password"), &["--json", "doctor"]);
    assert!(found(sealed).contains("sealed"));
}

#[test]
fn the_program_looks_secrets_up_for_another_one() {
    let person = Person::new();
    person.mpp_with_input(&["secret", "set", "acme:issues", "token", "-"], VALUE);
    let folder = |name: &str| person.home().join(name);
    let question = json!({
        "config": folder("config"), "data": folder("data"), "cache": folder("cache"), "bus": null, "password": null,
        "package": "acme:issues", "names": ["token"]
    });
    let answer = person.mpp_with_input(&["internal-secrets"], &question.to_string());
    assert_eq!((answer.exit, answer.out), (0, json!([{ "Ok": VALUE }]).to_string()));
    assert_ne!(person.mpp_with_input(&["internal-secrets"], "{}").exit, 0);
}
