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

/// Another registry of the same author, with a package of the same name.
fn second_registry(author: &Person, name: &str) {
    author.json(&["registry", "init", &format!("{name}.git")]);
    author.json(&["registry", "add", name, &format!("{name}.git")]);
}

/// IDX-90.
#[test]
fn idx_90_a_name_in_two_registries_is_settled_by_a_command_and_never_by_order() {
    let author = author();
    second_registry(&author, "other");
    author.json(&["publish", "md.mpp", "--key", "acme", "--registry", "home"]);
    author.json(&["publish", "md.mpp", "--key", "acme", "--registry", "other"]);
    let ambiguous = ("registry.ambiguous".to_owned(), 3);
    assert_eq!(author.refusal(&["info", "acme:md"]), ambiguous);
    let order = author.json(&["registry", "order", "other"]);
    assert_eq!((&order["registries"][0]["name"], &order["registries"][1]["name"]), (&json!("other"), &json!("home")));
    assert_eq!(author.refusal(&["install", "acme:md"]), ambiguous);
    let told = author.mpp(&["install", "acme:md"]).err;
    assert!(told.contains("mpp registry assign acme:md other"), "{told}");

    author.json(&["registry", "assign", "acme", "home"]);
    assert_eq!(author.json(&["info", "acme:md"])["registry"], "home");
    // What is said of the package itself is closer than what is said of its namespace.
    author.json(&["registry", "assign", "acme:md", "other"]);
    assert_eq!(author.json(&["info", "acme:md"])["registry"], "other");
    author.json(&["registry", "assign", "acme:md", "--remove"]);
    author.json(&["registry", "assign", "acme", "--remove"]);
    assert_eq!(author.refusal(&["info", "acme:md"]), ambiguous);

    // Nobody steps in for the registry that was named.
    second_registry(&author, "empty");
    author.json(&["registry", "assign", "acme", "empty"]);
    assert_eq!(author.refusal(&["install", "acme:md"]).0, "package.not-found");
    assert_eq!(author.refusal(&["registry", "assign", "acme", "nowhere"]).0, "registry.unknown");
}

#[test]
fn a_registry_is_forgotten_and_what_came_from_it_is_named() {
    let author = author();
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let user = Person::new();
    let url = author.path("registry.git");
    let add = ["registry", "add", "home", url.to_str().unwrap()];
    let root = user.json(&add)["root"].as_str().unwrap().to_owned();
    user.json(&["registry", "assign", "acme", "home"]);
    user.write("mpp-tools.toml", "[tools]\n\"acme:md\" = \"0.1\"\n");
    user.json(&["install"]);
    assert_eq!(user.refusal(&["registry", "remove", "other"]).0, "registry.unknown");
    std::fs::create_dir_all(user.path("home/data/registries/home/evidence")).unwrap();
    user.write("home/data/registries/home/evidence/proof.jsonl", "");

    let removed = user.json(&["registry", "remove", "home"]);
    assert_eq!((&removed["installed"], &removed["locked"]), (&json!(["acme:md"]), &json!(["acme:md"])));
    assert_eq!(user.json(&["registry", "list"])["registries"], json!([]));
    let left = std::fs::read_dir(user.path("home/data/registries/home")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "whoever waits for the folder finds it empty");
    let id = removed["registry"]["id"].as_str().unwrap();
    assert!(user.path(&format!("home/data/evidence/{id}/proof.jsonl")).is_file());
    user.json(&["call", "acme:md", "outline", r##"{"text": "# Hi"}"##]);
    assert_eq!(user.refusal(&["info", "acme:md"]).0, "registry.unknown");

    // The name is free for another registry, and nothing that was believed of the first one is left, also by somebody who was still at work.
    let other = Person::new();
    other.json(&add);
    let state = "home/data/registries/home/state.json";
    std::fs::copy(other.path(state), user.path(state)).unwrap();
    author.json(&["registry", "init", "other.git"]);
    user.json(&["registry", "add", "home", author.path("other.git").to_str().unwrap()]);
    assert_eq!(user.refusal(&["info", "acme:md"]).0, "package.not-found");
    user.json(&["registry", "remove", "home"]);
    user.json(&[&add[..], &["--root", &root]].concat());
    user.json(&["install", "--locked"]);
}

/// IDX-91.
#[test]
fn idx_91_mirrors_are_tried_in_their_order_and_share_what_is_believed() {
    let author = author();
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let (main, mirror) = (author.path("registry.git"), author.path("mirror.git"));
    copy_folder(&main, &mirror);
    let user = Person::new();
    user.json(&["registry", "add", "home", main.to_str().unwrap()]);
    let other = author.path("other.git");
    second_registry(&author, "other");
    assert_eq!(user.refusal(&["registry", "mirror", "add", "home", other.to_str().unwrap()]).0, "trust.unknown-key");
    let added = user.json(&["registry", "mirror", "add", "home", mirror.to_str().unwrap()]);
    assert_eq!(added["registry"]["mirrors"], json!([mirror]));

    // The registry moves on, the mirror does not, and then the registry is away.
    author.json(&["registry", "sign-head", "--registry", "home"]);
    user.json(&["search", "md"]);
    std::fs::rename(&main, author.path("away.git")).unwrap();
    assert_eq!(user.refusal(&["search", "md"]).0, "registry.unreachable");
    let told = user.mpp(&["search", "md"]).err;
    assert!(told.contains("index.rollback"), "an old mirror is no way back: {told}");
    std::fs::remove_dir_all(&mirror).unwrap();
    copy_folder(&author.path("away.git"), &mirror);
    assert_eq!(user.json(&["search", "md"])["packages"][0]["registry"], "home");
    user.json(&["install", "acme:md"]);
    user.json(&["registry", "mirror", "remove", "home", mirror.to_str().unwrap()]);
    assert_eq!(user.refusal(&["search", "md"]).0, "registry.unreachable");
}

/// IDX-92.
#[test]
fn idx_92_a_registry_that_another_names_is_used_when_the_user_says_so() {
    let author = author();
    second_registry(&author, "upstream");
    author.json(&["publish", "md.mpp", "--key", "acme", "--registry", "upstream"]);
    author.json(&["registry", "config", "--registry", "home", "--follow", "upstream"]);
    let user = Person::new();
    user.json(&["registry", "add", "home", author.path("registry.git").to_str().unwrap()]);
    assert_eq!(user.refusal(&["install", "acme:md"]).0, "package.not-found");
    let named = user.json(&["registry", "follow", "home"]);
    assert_eq!((&named["follows"][0]["name"], &named["follows"][0]["known_as"]), (&json!("upstream"), &json!(null)));
    assert_eq!(user.refusal(&["registry", "follow", "home", "nobody"]).0, "registry.unknown");
    // Another registry at the place that the user names is not the one that was meant.
    let home = author.path("registry.git");
    let elsewhere = ["registry", "follow", "home", "upstream", "--url", home.to_str().unwrap()];
    assert_eq!(user.refusal(&elsewhere).0, "root.pin");
    user.json(&["registry", "follow", "home", "upstream", "--as", "up"]);
    assert_eq!(user.json(&["registry", "follow", "home"])["follows"][0]["known_as"], "up");
    user.json(&["install", "acme:md"]);

    // Who reads it at an address is not sent to a path of this machine.
    let stranger = Person::new();
    stranger.json(&["registry", "add", "home", &format!("file://{}", home.display())]);
    assert_eq!(stranger.refusal(&["registry", "follow", "home", "upstream"]).0, "registry.private");
    author.json(&["registry", "config", "--registry", "home", "--unfollow", "upstream"]);
    assert_eq!(user.json(&["registry", "follow", "home"])["follows"], json!([]));
}

#[test]
fn where_files_are_is_said_in_the_configuration_and_only_so_that_it_can_be_followed() {
    let author = author();
    let config = |blobs: &str| ["registry", "config", "--blobs", blobs].map(str::to_owned);
    for bad in ["https://files.example/x.mpp", "ftp://files.example/{digest}", "oci:https://{name}/x", "nonsense"] {
        let words = config(bad);
        assert_eq!(author.refusal(&words.each_ref().map(String::as_str)).0, "index.malformed", "{bad}");
    }
    author.json(&["registry", "config", "--blobs", "http://127.0.0.1:9/{digest}.mpp"]);
    assert_eq!(author.json(&["registry", "config"])["blobs"]["url"], "http://127.0.0.1:9/{digest}.mpp");
    // A private address is asked only when the user allows it.
    assert_eq!(author.refusal(&["publish", "md.mpp", "--key", "acme"]).0, "registry.private");
    author.json(&["registry", "allow", "home", "http://127.0.0.1:9"]);
    assert_eq!(author.refusal(&["publish", "md.mpp", "--key", "acme"]).0, "registry.unreachable");
    assert_eq!(author.refusal(&["registry", "allow", "home", "http://127.0.0.1:9/path"]).0, "usage");
    author.json(&["registry", "config", "--blobs", "git-refs"]);
    assert_eq!(author.json(&["publish", "md.mpp", "--key", "acme"])["new"], true);
}

#[test]
fn a_copy_is_brought_up_to_date_and_other_files_in_its_folder_stay() {
    let author = author();
    author.json(&["registry", "export", "www"]);
    author.write("www/about.html", "a page");
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let report = author.json(&["registry", "export", "www"]);
    assert_eq!((&report["blobs"], &report["removed"]), (&json!(1), &json!(0)));
    assert_eq!(author.json(&["registry", "export", "www"])["written"], 0);
    assert_eq!(author.read("www/about.html"), b"a page");
    assert!(author.path("www/index/head.json").is_file());
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}
