//! The privacy filter from the command line: masked text byte for byte, a report beside it, and the policy that decides (PRIV-20 and following).

use crate::{
    serve::Agent,
    support::{Person, built_template},
};
use serde_json::{Value as Json, json};
use std::{fs, path::PathBuf, sync::OnceLock};

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

/// The filter of the template, built once and signed by nobody that anyone else knows.
fn built_filter() -> &'static (Person, PathBuf) {
    static BUILT: OnceLock<(Person, PathBuf)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let author = Person::new();
        author.json(&["new", "numbers", "--namespace", "acme", "--template", "filter"]);
        let built = author.json(&["build", "numbers", "--offline", "--locked"]);
        let kept = author.path("numbers.mpp");
        fs::copy(built["packages"][0]["file"].as_str().expect("a path"), &kept).expect("the package was built");
        (author, kept)
    })
}

const NUMBER: &str = "CN-27182812";

/// Somebody who published a tool and the filter, and installed them.
fn with_filter() -> Person {
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    for (name, file) in [("md.mpp", &built_template().1), ("numbers.mpp", &built_filter().1)] {
        fs::copy(file, person.path(name)).expect("the package was built");
        person.json(&["sign", name, "--key", "acme"]);
        person.json(&["publish", name, "--key", "acme"]);
    }
    person.json(&["install", "acme:md"]);
    person.json(&["install", "acme:numbers"]);
    person
}

fn policy(person: &Person, text: &str) {
    fs::create_dir_all(person.home().join("config")).expect("a folder");
    person.write("home/config/policy.toml", text);
}

const ASKED: &str = "[privacy.filters]\nCUSTOMER = \"acme:numbers\"\n";

fn plain_text(text: &str) -> String {
    json!({ "text": text }).to_string()
}

#[test]
fn the_filter_of_the_template_is_built_and_asked_by_its_author() {
    // PRIV-66
    let (author, file) = built_filter();
    let file = file.to_str().expect("text");
    author.write("a.txt", format!("{NUMBER}, CN-27182813 and ada@example.org"));
    assert_eq!(author.mpp(&["redact", "a.txt"]).out, format!("{NUMBER}, CN-27182813 and [EMAIL#1]"));
    let said = author.mpp(&["redact", "a.txt", "--filter", file]);
    assert_eq!(said.out, "[NUMBERS#1], CN-27182813 and [EMAIL#1]", "{said:?}");
    let sentence = format!(r#"{{"text": "{NUMBER}", "spans": [{{"kind": "custom", "start": 0, "end": 11}}]}}"#);
    author.write("s.jsonl", sentence);
    assert_eq!(author.json(&["privacy", "test", "s.jsonl"])["mistakes_total"], 1);
    assert_eq!(author.json(&["privacy", "test", "s.jsonl", "--filter", file])["mistakes_total"], 0);
    // It is no tool, and a tool is no filter.
    assert_eq!(author.refusal(&["run", file, "detect", r#"{"texts": []}"#]).0, "pkg.kind");
    let tool = built_template().1.to_str().expect("text");
    let stranger = author.refusal(&["redact", "a.txt", "--filter", tool]);
    assert_eq!(stranger.0, "trust.dev-key");
}

#[test]
fn a_filter_that_the_policy_names_is_asked_in_every_call() {
    // PRIV-64, PRIV-33
    let person = with_filter();
    let words = ["call", "acme:md", "plain-text", &plain_text(NUMBER)];
    let answer = person.json(&words);
    assert!(answer["result"].to_string().contains(NUMBER) && answer.get("privacy").is_none(), "{answer}");

    policy(&person, ASKED);
    person.json(&["policy", "check"]);
    let answer = person.json(&words);
    assert!(answer["result"].to_string().contains("[CUSTOMER#1]"), "{answer}");
    let found = json!({ "masked": { "custom": 1 }, "reported": {}, "blocked": 0, "opened": false });
    assert_eq!(answer["privacy"], found);
    let said = person.mpp(&words);
    assert!(said.err.contains("privacy: masked custom 1\n") && !said.err.contains(NUMBER), "{said:?}");

    policy(&person, &format!("{ASKED}[privacy.modes]\nresult = {{ custom = \"block\" }}\n"));
    assert_eq!(person.refusal(&words).0, "pii.blocked");

    // What cannot be asked is not passed over.
    for (package, code) in [("acme:md", "pkg.kind"), ("acme:gone", "package.not-installed")] {
        policy(&person, &format!("[privacy.filters]\nCUSTOMER = \"{package}\"\n"));
        assert_eq!(person.refusal(&["policy", "check"]).0, code);
        assert_eq!(person.refusal(&words).0, code);
    }
    policy(&person, "[privacy.filters]\nlower = \"acme:numbers\"\n");
    assert_eq!(person.refusal(&words).0, "format.malformed");
}

#[test]
fn a_session_follows_the_policy_without_a_restart() {
    // PRIV-65
    let person = with_filter();
    let mut agent = Agent::start(&person, &[]);
    assert!(!agent.names().iter().any(|name| name.contains("detect")), "{:?}", agent.names());
    let mut call = || {
        let arguments = json!({ "text": format!("{NUMBER} ada@example.org") });
        agent.ask("tools/call", &json!({ "name": "md_plain_text", "arguments": arguments }))
    };
    let text = |answer: &Json| answer["content"][0]["text"].as_str().unwrap_or_default().trim().to_owned();
    let answer = call();
    assert_eq!(text(&answer), format!("{NUMBER} [EMAIL#1]"));
    let found = json!({ "masked": { "email": 1 }, "reported": {}, "blocked": 0, "opened": false });
    assert_eq!(answer["_meta"]["dev.mpp/privacy"], found);
    policy(&person, ASKED);
    assert_eq!(text(&call()), "[CUSTOMER#1] [EMAIL#1]");
    policy(&person, "[privacy.modes]\nresult = { email = \"off\" }\n");
    let answer = call();
    assert_eq!((text(&answer), answer["_meta"].get("dev.mpp/privacy")), (format!("{NUMBER} ada@example.org"), None));
    policy(&person, "[privacy.modes]\nresult = { mails = \"off\" }\n");
    assert!(text(&call()).starts_with("format.malformed"));
}
