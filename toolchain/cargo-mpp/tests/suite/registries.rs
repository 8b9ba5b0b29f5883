//! Registries from the command line: addresses, and disks without room.

use crate::support::{Person, built_template};
use serde_json::json;

/// An author with a signed package and a registry, in which nothing is published.
fn author() -> Person {
    let (_, file) = built_template();
    let author = Person::new();
    author.json(&["key", "new", "acme"]);
    std::fs::copy(file, author.path("md.mpp")).unwrap();
    author.json(&["sign", "md.mpp", "--key", "acme"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    author
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_everything_stays_as_it_was() {
    let author = author();
    let full = ("io.failed".to_owned(), 6);
    for blocks in [0, 1, 2] {
        assert_eq!(author.refusal_on_a_full_disk(blocks, &["publish", "md.mpp", "--key", "acme"]), full);
        assert_eq!(author.refusal(&["info", "acme:md"]).0, "package.not-found");
    }
    let published = author.json(&["publish", "md.mpp", "--key", "acme"]);
    assert_eq!(published["new"], true);

    let user = Person::new();
    let registry = author.path("registry.git");
    let add = ["registry", "add", "home", registry.to_str().unwrap()];
    assert_eq!(user.refusal_on_a_full_disk(0, &add), full);
    assert_eq!(user.json(&["registry", "list"])["registries"], json!([]));
    user.json(&add);

    for blocks in [0, 16] {
        assert_eq!(user.refusal_on_a_full_disk(blocks, &["install", "acme:md"]), full);
        assert_eq!(user.json(&["list"])["packages"], json!([]));
        assert_eq!(user.refusal(&["call", "acme:md", "outline", "{}"]).0, "package.not-installed");
    }
    user.json(&["install", "acme:md"]);
    let called = user.json(&["call", "acme:md", "outline", r##"{"text": "# Room"}"##]);
    assert!(called["result"].to_string().contains("Room"));
}

#[test]
fn addresses_that_a_program_could_misread_are_refused_before_anything_is_started() {
    let person = Person::new();
    let started = person.path("started");
    let evil = format!("ext::sh -c 'touch {}'", started.display());
    let addresses = [
        &evil,
        "ssh://-oProxyCommand=x/y",
        "git://example.com/x",
        "git@example.com:-x",
        "https://a:secret@example.com/x",
    ];
    for address in addresses {
        assert_eq!(person.refusal(&["registry", "add", "evil", address]), ("usage".to_owned(), 2), "{address}");
    }
    assert!(!started.exists());
    assert_eq!(person.json(&["registry", "list"])["registries"], json!([]));
}

#[test]
fn the_road_through_an_address() {
    let author = author();
    let address = format!("file://{}", author.path("registry.git").display());
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let user = Person::new();
    user.json(&["registry", "add", "home", &address]);
    user.json(&["install", "acme:md"]);
    let called = user.json(&["call", "acme:md", "outline", r##"{"text": "# Far"}"##]);
    assert!(called["result"].to_string().contains("Far"));
}
