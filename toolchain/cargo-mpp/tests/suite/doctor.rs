//! `mpp doctor`: what it finds in homes that are new, in use, and spoiled.

use crate::support::{Person, built_template};
use serde_json::Value as Json;

fn check(person: &Person, what: &str) -> Json {
    let ended = person.mpp(&["--json", "doctor"]);
    let report: Json = serde_json::from_str(&ended.out).expect("one JSON object");
    let checks = report["checks"].as_array().expect("a list");
    let bad = checks.iter().any(|check| check["state"] == "bad");
    assert_eq!(ended.exit, if bad { 6 } else { 0 }, "{checks:?}");
    checks.iter().find(|check| check["what"] == what).unwrap_or_else(|| panic!("no `{what}` in {checks:?}")).clone()
}

#[track_caller]
fn assert_check(person: &Person, what: &str, state: &str, help: &str) {
    let check = check(person, what);
    assert_eq!((check["state"].as_str(), check["help"].as_str()), (Some(state), Some(help)), "{check}");
}

#[test]
fn it_looks_and_changes_nothing() {
    let person = Person::new();
    assert_check(&person, "home", "good", "");
    assert_check(&person, "publisher keys", "missing", "mpp key new publisher");
    assert_check(&person, "registries", "missing", "mpp registry add NAME URL");
    assert_check(&person, "installed packages", "good", "");
    assert_eq!(check(&person, "mpp")["found"].as_str().unwrap().split(' ').next(), Some(env!("CARGO_PKG_VERSION")));
    assert!(!person.home().exists(), "looking makes no folder");
}

#[test]
fn it_knows_registries_and_their_heads() {
    let person = Person::new();
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    let found = check(&person, "registry home");
    assert_eq!(found["state"], "good");
    assert!(found["found"].as_str().unwrap().contains("of today, fresh until 20"), "{found}");
    std::fs::remove_dir_all(person.home().join("data/registries")).unwrap();
    assert_check(&person, "registry home", "missing", "mpp search --registry home");
    person.json(&["search", "--registry", "home"]);
    assert_check(&person, "registry home", "good", "");
}

#[test]
fn it_finds_packages_that_do_not_verify() {
    let person = Person::new();
    std::fs::copy(&built_template().1, person.path("md.mpp")).unwrap();
    person.json(&["key", "new", "acme"]);
    person.json(&["sign", "md.mpp", "--key", "acme"]);
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    person.json(&["publish", "md.mpp", "--key", "acme"]);
    person.json(&["install", "acme:md"]);
    assert_eq!(check(&person, "installed packages")["found"], "1, which verifies");
    let file = person.json(&["list"])["packages"][0]["file"].as_str().unwrap().to_owned();
    let path = format!("home/data/packages/{file}.mpp");
    let mut bytes = person.read(&path);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    person.write(&path, &bytes);
    assert_check(&person, "installed acme:md", "bad", "mpp install acme:md@=0.1.0");
    person.json(&["install", "acme:md@=0.1.0"]);
    assert_check(&person, "installed packages", "good", "");
}

#[cfg(unix)]
#[test]
fn it_finds_keys_and_folders_that_others_reach() {
    use std::os::unix::fs::PermissionsExt as _;
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    person.json(&["registry", "init", "registry.git"]);
    let folder = person.home().join("data/registry-keys");
    let registry_key = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    for key in [person.home().join("data/keys/acme.key"), registry_key] {
        set(&key, 0o640);
        assert_check(&person, "key file", "bad", &format!("chmod 600 {}", key.display()));
        set(&key, 0o600);
    }
    let data = person.home().join("data");
    set(&data, 0o777);
    assert_check(&person, "home", "bad", &format!("chmod go-w {}", data.display()));
    set(&data, 0o755);
    assert_check(&person, "home", "good", "");
}
