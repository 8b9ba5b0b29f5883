//! A registry in memory for the tests of this crate, and ways to spoil it with everything signed again.

use crate::{
    Files, IndexError, MemoryFiles, document, keys, layout, log,
    package::PackageEntry,
    plan::{self, Draft, IndexEdit, Published},
    shards,
    state::{self, Candidate, Trusted, TrustedState, Update},
};
use mpp_package::{
    key::{SecretKey, Signer},
    signature::Purpose,
};
use mpp_schema::{
    Code, Coded as _, Digest, FormatVersion, Instant, PackageName, RegistryId,
    index::{Blobs, Head, LogRecord, Notice, Release, Root, Says, Shards, Signed, Statement},
    manifest::Kind,
};
use std::{collections::BTreeSet, sync::LazyLock};

/// The keys of the tests; making them takes time, so they are made once.
pub(crate) struct TestKeys {
    pub(crate) root: SecretKey,
    pub(crate) head: SecretKey,
    pub(crate) publisher: SecretKey,
    pub(crate) stranger: SecretKey,
}

pub(crate) static KEYS: LazyLock<TestKeys> = LazyLock::new(|| {
    let key = || SecretKey::generate().unwrap();
    TestKeys { root: key(), head: key(), publisher: key(), stranger: key() }
});

pub(crate) const REGISTRY: RegistryId = RegistryId::from_bytes([7; 16]);

/// Noon, this many days after the registry was started.
pub(crate) fn day(days: i64) -> Instant {
    Instant::from_unix_seconds(1_769_860_800 + days * 86_400).unwrap()
}

pub(crate) fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

pub(crate) fn release(version: &str) -> Release {
    Release {
        version: version.parse().unwrap(),
        package: Digest::of(format!("package {version}").as_bytes()),
        file: Digest::of(format!("file {version}").as_bytes()),
        size: 1,
        kind: Kind::Tool,
        description: "Finds notes.".to_owned(),
        tools: vec!["search".parse().unwrap()],
        commit: Some("0".repeat(40)),
    }
}

/// A registry, and what a client believes about it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) files: MemoryFiles,
    pub(crate) state: TrustedState,
}

/// A registry with `acme:notes` 1.0.0, known to the client.
pub(crate) fn world() -> World {
    let mut world = empty(REGISTRY);
    let files = world.publish("acme:notes", "1.0.0").unwrap();
    world.accept(files);
    world
}

/// A registry without packages, known to the client.
pub(crate) fn empty(registry: RegistryId) -> World {
    let (edit, _) = plan::init(&plan::Init {
        registry,
        root_keys: &[&KEYS.root],
        head_keys: &[&KEYS.head],
        head_lifetime_days: 7,
        root_lifetime_days: 365,
        blobs: Blobs::GitRefs,
        now: day(0),
    })
    .unwrap();
    let files = MemoryFiles(edit.writes);
    let state = state::update(None, None, &Candidate { files: &files, changed: None }, day(0)).unwrap().state;
    World { files, state }
}

impl World {
    pub(crate) fn publish(&self, package: &str, version: &str) -> Result<MemoryFiles, IndexError> {
        self.publish_by(&KEYS.publisher, package, version)
    }

    pub(crate) fn publish_by(&self, key: &dyn Signer, package: &str, version: &str) -> Result<MemoryFiles, IndexError> {
        let new = plan::Publish {
            name: &name(package),
            release: release(version),
            publishers: &[key],
            head_keys: &[&KEYS.head],
            now: day(0),
        };
        match plan::publish(&self.files, &self.state, &new)? {
            Published::Edit(edit) => Ok(self.with(edit)),
            Published::Already(_) => panic!("{package} {version} is published already"),
        }
    }

    /// The files after an edit.
    pub(crate) fn with(&self, edit: IndexEdit) -> MemoryFiles {
        let mut files = self.files.clone();
        files.0.extend(edit.writes);
        files
    }

    /// The files after an edit that no plan would make, honestly logged and signed.
    pub(crate) fn draft(&self, change: impl FnOnce(&mut Draft<'_>)) -> MemoryFiles {
        let table = shards::table(&self.files, self.state.head()).unwrap();
        let mut draft = Draft::on(&self.files, &self.state, table).unwrap();
        change(&mut draft);
        self.with(draft.finish(&[&KEYS.head], day(0), String::new()).unwrap())
    }

    /// What the client makes of files that are offered to it.
    pub(crate) fn offer(&self, files: &MemoryFiles, now: Instant) -> Result<Update, IndexError> {
        let changed = changed(&self.files, files);
        let candidate = Candidate { files, changed: Some(&changed) };
        state::update(Some(Trusted { state: &self.state, files: Some(&self.files) }), None, &candidate, now)
    }

    /// The same by a client that has lost the files that it knew.
    pub(crate) fn offer_without_base(&self, files: &MemoryFiles, now: Instant) -> Result<Update, IndexError> {
        let candidate = Candidate { files, changed: None };
        state::update(Some(Trusted { state: &self.state, files: None }), None, &candidate, now)
    }

    /// The client goes on to these files.
    pub(crate) fn accept(&mut self, files: MemoryFiles) {
        self.state = self.offer(&files, day(0)).unwrap().state;
        self.files = files;
    }

    /// The files with these lines appended in this order, each with its record.
    pub(crate) fn appended(&self, lines: &[(&str, Vec<u8>)]) -> MemoryFiles {
        self.draft(|draft| {
            for (path, line) in lines {
                draft.append((*path).to_owned(), line).unwrap();
            }
        })
    }

    /// The package of the tests, as the client looks it up.
    pub(crate) fn notes(&self) -> PackageEntry {
        crate::package::package(&self.files, &self.state, &name("acme:notes")).unwrap().unwrap()
    }

    #[track_caller]
    pub(crate) fn check(&self, files: &MemoryFiles, expected: Result<(), Code>) {
        self.check_at(files, day(0), expected);
    }

    #[track_caller]
    pub(crate) fn check_at(&self, files: &MemoryFiles, now: Instant, expected: Result<(), Code>) {
        let outcome = self.offer(files, now).map_err(|error| (error.code(), error.to_string()));
        let code = outcome.as_ref().map(|_| ()).map_err(|(code, _)| *code);
        assert_eq!(code, expected, "{:?}", outcome.err());
    }
}

pub(crate) fn changed(old: &MemoryFiles, new: &MemoryFiles) -> BTreeSet<String> {
    let paths = old.0.keys().chain(new.0.keys());
    paths.filter(|path| old.0.get(*path) != new.0.get(*path)).cloned().collect()
}

/// A line that releases a version.
pub(crate) fn statement(package: &str, version: &str, owners: u32, key: &dyn Signer) -> Vec<u8> {
    said(package, Says::Release(release(version)), (owners, None), &[key])
}

/// A line that says something.
pub(crate) fn said(package: &str, says: Says, by: (u32, Option<u32>), keys: &[&dyn Signer]) -> Vec<u8> {
    let statement = Statement {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        name: name(package),
        owners: by.0,
        root: by.1,
        issued: day(0),
        says,
    };
    sealed(&statement, &Purpose::Statement { registry: REGISTRY }, keys)
}

/// A line with a signed document.
pub(crate) fn sealed(document: &impl serde::Serialize, purpose: &Purpose, keys: &[&dyn Signer]) -> Vec<u8> {
    document::line(&document::seal("", document, purpose, keys).unwrap())
}

/// Something about version 1.0.0.
pub(crate) fn notice(reason: &str) -> Notice {
    Notice { version: "1.0.0".parse().unwrap(), reason: reason.to_owned() }
}

/// The records of the log.
pub(crate) fn records(files: &MemoryFiles) -> Vec<LogRecord> {
    let text = &files.0["log/00000000.jsonl"];
    text.split_inclusive(|b| *b == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Writes other records, numbered anew, and signs a head over them.
pub(crate) fn relog(files: &MemoryFiles, records: Vec<LogRecord>) -> MemoryFiles {
    let mut files = files.clone();
    let lines = records.into_iter().enumerate().map(|(n, record)| LogRecord { n: n as u64, ..record });
    let lines: Vec<u8> = lines.flat_map(|record| document::line(&record)).collect();
    files.0.insert("log/00000000.jsonl".to_owned(), lines);
    reseal(&files, |_| {})
}

/// Gives a path another line in the shard table, or none, and signs a head over it.
pub(crate) fn reshard(files: &MemoryFiles, path: &str, digest: Option<Digest>) -> MemoryFiles {
    let mut files = files.clone();
    let shard = layout::shard_of_path(path);
    let mut table: Shards = serde_json::from_slice(&files.0[layout::SHARDS]).unwrap();
    let mut lines = shards::lines(&files, &table.shards, shard).unwrap();
    match digest {
        Some(digest) => drop(lines.insert(path.to_owned(), digest)),
        None => drop(lines.remove(path)),
    }
    let file: String = lines.iter().map(|(path, digest)| format!("{path} {digest}\n")).collect();
    table.shards[usize::from(shard.0)] = Some(Digest::of(file.as_bytes()));
    files.0.insert(layout::shard_file(shard), file.into_bytes());
    files.0.insert(layout::SHARDS.to_owned(), document::line(&table));
    reseal(&files, |_| {})
}

/// Signs a head over whatever log and shard table there are.
pub(crate) fn reseal(files: &MemoryFiles, change: impl FnOnce(&mut Head)) -> MemoryFiles {
    let mut files = files.clone();
    let text = files.0["log/00000000.jsonl"].clone();
    let point = text.split_inclusive(|b| *b == b'\n').fold(log::START, log::step);
    let mut head = head(&files);
    head.log_length = point.length;
    head.log_hash = point.hash;
    head.shards = Digest::of(&files.0[layout::SHARDS]);
    change(&mut head);
    write_head(&mut files, &head, &KEYS.head);
    files
}

pub(crate) fn write_head(files: &mut MemoryFiles, head: &Head, key: &dyn Signer) {
    let signed = document::seal("", head, &Purpose::Head { registry: head.registry }, &[key]).unwrap();
    files.0.insert(layout::HEAD.to_owned(), document::line(&signed));
}

pub(crate) fn head(files: &MemoryFiles) -> Head {
    let signed = document::envelope("", &files.read(layout::HEAD).unwrap().unwrap()).unwrap();
    serde_json::from_str(&signed.signed).unwrap()
}

/// The next root after the one in force, changed and signed as the test says.
pub(crate) fn next_root(world: &World, signers: &[&dyn Signer], change: impl FnOnce(&mut Root)) -> Vec<u8> {
    let mut root = world.state.root().clone();
    root.version += 1;
    change(&mut root);
    document::line(&document::seal("", &root, &Purpose::Root { registry: root.registry }, signers).unwrap())
}

/// Adds a covered file to an index and signs a head over it with any key and under any root.
pub(crate) fn cover(files: &MemoryFiles, path: &str, content: Vec<u8>, key: &dyn Signer, root: u32) -> MemoryFiles {
    let mut records = records(files);
    let sha256 = Digest::of(&content);
    records.push(LogRecord { n: 0, path: path.to_owned(), sha256, at: day(0) });
    let mut files = reshard(&relog(files, records), path, Some(sha256));
    files.0.insert(path.to_owned(), content);
    let head = Head { root, ..head(&files) };
    write_head(&mut files, &head, key);
    files
}

pub(crate) fn envelope(line: &[u8]) -> Signed {
    serde_json::from_slice(line).unwrap()
}

pub(crate) fn key_set(key: &SecretKey) -> mpp_schema::index::KeySet {
    keys::sole(key.public_key())
}

/// What a client that sees an index for the first time believes.
pub(crate) fn world_state(files: &MemoryFiles, now: Instant) -> TrustedState {
    state::update(None, None, &Candidate { files, changed: None }, now).unwrap().state
}
