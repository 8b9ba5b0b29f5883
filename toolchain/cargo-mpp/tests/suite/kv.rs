//! HOST-69 from the command line: what packages keep is shown, cleared, and removed with its package, unless it is to be kept.

use crate::{grants::installed, support::Person};
use mpp_kv::{Change, Claim, SharedStore, Store as _, Terms};
use serde_json::json;

/// Puts something where `mpp call` keeps it for the package of this publisher.
fn keep(person: &Person, publisher: &str, key: &str, value: &[u8]) {
    let claim =
        Claim { publishers: vec![publisher.parse().expect("a key id")], package: "acme:md".parse().expect("a name") };
    let store = SharedStore::new(person.home().join("data/kv"));
    let mut bucket = store.open(&claim, Terms::default()).expect("opens");
    bucket.write(vec![Change::Set(key.to_owned(), value.to_vec())]).expect("a write");
    bucket.flush().expect("flushes");
}

/// The id of the key that signed `acme:md`.
fn publisher(author: &Person) -> String {
    author.json(&["key", "show", "acme"])["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_a_package_keeps_is_shown_and_cleared() {
    let (author, user) = installed();
    let publisher = publisher(&author);
    assert_eq!(user.json(&["kv", "list"]), json!({ "stores": [] }));
    assert_eq!(user.refusal(&["kv", "show", "acme:md"]).0, "kv.not-found");
    keep(&user, &publisher, "greeting", b"good \x1b[2Jday\n");
    let listed = json!({ "package": "acme:md", "publisher": publisher, "keys": 1, "bytes": 21 });
    assert_eq!(user.json(&["kv", "list"]), json!({ "stores": [listed] }));
    let shown = user.json(&["kv", "show", "acme:md"]);
    assert_eq!((&shown["quota"], &shown["keys_max"]), (&json!(1 << 20), &json!(10_000)));
    assert_eq!(shown["entries"], json!([{ "key": "greeting", "bytes": 13 }]));
    assert_eq!(user.mpp(&["kv", "get", "acme:md", "greeting"]).out, "good \\u{1b}[2Jday\n");
    assert_eq!(user.json(&["kv", "get", "acme:md", "greeting"])["value"][0], json!(b'g'));
    assert_eq!(user.refusal(&["kv", "get", "acme:md", "farewell"]).0, "kv.not-found");
    assert_eq!(user.json(&["kv", "clear", "acme:md"])["removed"], listed);
    assert_eq!(user.json(&["kv", "list"]), json!({ "stores": [] }));
}

#[test]
fn where_several_publishers_have_a_store_one_is_named() {
    let (author, user) = installed();
    let (publisher, other) = (publisher(&author), "c".repeat(64));
    keep(&user, &publisher, "a", b"1");
    keep(&user, &other, "b", b"2");
    assert_eq!(user.refusal(&["kv", "clear", "acme:md"]).0, "usage");
    let shown = user.json(&["kv", "show", "acme:md", "--publisher", &other]);
    assert_eq!(shown["entries"], json!([{ "key": "b", "bytes": 1 }]));
}

#[test]
fn uninstalling_removes_what_a_package_keeps_unless_it_is_to_be_kept() {
    let (author, user) = installed();
    let (publisher, other) = (publisher(&author), "c".repeat(64));
    keep(&user, &publisher, "a", b"1");
    keep(&user, &other, "b", b"2");
    assert_eq!(user.json(&["uninstall", "acme:md", "--keep-data"])["removed_data"], json!(null));
    user.json(&["install", "acme:md"]);
    assert_eq!(user.json(&["kv", "list"])["stores"].as_array().map(Vec::len), Some(2));
    assert_eq!(user.json(&["uninstall", "acme:md"])["removed_data"]["publisher"], json!(publisher));
    let left = user.json(&["kv", "list"]);
    assert_eq!(left["stores"][0]["publisher"], json!(other), "another publisher's store is not this package's");
    assert_eq!(left["stores"].as_array().map(Vec::len), Some(1));
}
