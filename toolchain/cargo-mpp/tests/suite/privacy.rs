//! The privacy filter from the command line: masked text byte for byte, a report beside it, and the policy that decides (PRIV-20 and following).

use crate::support::Person;
use serde_json::json;
use std::fs;

fn write(person: &Person, name: &str, bytes: &[u8]) {
    person.write(name, bytes);
}

#[test]
fn a_file_is_masked_byte_for_byte_and_the_report_stands_beside_it() {
    let person = Person::new();
    write(&person, "a.txt", b"to ada@example.org\r\nand ada@example.org from 192.0.2.44");
    let said = person.mpp(&["redact", "a.txt"]);
    assert_eq!(said.out, "to [EMAIL#1]\r\nand [EMAIL#1] from [IP#1]");
    assert_eq!(said.err, "masked: email 2, ip 1\n");
    let report = person.json(&["redact", "a.txt"]);
    assert_eq!(report["text"], json!("to [EMAIL#1]\r\nand [EMAIL#1] from [IP#1]"));
    assert_eq!(report["report"], json!({ "bytes": 55, "masked": { "email": 2, "ip": 1 }, "reported": {} }));
    assert_eq!(person.refusal(&["redact", "gone.txt"]).0, "io.failed");
}

#[test]
fn the_policy_decides_what_is_looked_for() {
    let person = Person::new();
    write(&person, "a.txt", b"E-004711 wrote to ada@example.org");
    let config = person.home().join("config");
    fs::create_dir_all(&config).expect("a folder");
    let policy = |text: &str| fs::write(config.join("policy.toml"), text).expect("a file is written");
    policy(
        "[privacy.modes]\nlog = { email = \"block\" }\nresult = { all = \"report\" }\n[privacy.patterns]\nSTAFF-ID = '\\bE-[0-9]{6}\\b'\n",
    );
    assert_eq!(person.refusal(&["redact", "a.txt", "--as", "log"]).0, "pii.blocked");
    let report = person.json(&["redact", "a.txt"]);
    assert_eq!(report["text"], json!("E-004711 wrote to ada@example.org"));
    assert_eq!(report["report"]["reported"], json!({ "custom": 1, "email": 1 }));
    assert_eq!(person.mpp(&["redact", "a.txt", "--as", "error"]).out, "[STAFF-ID#1] wrote to [EMAIL#1]");
    for wrong in [
        "[privacy.modes]\nup = { all = \"mask\" }",
        "[privacy.modes]\nlog = { mails = \"mask\" }",
        "[privacy.patterns]\nA = 'a*'",
    ] {
        policy(wrong);
        assert_eq!(person.refusal(&["policy", "check"]).0, "format.malformed", "{wrong}");
        assert_eq!(person.refusal(&["redact", "a.txt"]).0, "format.malformed", "{wrong}");
    }
}

#[test]
fn labelled_sentences_give_precision_and_recall_of_each_kind() {
    let person = Person::new();
    let sentences = [
        r#"{"text": "ask ada@example.org", "spans": [{"kind": "email", "start": 4, "end": 19}]}"#,
        r#"{"full_text": "from 192.0.2.44", "spans": [{"entity_type": "PHONE_NUMBER", "start_position": 5, "end_position": 15}]}"#,
    ];
    write(&person, "s.jsonl", sentences.join("\n").as_bytes());
    let report = person.json(&["privacy", "test", "s.jsonl"]);
    assert_eq!((&report["texts"], &report["mistakes_total"]), (&json!(2), &json!(2)));
    let email = json!({ "kind": "email", "found": 1, "missed": 0, "wrong": 0, "recall": 1.0, "precision": 1.0 });
    assert!(report["kinds"].as_array().expect("kinds").contains(&email), "{report}");
    write(&person, "s.jsonl", b"{\"spans\": []}");
    assert_eq!(person.refusal(&["privacy", "test", "s.jsonl"]).0, "format.malformed");
}
