//! What happens after publishing: notices, owners, keys and roots, from the command line.

use crate::support::{Person, built_template};
use serde_json::json;

const TEXT: &str = r##"{"text": "# Hi"}"##;

/// An author who runs a registry with `acme:md` in it, and a user who installed it.
fn installed() -> (Person, Person) {
    let (_, file) = built_template();
    let author = Person::new();
    author.json(&["key", "new", "acme"]);
    std::fs::copy(file, author.path("md.mpp")).unwrap();
    author.json(&["sign", "md.mpp", "--key", "acme"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let user = user_of(&author);
    user.json(&["install", "acme:md"]);
    (author, user)
}

/// Somebody who knows the registry of this author.
fn user_of(author: &Person) -> Person {
    let user = Person::new();
    user.json(&["registry", "add", "home", author.path("registry.git").to_str().unwrap()]);
    user
}

fn public_key(person: &Person, name: &str) -> String {
    person.json(&["key", "show", name])["public_key"].as_str().unwrap().to_owned()
}

/// What an audit finds, and how it ends.
fn audit(person: &Person) -> (Vec<(String, String)>, i32) {
    let ended = person.mpp(&["--json", "audit"]);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{ended:?}"));
    (findings.iter().map(|finding| (text(&finding["what"]), text(&finding["reason"]))).collect(), ended.exit)
}

#[test]
fn a_yanked_version_stays_where_it_is_locked() {
    let (author, user) = installed();
    user.write("mpp-tools.toml", "[tools]\n\"acme:md\" = \"0.1\"\n");
    user.json(&["install"]);
    let yanked = author.json(&["yank", "acme:md@0.1.0", "--reason", "it loses headings"]);
    assert_eq!((yanked["changed"].clone(), yanked["summary"].clone()), (json!(true), json!("Yank acme:md@0.1.0")));
    assert_eq!(author.json(&["yank", "acme:md@0.1.0", "--reason", "again"])["changed"], false);

    assert_eq!(user_of(&author).refusal(&["install", "acme:md"]), ("package.not-found".to_owned(), 3));
    let remarks = user.json(&["install", "--locked"])["installed"][0]["remarks"].to_string();
    assert!(remarks.contains("was yanked") && remarks.contains("it loses headings"), "{remarks}");
    user.json(&["call", "acme:md", "outline", TEXT]);
    assert_eq!(audit(&user), (vec![("yanked".to_owned(), "it loses headings".to_owned())], 0));
    let info = user.json(&["info", "acme:md"]);
    assert_eq!(info["releases"][0]["notices"][0]["reason"], "it loses headings");

    author.json(&["unyank", "acme:md@0.1.0", "--reason", "it was the reader"]);
    user_of(&author).json(&["install", "acme:md"]);
    assert_eq!(audit(&user), (vec![], 0));
}

#[test]
fn a_blocked_package_does_not_run_once_its_host_has_heard_of_it() {
    let (author, user) = installed();
    user.write("mpp-tools.toml", "[tools]\n\"acme:md\" = \"0.1\"\n");
    user.json(&["install"]);
    author.json(&["block", "acme:md@0.1.0", "--as-registry", "--reason", "malware"]);
    user.json(&["call", "acme:md", "outline", TEXT]);
    assert_eq!(audit(&user), (vec![("blocked".to_owned(), "malware".to_owned())], 3));
    let blocked = ("pkg.blocked".to_owned(), 3);
    assert_eq!(user.refusal(&["call", "acme:md", "outline", TEXT]), blocked);
    let record = user.json(&["list"])["packages"][0]["file"].as_str().unwrap().to_owned();
    let copy = format!("home/data/packages/{record}.mpp");
    user.json(&["trust", "add", "acme", &public_key(&author, "acme")]);
    assert_eq!(user.refusal(&["run", &copy, "outline", TEXT]), blocked);
    for words in [&["install", "acme:md"][..], &["install"], &["install", "--locked"]] {
        assert_eq!(user.refusal(words), blocked, "{words:?}");
    }
    user.json(&["uninstall", "acme:md"]);
    assert_eq!(user.refusal(&["run", &copy, "outline", TEXT]).0, "io.failed");

    // Nobody makes it run by spoiling what the host remembers.
    let (_, other) = installed();
    let digest = other.json(&["list"])["packages"][0]["digest"].as_str().unwrap().to_owned();
    std::fs::create_dir_all(other.path("home/data/blocked")).unwrap();
    other.write(&format!("home/data/blocked/{digest}.json"), "");
    assert_eq!(other.refusal(&["call", "acme:md", "outline", TEXT]).0, "format.malformed");
}

#[test]
fn notices_need_a_version_a_reason_and_a_right() {
    let (author, user) = installed();
    let usage = ("usage".to_owned(), 2);
    assert_eq!(author.refusal(&["yank", "acme:md@0.1.0"]), usage);
    assert_eq!(author.refusal(&["yank", "acme:md", "--reason", "x"]), usage);
    assert_eq!(author.refusal(&["yank", "acme:md@0.1.0", "--reason", "a\u{202e}b"]), usage);
    assert_eq!(author.refusal(&["yank", "acme:md@9.9.9", "--reason", "x"]).0, "package.not-found");
    assert_eq!(user.refusal(&["yank", "acme:md@0.1.0", "--reason", "x"]).0, "key.not-found");
    user.json(&["key", "new", "mine"]);
    assert_eq!(user.refusal(&["yank", "acme:md@0.1.0", "--reason", "x"]).0, "registry.no-head-key");
    author.json(&["key", "new", "other"]);
    let by_other = ["yank", "acme:md@0.1.0", "--reason", "x", "--key", "other"];
    assert_eq!(author.refusal(&by_other), ("trust.namespace".to_owned(), 4));
}

#[test]
fn advisories_are_read_by_those_whom_they_concern() {
    let (author, user) = installed();
    author.json(&["deprecate", "acme:md@0.1.0", "--reason", "use acme:markdown"]);
    let advise = |versions: &str, severity: &str| {
        let words = ["advise", "acme:md", "--id", "ACME-1", "--text", "It can hang.", "--fixed-in", "0.2.0"];
        author.json(&[&words[..], &["--versions", versions, "--severity", severity]].concat());
    };
    advise(">=0.2", "high");
    let deprecated = ("deprecated".to_owned(), "use acme:markdown".to_owned());
    assert_eq!(audit(&user), (vec![deprecated.clone()], 0));
    advise("<0.2", "high");
    assert_eq!(audit(&user).0, [("advisory".to_owned(), "It can hang.".to_owned()), deprecated.clone()]);
    let human = user.mpp(&["audit"]);
    assert!(human.out.contains("ACME-1 (high)") && human.out.contains("fixed in 0.2.0"), "{human:?}");
    advise("<0.2", "withdrawn");
    assert_eq!(audit(&user).0, [deprecated]);
    author.json(&["co-sign", "acme:md@0.1.0", "--key", "acme"]);
    let info = user.json(&["info", "acme:md"]);
    assert_eq!(info["releases"][0]["co_signers"].as_array().unwrap().len(), 1);
}

#[test]
fn a_namespace_changes_hands() {
    let (author, user) = installed();
    author.json(&["key", "new", "second"]);
    author.json(&["key", "new", "third"]);
    let key = |name: &str| public_key(&author, name);
    author.json(&["owner", "add", "acme", &key("second"), "--key", "acme"]);
    let owners = |person: &Person| {
        let records = person.json(&["owner", "list", "acme"])["records"].clone();
        records.as_array().unwrap().last().unwrap()["owners"].as_array().unwrap().len()
    };
    assert_eq!(owners(&user), 2);
    author.json(&["owner", "remove", "acme", &key("acme"), "--key", "second"]);
    assert_eq!(owners(&user), 1);
    let yank = |by: &str| ["yank", "acme:md@0.1.0", "--reason", "x", "--key", by].map(str::to_owned);
    let refused = |by: &str| author.refusal(&yank(by).each_ref().map(String::as_str)).0;
    assert_eq!(refused("acme"), "trust.namespace");
    let gone = author.refusal(&["owner", "remove", "acme", &key("acme"), "--key", "second"]);
    assert_eq!(gone.0, "key.not-found");
    let alone = ["owner", "transfer", "acme", &key("third"), "--key", "second"];
    assert_eq!(author.refusal(&alone).0, "trust.namespace");
    author.json(&[&alone[..], &["--key", "third"]].concat());
    author.json(&["key", "new", "fourth"]);
    author.json(&["key", "rotate", "third", "fourth"]);
    assert_eq!(author.refusal(&["key", "rotate", "third", "fourth"]).0, "key.not-found");
    // What the first owner signed is still what it was.
    user_of(&author).json(&["install", "acme:md"]);
    user.json(&["call", "acme:md", "outline", TEXT]);

    author.json(&["key", "revoke", "fourth", "--reason", "the laptop was stolen"]);
    assert_eq!(refused("fourth"), "key.revoked");
    user_of(&author).json(&["install", "acme:md"]);
}

#[test]
fn a_pinned_namespace_is_not_given_away() {
    let (author, user) = installed();
    let pinned = user.json(&["trust", "pin", "acme"]);
    assert_eq!(pinned["pin"]["public_key"], public_key(&author, "acme"));
    assert_eq!(user.json(&["trust", "pin", "acme"])["new"], false);
    author.json(&["key", "new", "second"]);
    let second = public_key(&author, "second");
    assert_eq!(user.refusal(&["trust", "pin", "acme", &second]).0, "trust.exists");
    user.json(&["install", "acme:md"]);
    author.json(&["owner", "reset", "acme", &second, "--key", "second", "--reason", "its key was lost"]);

    assert_eq!(user.refusal(&["install", "acme:md"]), ("trust.pin".to_owned(), 4));
    let (findings, exit) = audit(&user);
    assert_eq!((findings[0].0.as_str(), exit), ("pinned", 3));
    assert!(findings[0].1.contains("its key was lost"), "{findings:?}");
    user_of(&author).json(&["install", "acme:md"]);
    user.json(&["trust", "unpin", "acme"]);
    user.json(&["install", "acme:md"]);
    user.json(&["trust", "pin", "acme", &second]);
    user.json(&["install", "acme:md"]);
}

#[test]
fn a_registry_is_looked_after() {
    let (author, user) = installed();
    let seq = |value: &serde_json::Value| value["seq"].as_u64().unwrap();
    let before = user.json(&["registry", "head"]);
    assert!(seq(&author.json(&["registry", "sign-head"])) > seq(&before));
    let checked = user.json(&["registry", "check", author.path("registry.git").to_str().unwrap(), "--files"]);
    assert_eq!((checked["packages"].clone(), checked["files"].clone()), (json!(1), json!(1)));

    user.json(&["registry", "head", "--save", "mine.json"]);
    let compare = |person: &Person| {
        let file = user.path("mine.json");
        person.json(&["registry", "head", "--compare", file.to_str().unwrap()])["compared"].clone()
    };
    assert_eq!((compare(&user), compare(&author)), (json!("same"), json!("same")));
    author.json(&["registry", "sign-head"]);
    assert_eq!(compare(&author), "older");
    assert_eq!(user.json(&["registry", "evidence"])["evidence"], json!([]));

    author.json(&["key", "new", "head2"]);
    let head2 = public_key(&author, "head2");
    let lone = ["registry", "rotate", "--new-head-key", &head2];
    assert_eq!(author.refusal(&lone).0, "registry.no-head-key");
    let rotated = author.json(&[&lone[..], &["--head-key", "head2", "--head-lifetime", "14"]].concat());
    assert_eq!(rotated["summary"], "Change to root 2");
    assert_eq!(author.refusal(&["registry", "sign-head"]).0, "registry.no-head-key");
    author.json(&["registry", "sign-head", "--head-key", "head2"]);
    let head = user.json(&["registry", "head"]);
    assert_eq!(head["root"], 2);
}

#[test]
fn a_registry_that_shows_two_heads_is_proven() {
    let (author, user) = installed();
    let copy = author.path("copy.git");
    let copied = std::process::Command::new("cp").arg("-r").arg(author.path("registry.git")).arg(&copy).status();
    assert!(copied.unwrap().success());
    author.json(&["registry", "sign-head"]);
    user.json(&["registry", "head"]);
    author.json(&["registry", "add", "copy", "copy.git"]);
    // A second head with the same number and another content.
    author.json(&["yank", "acme:md@0.1.0", "--reason", "x", "--registry", "copy"]);
    author.json(&["registry", "head", "--registry", "copy", "--save", "other.json"]);
    let other = author.path("other.json");
    let compare = ["registry", "head", "--compare", other.to_str().unwrap()];
    assert_eq!(user.refusal(&compare), ("index.fork".to_owned(), 4));
    let kept = user.json(&["registry", "evidence"])["evidence"].clone();
    assert_eq!((kept.as_array().unwrap().len(), kept[0]["heads"].as_array().unwrap().len()), (1, 2));
}

#[test]
fn misused_head_keys_are_recovered_from() {
    let (author, user) = installed();
    let main = |author: &Person| {
        let head = author.read("registry.git/refs/heads/main");
        String::from_utf8(head).unwrap().trim().to_owned()
    };
    let good = main(&author);
    author.json(&["yank", "acme:md@0.1.0", "--reason", "the thief said so"]);
    assert_eq!(audit(&user).0.len(), 1);
    author.json(&["key", "new", "head2"]);
    let head2 = public_key(&author, "head2");
    let recover = ["registry", "rotate", "--recover", &good, "--new-head-key", &head2, "--head-key", "head2"];
    assert_eq!(author.json(&recover)["summary"], "Recover under root 2");
    assert_eq!(audit(&user), (vec![], 0));
}
