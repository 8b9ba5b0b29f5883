//! Package files that came from no registry: whoever signed the first one stays the one who does.

use crate::support::{Person, built_template};
use serde_json::json;

const RUN: [&str; 2] = ["outline", r##"{"text": "# Hi"}"##];

/// Somebody who signs acme:md with a key of their own, and that key.
fn publisher() -> (Person, String) {
    let person = Person::new();
    std::fs::copy(&built_template().1, person.path("md.mpp")).unwrap();
    let key = person.json(&["key", "new", "acme"])["public_key"].as_str().unwrap().to_owned();
    person.json(&["sign", "md.mpp", "--key", "acme"]);
    (person, key)
}

/// SIG-39.
#[test]
fn sig_39_another_key_than_that_of_the_first_use_is_refused() {
    let ((acme, acme_key), (other, other_key)) = (publisher(), publisher());
    let (ours, theirs) = (acme.path("md.mpp"), other.path("md.mpp"));
    let (ours, theirs) = (ours.to_str().unwrap(), theirs.to_str().unwrap());
    let user = Person::new();
    let run = |file| [&["run", file][..], &RUN].concat();
    let changed = ("trust.changed".to_owned(), 3);
    user.json(&["trust", "add", "acme", &acme_key]);
    user.json(&["trust", "add", "other", &other_key]);
    // To look at it is no use of it.
    user.json(&["verify", theirs]);
    user.json(&run(ours));
    user.json(&run(ours));
    let first = user.json(&["trust", "list"])["first_uses"]["acme:md"].clone();
    assert_eq!(first, json!([user.json(&["verify", ours])["signers"][0]["key"]]));

    // Another publisher that is trusted for its own packages has no say in this one, and a stranger has none either.
    assert_eq!(user.refusal(&run(theirs)), changed);
    assert_eq!(user.refusal(&["verify", theirs]), changed);
    assert_eq!(user.refusal(&["grant", theirs, "--dry-run"]), changed);
    user.json(&["verify", theirs, "--key", &other_key]);
    user.json(&["trust", "remove", "other"]);
    assert_eq!(user.refusal(&run(theirs)), changed);
    assert_eq!(user.refusal(&["verify", theirs]), changed);
    user.json(&run(ours));

    let told = user.mpp(&run(theirs)).err;
    assert!(told.contains("mpp trust forget acme:md"), "{told}");
    user.json(&["trust", "forget", "acme:md"]);
    assert_eq!(user.refusal(&["trust", "forget", "acme:md"]).0, "key.not-found");
    assert_eq!(user.refusal(&run(theirs)).0, "trust.unknown-key");
    user.json(&["trust", "add", "other", &other_key]);
    user.json(&run(theirs));
    assert_eq!(user.refusal(&run(ours)), changed);

    // Who is not trusted any more was not the first either.
    user.json(&["trust", "remove", "other"]);
    user.json(&run(ours));
}

#[test]
fn sig_39_a_key_is_followed_through_a_file_that_both_signed_and_own_keys_are_free() {
    let ((acme, acme_key), (other, other_key)) = (publisher(), publisher());
    let file = acme.path("md.mpp");
    let file = file.to_str().unwrap();
    let user = Person::new();
    let run = |file| [&["run", file][..], &RUN].concat();
    user.json(&["trust", "add", "acme", &acme_key]);
    user.json(&["trust", "add", "other", &other_key]);
    user.json(&run(file));
    other.json(&["sign", file, "--key", "acme"]);
    user.json(&run(file));

    // What somebody signs for themselves is a decision of their own.
    let (mine, _) = publisher();
    mine.json(&run("md.mpp"));
    assert_eq!(mine.json(&["trust", "list"])["first_uses"], json!({}));
    mine.json(&["trust", "add", "other", &other_key]);
    let theirs = other.path("md.mpp");
    mine.json(&run(theirs.to_str().unwrap()));
    mine.json(&run("md.mpp"));
}
