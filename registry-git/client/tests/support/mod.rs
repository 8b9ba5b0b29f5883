//! A registry in a temporary folder, with keys, package files and homes.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod http;
pub(crate) mod ssh;
pub(crate) mod tls;
pub(crate) mod web;

use mpp_package::{
    key::{SecretKey, Signer},
    pack::{Contents, pack},
};
use mpp_registry::{
    InitOptions, Initialised, Location, PublishOptions, PublishReport, Registry, RegistryError,
    transport::{Address, Settings},
};
use mpp_schema::{Code, Coded as _, Instant, PackageName};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tempfile::TempDir;

pub(crate) struct Keys {
    pub(crate) root: SecretKey,
    pub(crate) head: SecretKey,
    pub(crate) publisher: SecretKey,
    pub(crate) stranger: SecretKey,
}

pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let key = || SecretKey::generate().unwrap();
    Keys { root: key(), head: key(), publisher: key(), stranger: key() }
});

/// Noon, this many days after the registries of the tests are started.
pub(crate) fn day(days: i64) -> Instant {
    Instant::from_unix_seconds(1_769_860_800 + days * 86_400).unwrap()
}

pub(crate) fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

/// A signed package file.
pub(crate) fn package(package: &str, version: &str, description: &str) -> Vec<u8> {
    let manifest = json!({
        "mpp": "1.0", "kind": "tool", "name": package, "version": version, "description": description,
        "world": "acme:notes/tools", "trust": "sandboxed", "source": { "builder": "cargo" }, "entries": []
    });
    let tools = json!({ "mpp": "1.0", "tools": [{ "name": "search", "input": { "type": "object" } }] });
    let contents = Contents {
        manifest: serde_json::from_value(manifest).unwrap(),
        component: b"\0asm\x0d\0\x01\0".to_vec(),
        tools: serde_json::from_value(tools).unwrap(),
        wit: BTreeMap::from([("notes.wit".to_owned(), "package acme:notes;".to_owned())]),
        readme: None,
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    };
    pack(contents).unwrap().sign(&[&KEYS.publisher]).unwrap().into_bytes()
}

/// A registry in a folder, and room for homes beside it.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) made: Initialised,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::inside(&std::env::temp_dir())
    }

    /// The same in a folder of its own below another.
    pub(crate) fn inside(folder: &Path) -> Self {
        let folder = TempDir::new_in(folder).unwrap();
        let options = InitOptions {
            root_keys: &[&KEYS.root],
            head_keys: &[&KEYS.head],
            head_lifetime_days: 7,
            root_lifetime_days: 365,
        };
        let made = mpp_registry::init(&folder.path().join("registry.git"), &options, day(0)).unwrap();
        Self { folder, made }
    }

    /// The registry's repository.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("registry.git")
    }

    pub(crate) fn path_location(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    pub(crate) fn file_location(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// The registry as a home of this name sees it at a location.
    pub(crate) fn home(&self, home: &str, location: &str) -> Registry {
        Registry::open(location, self.folder.path().join(home)).unwrap()
    }

    /// The same, with an address that is reached as the settings say.
    pub(crate) fn home_with(&self, home: &str, location: &str, settings: &Settings) -> Registry {
        let location = Location::parse(location).unwrap();
        let transport = Address::new(&location, settings.clone()).unwrap();
        Registry::with_transport(location, self.folder.path().join(home), Some(Box::new(transport))).unwrap()
    }

    /// The registry as a home sees it at its path.
    pub(crate) fn at_path(&self, home: &str) -> Registry {
        self.home(home, &self.path_location())
    }

    pub(crate) fn repository(&self) -> gix::Repository {
        gix::open_opts(self.path(), gix::open::Options::isolated()).unwrap()
    }
}

pub(crate) fn publish(registry: &mut Registry, file: &[u8]) -> Result<PublishReport, RegistryError> {
    publish_with(registry, file, &[&KEYS.head])
}

pub(crate) fn publish_with(
    registry: &mut Registry,
    file: &[u8],
    head_keys: &[&dyn Signer],
) -> Result<PublishReport, RegistryError> {
    let options = PublishOptions { file, publishers: &[&KEYS.publisher], head_keys, dry_run: false };
    registry.publish(&options, day(0))
}

#[track_caller]
pub(crate) fn check<T>(outcome: Result<T, RegistryError>, expected: Result<(), Code>) {
    let outcome = outcome.map(drop).map_err(|error| (error.code(), error.to_string()));
    assert_eq!(outcome.as_ref().map(drop).map_err(|(code, _)| *code), expected, "{:?}", outcome.err());
}

/// The whole road at one location: publish twice, update in another home, look up, search, fetch.
pub(crate) fn walk_the_road(world: &World, location: &str) {
    walk_the_road_with(world, |home| world.home(home, location));
}

/// The same with homes that are opened in another way.
pub(crate) fn walk_the_road_with(world: &World, home: impl Fn(&str) -> Registry) {
    let mut author = home("author");
    let first = package("acme:notes", "1.0.0", "Finds notes.");
    let second = package("acme:notes", "1.1.0", "Finds notes.");
    publish(&mut author, &first).unwrap();
    publish(&mut author, &second).unwrap();

    let mut user = home("user");
    let report = user.update(Some(world.made.root), day(1)).unwrap();
    assert_eq!((report.records, report.first_use), (5, false));
    let entry = user.package(&name("acme:notes")).unwrap().unwrap();
    let versions: Vec<_> = entry.releases.iter().map(|signed| signed.release.version.to_string()).collect();
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    assert_eq!(entry.releases[0].signers, [KEYS.publisher.public_key().id()]);
    for (signed, file) in entry.releases.iter().zip([&first, &second]) {
        assert_eq!(user.fetch_blob(&entry.name, &signed.release).unwrap().bytes(), file);
    }
    assert_eq!(user.search("finds", 9).unwrap().found.len(), 1);
    assert_eq!(user.package(&name("acme:other")).unwrap(), None);

    publish(&mut author, &package("acme:other", "1.0.0", "Does more.")).unwrap();
    assert_eq!(user.update(None, day(1)).unwrap().records, 1);
    assert!(user.package(&name("acme:other")).unwrap().is_some());
}

/// The git program, where it is installed. Tests that need it say so and do nothing without it; those at a path need none.
#[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
pub(crate) fn has_git() -> bool {
    let found = std::process::Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("NOT TESTED: addresses, because the `git` program is not installed");
    }
    found
}

/// The loose file of an object in a bare repository.
pub(crate) fn loose(repository: &Path, id: gix::ObjectId) -> PathBuf {
    let id = id.to_string();
    repository.join("objects").join(&id[..2]).join(&id[2..])
}
