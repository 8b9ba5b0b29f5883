//! A root whose keys are in the hands of three people, each with a machine of their own.

use crate::support::Person;
use serde_json::{Value as Json, json};
use std::path::PathBuf;

/// Three people with a key each. The first one runs a registry; the others do not know it.
struct People {
    alice: Person,
    bob: Person,
    carol: Person,
}

impl People {
    fn new() -> Self {
        let people = Self { alice: Person::new(), bob: Person::new(), carol: Person::new() };
        people.alice.json(&["registry", "init", "registry.git"]);
        people.alice.json(&["registry", "add", "home", "registry.git"]);
        for person in people.all() {
            person.json(&["key", "new", "root"]);
        }
        people
    }

    fn all(&self) -> [&Person; 3] {
        [&self.alice, &self.bob, &self.carol]
    }

    /// Proposes a root that two of the three sign from then on.
    fn propose(&self) -> PathBuf {
        let keys = self.all().map(public_key);
        let keys: Vec<_> = keys.iter().flat_map(|key| ["--new-root-key", key]).collect();
        let words = ["registry", "rotate", "--propose", "root.json", "--root-threshold", "2"];
        self.alice.json(&[&words[..], &keys].concat());
        self.alice.path("root.json")
    }
}

fn public_key(person: &Person) -> String {
    person.json(&["key", "show", "root"])["public_key"].as_str().unwrap().to_owned()
}

/// One person gets the file, signs it and hands it on.
fn signed(person: &Person, file: &PathBuf) -> Json {
    let mine = person.path("mine.json");
    std::fs::copy(file, &mine).unwrap();
    let report = person.json(&["registry", "sign-root", "mine.json"]);
    std::fs::copy(&mine, file).unwrap();
    report
}

const PUBLISH: [&str; 4] = ["registry", "rotate", "--signed", "root.json"];

#[test]
fn a_root_is_signed_on_three_machines_and_published_by_one() {
    let people = People::new();
    let People { alice, bob, carol } = &people;
    let file = people.propose();
    let invalid = ("root.invalid".to_owned(), 4);
    assert_eq!(alice.refusal(&PUBLISH), invalid, "nobody signed");

    // Enough of the new keys, none of the old.
    let shown = bob.path("shown.json");
    std::fs::copy(&file, &shown).unwrap();
    let dry = bob.json(&["registry", "sign-root", "shown.json", "--dry-run"]);
    assert_eq!((&dry["known_as"], &dry["signed"]), (&json!(null), &json!([])));
    assert_eq!(dry["root_keys"]["added"].as_array().unwrap().len(), 3);
    assert_eq!(dry["root_keys"]["removed"].as_array().unwrap().len(), 1);
    assert_eq!(std::fs::read(&shown).unwrap(), std::fs::read(&file).unwrap());
    let by_bob = signed(bob, &file);
    assert_eq!(by_bob["fingerprint"], dry["fingerprint"]);
    assert_eq!(by_bob["by_own_keys"], json!({ "signed": 1, "threshold": 2 }));
    signed(carol, &file);
    assert_eq!(alice.refusal(&PUBLISH), invalid, "the old key did not sign");

    // The home that made the registry signs with the old key and with the new one of its person.
    let by_alice = signed(alice, &file);
    assert_eq!((&by_alice["known_as"], by_alice["added"].as_array().unwrap().len()), (&json!("home"), 2));
    assert_eq!(alice.json(&PUBLISH)["summary"], "Change to root 2");

    let user = Person::new();
    user.json(&["registry", "add", "home", alice.path("registry.git").to_str().unwrap()]);
    let head = user.json(&["registry", "head"]);
    assert_eq!(head["root"], 2);
    // The key that was alone enough is none any more.
    assert_eq!(alice.refusal(&["registry", "rotate", "--head-lifetime", "14"]), invalid);
    assert_eq!(alice.refusal(&PUBLISH), invalid, "an old version is not published again");
    let again = alice.refusal(&["registry", "sign-root", "root.json"]);
    assert_eq!(again, invalid, "nor signed, where the registry is known");

    // The next one needs two people, whoever they are.
    alice.json(&["registry", "rotate", "--propose", "root.json", "--head-lifetime", "14"]);
    signed(carol, &file);
    assert_eq!(alice.refusal(&PUBLISH), invalid, "one of two signed");
    signed(bob, &file);
    alice.json(&PUBLISH);
    assert_eq!(user.json(&["registry", "head"])["root"], 3);
}

#[test]
fn who_holds_no_root_key_and_what_was_changed_are_refused() {
    let people = People::new();
    let file = people.propose();
    let stranger = Person::new();
    stranger.json(&["key", "new", "root"]);
    let sign = ["registry", "sign-root", file.to_str().unwrap()];
    assert_eq!(stranger.refusal(&sign), ("registry.no-root-key".to_owned(), 3));
    let named = stranger.refusal(&[&sign[..], &["--root-key", "root"]].concat());
    assert_eq!(named.0, "registry.no-root-key");
    assert_eq!(stranger.refusal(&["registry", "sign-root", "nowhere.json"]).0, "io.failed");

    signed(&people.bob, &file);
    let whole = std::fs::read_to_string(&file).unwrap();
    let raised = whole.replacen(r#"\"threshold\":2"#, r#"\"threshold\":1"#, 1);
    assert_ne!(raised, whole);
    std::fs::write(&file, raised).unwrap();
    assert_eq!(people.carol.refusal(&sign).0, "sig.invalid");
    assert_eq!(people.alice.refusal(&PUBLISH).0, "sig.invalid");
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(people.carol.refusal(&sign).0, "index.malformed");

    // What is shown to a person is what is signed.
    std::fs::write(&file, &whole).unwrap();
    let shown = people.carol.mpp(&[&sign[..], &["--dry-run"]].concat());
    assert!(shown.out.contains("root keys 2 of 3 must sign (before: 1)"), "{shown:?}");
    assert!(shown.out.contains(&format!("+ {}", public_key(&people.carol))), "{shown:?}");
    assert!(shown.err.contains("compare the sha-256"), "{shown:?}");
    let both = ["registry", "rotate", "--propose", "a.json", "--signed", "root.json"];
    assert_eq!(people.alice.refusal(&both).0, "usage");
}

#[test]
fn a_recovery_travels_as_a_file_too() {
    let people = People::new();
    let People { alice, bob, .. } = &people;
    let good = String::from_utf8(alice.read("registry.git/refs/heads/main")).unwrap().trim().to_owned();
    alice.json(&["registry", "config", "--blobs", "https://thief.example/{digest}"]);
    alice.json(&["key", "new", "head2"]);
    let head2 = alice.json(&["key", "show", "head2"])["public_key"].as_str().unwrap().to_owned();
    let propose = ["registry", "rotate", "--propose", "root.json", "--recover", &good, "--new-head-key", &head2];
    assert_eq!(alice.json(&propose)["resume"]["length"], 2);
    let file = alice.path("root.json");
    let shown = bob.mpp(&["registry", "sign-root", "--dry-run", file.to_str().unwrap()]);
    assert!(shown.out.contains("drops     every record after the first 2"), "{shown:?}");
    signed(alice, &file);
    let publish = [&PUBLISH[..], &["--head-key", "head2"]].concat();
    assert_eq!(alice.refusal(&publish).0, "root.invalid");
    let published = alice.json(&[&publish[..], &["--recover", &good]].concat());
    assert_eq!(published["summary"], "Recover under root 2");
    assert_eq!(alice.json(&["registry", "config"])["blobs"]["type"], "git-refs");
}
