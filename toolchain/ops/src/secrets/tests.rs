//! Secrets in files and, on Linux, in a keyring that speaks on a bus of its own.

use super::{HomeSecrets, Place, SecretSettings, SecretStore, checked, process};
use crate::home::Home;
use mpp_host::{SecretValue, Secrets as _};
use mpp_schema::{Ident, PackageName, codes};
use std::path::PathBuf;

const VALUE: &str = "s3cr3t-t0ken";

fn package() -> PackageName {
    "acme:issues".parse().expect("a name")
}

fn name() -> Ident {
    "token".parse().expect("a name")
}

fn value(text: &str) -> SecretValue {
    SecretValue::new(text.to_owned())
}

struct Person {
    folder: tempfile::TempDir,
}

impl Person {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }
    fn home(&self) -> Home {
        Home::below(self.folder.path())
    }
    fn file(&self) -> PathBuf {
        self.home().data.join("secrets.json")
    }
    fn store(&self, password: Option<&str>) -> SecretStore {
        self.store_at(None, password)
    }
    fn store_at(&self, bus: Option<&str>, password: Option<&str>) -> SecretStore {
        SecretStore::open(&self.home(), &SecretSettings { bus: bus.map(str::to_owned), password: password.map(value) })
    }
}

#[track_caller]
fn check_value(store: &SecretStore, expected: Option<&str>) {
    let found = store.get(&package(), &name()).expect("the store answers");
    assert_eq!(found.as_ref().map(SecretValue::expose), expected);
}

#[track_caller]
fn check_life(store: &SecretStore, place: Place) {
    check_value(store, None);
    assert_eq!(store.set(&package(), &name(), &value("older")).expect("it is stored"), place);
    store.set(&package(), &name(), &value(VALUE)).expect("it is stored");
    check_value(store, Some(VALUE));
    let other = "other".parse().expect("a name");
    assert!(store.get(&package(), &other).expect("the store answers").is_none());
    assert_eq!(store.list().expect("a list"), [(package(), name(), place)]);
    assert!(store.remove(&package(), &name()).expect("it is removed"));
    assert!(!store.remove(&package(), &name()).expect("there is nothing"));
    check_value(store, None);
    assert!(store.list().expect("a list").is_empty());
}

#[test]
fn a_file_keeps_secrets() {
    let person = Person::new();
    check_life(&person.store(None), Place::File);
    check_life(&Person::new().store(Some("password")), Place::SealedFile);
}

#[cfg(unix)]
#[test]
fn a_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let person = Person::new();
    person.store(None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    let mode = |mode| std::fs::set_permissions(person.file(), std::fs::Permissions::from_mode(mode)).expect("a mode");
    assert_eq!(std::fs::metadata(person.file()).expect("a file").permissions().mode() & 0o777, 0o600);
    mode(0o640);
    let error = person.store(None).get(&package(), &name()).expect_err("others could have read it");
    assert_eq!(error.code(), codes::KEY_PERMISSIONS);
    mode(0o600);
    check_value(&person.store(None), Some(VALUE));
}

#[test]
fn a_sealed_file_opens_with_its_password_only() {
    let person = Person::new();
    person.store(Some("password")).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    let bytes = std::fs::read_to_string(person.file()).expect("a file");
    assert!(!bytes.contains(VALUE) && !bytes.contains("token"), "{bytes}");
    for password in [None, Some("another")] {
        let error = person.store(password).get(&package(), &name()).expect_err("it stays closed");
        assert_eq!(error.code(), codes::SECRET_STORE);
        assert!(person.store(password).set(&package(), &name(), &value("new")).is_err(), "it would be lost");
    }
    check_value(&person.store(Some("password")), Some(VALUE));
    let (before, after) = bytes.rsplit_once("\"text\":\"").expect("a text");
    let flipped = if after.starts_with('A') { "B" } else { "A" };
    std::fs::write(person.file(), format!("{before}\"text\":\"{flipped}{}", &after[1..])).expect("it is written");
    let error = person.store(Some("password")).get(&package(), &name()).expect_err("it was changed");
    assert_eq!(error.code(), codes::SECRET_STORE);
}

#[test]
fn a_password_seals_what_lay_open() {
    let person = Person::new();
    person.store(None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    check_value(&person.store(Some("password")), Some(VALUE));
    assert_eq!(person.store(Some("password")).list().expect("a list")[0].2, Place::File);
    let other = "other".parse().expect("a name");
    person.store(Some("password")).set(&package(), &other, &value("more")).expect("it is stored");
    assert!(!std::fs::read_to_string(person.file()).expect("a file").contains(VALUE));
    check_value(&person.store(Some("password")), Some(VALUE));
}

#[test]
fn a_damaged_file_is_an_error_that_shows_nothing() {
    let person = Person::new();
    for text in [
        "",
        "{",
        "[]",
        r#"{"mpp-secrets":2,"secrets":{}}"#,
        r#"{"mpp-secrets":1}"#,
        r#"{"mpp-secrets":1,"secrets":{"acme:issues":{"token":"s3cr3t","token2":7}}}"#,
        r#"{"mpp-secrets":1,"secrets":{},"more":"s3cr3t"}"#,
        r#"{"mpp-secrets":1,"sealed":{"salt":"AA==","nonce":"AA==","text":"AA=="}}"#,
        r#"{"mpp-secrets":1,"sealed":{"salt":"s3cr3t","nonce":"?","text":"?"}}"#,
    ] {
        crate::atomic_write::write(&person.file(), text.as_bytes(), crate::atomic_write::Readable::ByOwner)
            .expect("a file");
        let error = person.store(Some("password")).get(&package(), &name()).expect_err(text);
        assert_eq!(error.code(), codes::FORMAT_MALFORMED, "{text}");
        assert!(!error.message().contains("s3cr3t"), "{}", error.message());
    }
}

#[test]
fn a_value_must_fit_into_a_header() {
    assert!(checked(value("Bearer abc ~!")).is_ok());
    for wrong in ["", "two\nlines", "tab\t", "ü", "\u{7f}", &"x".repeat(8_193)] {
        assert!(checked(value(wrong)).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_host_is_told_what_was_stored() {
    let person = Person::new();
    person.store(None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    let secrets = HomeSecrets::new(PathBuf::new(), person.home(), SecretSettings::default());
    let found = secrets.secret(&package(), &name()).expect("the store answers").expect("it is there");
    assert_eq!(found.expose(), VALUE);
    assert!(secrets.secret(&"acme:other".parse().expect("a name"), &name()).expect("the store answers").is_none());
    std::fs::write(person.file(), "not a file of secrets").expect("it is written");
    assert!(secrets.secret(&package(), &name()).is_err());
}

#[test]
fn what_is_known_is_not_looked_up_again() {
    let person = Person::new();
    person.store(None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    let secrets = HomeSecrets::new(PathBuf::new(), person.home(), SecretSettings::default());
    secrets.know(&package(), [name()].iter());
    std::fs::remove_file(person.file()).expect("it was there");
    let found = secrets.secret(&package(), &name()).expect("it is known").expect("it is there");
    assert_eq!(found.expose(), VALUE);
    assert!(secrets.secret(&"acme:other".parse().expect("a name"), &name()).expect("the store answers").is_none());
}

#[test]
fn where_a_keyring_may_be_another_process_is_asked_and_must_answer() {
    let person = Person::new();
    person.store(None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    let settings = SecretSettings { bus: Some("unix:path=/nowhere/bus".to_owned()), password: None };
    // Programs that know nothing of the word: one that is not there, and two that answer otherwise.
    for program in ["/nowhere/mpp", "/bin/true", "/bin/echo"] {
        let secrets = HomeSecrets::new(program.into(), person.home(), settings.clone());
        secrets.know(&package(), [name()].iter());
        let error = secrets.secret(&package(), &name()).expect_err("nobody answered");
        assert!(error.0.contains("did not answer"), "{program}: {}", error.0);
    }
}

/// What the process answers about a secret and one that is not there.
fn served(person: &Person, bus: Option<&str>) -> serde_json::Value {
    let Home { config, data, cache } = person.home();
    let question = serde_json::json!({
        "config": config, "data": data, "cache": cache, "bus": bus, "password": null,
        "package": package(), "names": [name(), "other"]
    });
    let mut answer = Vec::new();
    process::serve(question.to_string().as_bytes(), &mut answer).expect("a question");
    serde_json::from_slice(&answer).expect("JSON")
}

#[test]
fn the_process_answers_for_each_name() {
    let person = Person::new();
    person.store(None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
    assert_eq!(served(&person, None), serde_json::json!([{ "Ok": VALUE }, { "Ok": null }]));
    assert!(process::serve("[]".as_bytes(), &mut Vec::new()).is_err());
}

#[test]
fn without_a_keyring_there_is_the_file() {
    let person = Person::new();
    for bus in ["", "nonsense", "unix:path=/nowhere/bus"] {
        assert_eq!(person.store_at(Some(bus), None).place(), Place::File, "{bus}");
    }
}

#[cfg(target_os = "linux")]
mod on_a_bus {
    use super::*;
    use crate::secrets::keyring::Keyring;
    use crate::secrets::keyring_for_tests::{Bus, MockKeyring};

    #[test]
    fn the_process_asks_the_keyring() {
        let Some(bus) = Bus::start() else { return };
        let _keyring = MockKeyring::on(&bus);
        let person = Person::new();
        let place = person.store_at(Some(&bus.address), None).set(&package(), &name(), &value(VALUE));
        assert_eq!(place.expect("it is stored"), Place::Keyring);
        assert_eq!(served(&person, Some(&bus.address))[0], serde_json::json!({ "Ok": VALUE }));
        assert_eq!(served(&person, None)[0], serde_json::json!({ "Ok": null }));
    }

    #[test]
    fn a_keyring_keeps_secrets() {
        let Some(bus) = Bus::start() else { return };
        let _keyring = MockKeyring::on(&bus);
        let person = Person::new();
        check_life(&person.store_at(Some(&bus.address), None), Place::Keyring);
        assert!(!person.file().exists());
    }

    #[test]
    fn a_bus_that_says_nothing_is_given_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("bus");
        let _silent = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        let address = format!("unix:path={}", socket.display());
        let home = Person::new().home();
        assert!(Keyring::connect_within(&address, &home, std::time::Duration::from_millis(50)).is_none());
    }

    #[test]
    fn a_bus_without_a_keyring_is_no_keyring() {
        let Some(bus) = Bus::start() else { return };
        check_life(&Person::new().store_at(Some(&bus.address), None), Place::File);
    }

    #[test]
    fn two_homes_share_a_keyring_and_no_secret() {
        let Some(bus) = Bus::start() else { return };
        let _keyring = MockKeyring::on(&bus);
        let (one, two) = (Person::new(), Person::new());
        one.store_at(Some(&bus.address), None).set(&package(), &name(), &value(VALUE)).expect("it is stored");
        let other = two.store_at(Some(&bus.address), None);
        check_value(&other, None);
        assert!(other.list().expect("a list").is_empty());
        assert!(!other.remove(&package(), &name()).expect("there is nothing"));
        check_value(&one.store_at(Some(&bus.address), None), Some(VALUE));
    }

    #[test]
    fn what_was_in_the_file_moves_to_the_keyring_when_it_changes() {
        let Some(bus) = Bus::start() else { return };
        let _keyring = MockKeyring::on(&bus);
        let person = Person::new();
        person.store(None).set(&package(), &name(), &value("older")).expect("it is stored");
        let store = person.store_at(Some(&bus.address), None);
        check_value(&store, Some("older"));
        assert_eq!(store.list().expect("a list")[0].2, Place::File);
        store.set(&package(), &name(), &value(VALUE)).expect("it is stored");
        check_value(&store, Some(VALUE));
        check_value(&person.store(None), None);
    }

    #[test]
    fn a_locked_keyring_is_unlocked_or_says_so() {
        let Some(bus) = Bus::start() else { return };
        let keyring = MockKeyring::on(&bus);
        let store = Person::new().store_at(Some(&bus.address), None);
        store.set(&package(), &name(), &value(VALUE)).expect("it is stored");
        keyring.lock(true);
        check_value(&store, Some(VALUE));
        keyring.lock(false);
        let error = store.get(&package(), &name()).expect_err("it stays locked");
        assert_eq!(error.code(), codes::SECRET_STORE);
        assert!(!error.message().contains(VALUE));
    }

    #[test]
    fn a_keyring_that_went_away_is_an_error() {
        let Some(bus) = Bus::start() else { return };
        let keyring = MockKeyring::on(&bus);
        let store = Person::new().store_at(Some(&bus.address), None);
        store.set(&package(), &name(), &value(VALUE)).expect("it is stored");
        drop(keyring);
        let error = store.get(&package(), &name()).expect_err("nobody answers");
        assert_eq!(error.code(), codes::SECRET_STORE);
    }
}
