//! The index of a registry, put together by hand (spec/index.md): every part of it can be spoilt by itself, with everything around it signed again.

use super::{
    keys::{TestKey, hex},
    minisig::Minisig,
};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The registry of the cases.
pub(super) const REGISTRY: &str = "07070707070707070707070707070707";
/// The day on which everything is written.
pub(super) const TODAY: &str = "2026-01-31T12:00:00Z";
/// A day before that.
pub(super) const YESTERDAY: &str = "2026-01-30T12:00:00Z";
/// The last day on which a head of that day is fresh.
pub(super) const SIXTH_DAY: &str = "2026-02-06T12:00:00Z";
/// The day on which it is not.
pub(super) const SEVENTH_DAY: &str = "2026-02-07T12:00:00Z";
/// The day on which the first root expires.
pub(super) const NEXT_YEAR: &str = "2027-01-31T12:00:00Z";

/// The path of the configuration.
pub(super) const CONFIG: &str = "config.json";
/// The path of the head.
pub(super) const HEAD: &str = "head.json";
/// The path of the digests of the shard files.
pub(super) const SHARDS: &str = "shards.json";
/// The path of the only segment that the cases need.
pub(super) const LOG: &str = "log/00000000.jsonl";

/// The files of one state, by their paths.
pub(super) type Files = BTreeMap<String, String>;

/// One record of the log.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// The file.
    pub(super) path: String,
    /// SHA-256 of what it became.
    pub(super) sha256: String,
    /// When, as its writer says.
    pub(super) at: &'static str,
}

/// An index.
#[derive(Clone)]
pub(super) struct Index {
    /// The covered files.
    pub(super) covered: Files,
    /// The log.
    pub(super) records: Vec<Record>,
    /// The lines of the shard table.
    pub(super) listed: BTreeMap<String, String>,
    /// The head, without what follows from the rest.
    pub(super) head: Json,
    /// Who signs it.
    pub(super) head_key: TestKey,
}

impl Index {
    /// A registry without packages.
    pub(super) fn new() -> Self {
        let mut index = Self {
            covered: Files::new(),
            records: Vec::new(),
            listed: BTreeMap::new(),
            head: json!({
                "mpp": "1.0", "registry": REGISTRY, "root": 1, "seq": 1, "issued": TODAY, "expires": SEVENTH_DAY
            }),
            head_key: TestKey::head(),
        };
        index.write(CONFIG, line(&json!({ "mpp": "1.0", "blobs": { "type": "git-refs" } })));
        index.write("root/1.json", root(&first_root(), &[&TestKey::root()]));
        index
    }

    /// Gives a file another content, with its record.
    pub(super) fn write(&mut self, path: &str, content: String) {
        let sha256 = sha256(content.as_bytes());
        self.records.push(Record { path: path.to_owned(), sha256: sha256.clone(), at: TODAY });
        self.listed.insert(path.to_owned(), sha256);
        self.covered.insert(path.to_owned(), content);
    }

    /// Adds a line to a file, with its record.
    pub(super) fn append(&mut self, path: &str, line: &str) {
        let before = self.covered.get(path).cloned().unwrap_or_default();
        self.write(path, before + line);
    }

    /// The same index, with a change and the next sequence number.
    pub(super) fn then(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        next.head["seq"] = json!(next.head["seq"].as_u64().unwrap_or_default() + 1);
        change(&mut next);
        next
    }

    /// The text of the head.
    pub(super) fn head_text(&self) -> String {
        let mut head = self.head.clone();
        let log = self.log();
        let chain = log.split_inclusive('\n').fold([0; 32], |hash: [u8; 32], line| {
            Sha256::new().chain_update("mpp-log-v1").chain_update(hash).chain_update(line).finalize().into()
        });
        for (field, value) in [
            ("log_length", json!(self.records.len())),
            ("log_hash", json!(hex(&chain))),
            ("shards", json!(sha256(self.shards().1.as_bytes()))),
        ] {
            if head.get(field).is_none() {
                head[field] = value;
            }
        }
        head.to_string()
    }

    /// Where the log ends.
    pub(super) fn point(&self) -> Json {
        let head: Json = serde_json::from_str(&self.head_text()).unwrap_or_default();
        json!({ "length": head["log_length"], "hash": head["log_hash"] })
    }

    fn log(&self) -> String {
        let record = |(n, record): (usize, &Record)| {
            line(&json!({ "n": n, "path": record.path, "sha256": record.sha256, "at": record.at }))
        };
        self.records.iter().enumerate().map(record).collect()
    }

    /// The shard files, and `shards.json`.
    fn shards(&self) -> (Files, String) {
        let mut files = Files::new();
        for (path, digest) in &self.listed {
            *files.entry(format!("shards/{:02x}", shard_of(path))).or_default() += &format!("{path} {digest}\n");
        }
        let digest = |shard: u8| files.get(&format!("shards/{shard:02x}")).map(|file| sha256(file.as_bytes()));
        let table: Vec<_> = (0..=u8::MAX).map(digest).collect();
        let table = line(&json!({ "mpp": "1.0", "shards": table }));
        (files, table)
    }

    /// All files, with a head over them.
    pub(super) fn files(&self) -> Files {
        let (mut files, table) = self.shards();
        files.extend(self.covered.clone());
        files.insert(LOG.to_owned(), self.log());
        files.insert(SHARDS.to_owned(), table);
        files.insert(HEAD.to_owned(), signed(&self.head_text(), "head", REGISTRY, &[&self.head_key]));
        files
    }
}

/// The first root: one root key, one head key.
pub(super) fn first_root() -> Json {
    json!({
        "mpp": "1.0", "registry": REGISTRY, "version": 1, "root_keys": set(&[&TestKey::root()]),
        "head_keys": set(&[&TestKey::head()]), "head_lifetime_days": 7, "issued": TODAY, "expires": NEXT_YEAR
    })
}

/// The file of a root.
pub(super) fn root(root: &Json, keys: &[&TestKey]) -> String {
    signed(&root.to_string(), "root", REGISTRY, keys)
}

/// A set of keys, of which one must sign.
pub(super) fn set(keys: &[&TestKey]) -> Json {
    let mut keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
    keys.sort();
    json!({ "keys": keys, "threshold": 1 })
}

/// The path of a namespace's records.
pub(super) fn namespace(namespace: &str) -> String {
    format!("ns/{namespace}.jsonl")
}

/// A record of a namespace.
pub(super) fn owners(namespace: &str, version: u32, owner: &TestKey, keys: &[&TestKey]) -> String {
    let record = json!({
        "mpp": "1.0", "registry": REGISTRY, "namespace": namespace, "version": version, "owners": set(&[owner]),
        "issued": TODAY
    });
    signed(&record.to_string(), "namespace", REGISTRY, keys)
}

/// A record by which the registry gives a namespace away.
pub(super) fn reset(namespace: &str, version: u32, owners: &[&TestKey], keys: &[&TestKey]) -> String {
    let record = json!({
        "mpp": "1.0", "registry": REGISTRY, "namespace": namespace, "version": version, "owners": set(owners),
        "issued": TODAY, "reset": { "root": 1, "reason": "Its key was lost." }
    });
    signed(&record.to_string(), "namespace", REGISTRY, keys)
}

/// The path of a package's statements.
pub(super) fn package(name: &str) -> String {
    let (space, short) = name.split_once(':').unwrap_or_default();
    format!("pkg/{:02x}/{space}/{short}.jsonl", Sha256::digest(name)[0])
}

/// A statement about a package by the owners of this version.
pub(super) fn statement(name: &str, owners: u32, says: &Json, keys: &[&TestKey]) -> String {
    let statement = json!({
        "mpp": "1.0", "registry": REGISTRY, "name": name, "owners": owners, "issued": TODAY, "says": says
    });
    signed(&statement.to_string(), "statement", REGISTRY, keys)
}

/// That a version exists, with digests of no file.
pub(super) fn release(version: &str) -> Json {
    json!({ "release": {
        "version": version, "package": sha256(format!("package {version}").as_bytes()),
        "file": sha256(format!("file {version}").as_bytes()), "size": 1, "kind": "tool", "description": "Adds numbers.",
        "tools": ["add"], "commit": "0".repeat(40)
    } })
}

/// A revocation of a key by itself.
pub(super) fn revocation(key: &TestKey) -> (String, String) {
    let revocation = json!({
        "mpp": "1.0", "registry": REGISTRY, "key": key.public(), "issued": TODAY, "reason": "It was stolen."
    });
    (format!("revoked/{}.json", key.id()), signed(&revocation.to_string(), "revocation", REGISTRY, &[key]))
}

/// An envelope with a line feed: a text, and a signature by each key for this purpose.
pub(super) fn signed(text: &str, kind: &str, registry: &str, keys: &[&TestKey]) -> String {
    let comment = format!("mpp1 kind={kind} registry={registry}");
    let mut signatures: Vec<_> =
        keys.iter().map(|key| (key.id(), Minisig::new(key, text.as_bytes(), &comment).text())).collect();
    signatures.sort();
    let signatures: Vec<_> = signatures.into_iter().map(|(_, text)| text).collect();
    line(&json!({ "signed": text, "signatures": signatures }))
}

/// A value on a line.
pub(super) fn line(value: &Json) -> String {
    format!("{value}\n")
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The shard of a covered file: that of its package, or the first byte of the digest of its path.
fn shard_of(path: &str) -> u8 {
    let package =
        path.strip_prefix("pkg/").and_then(|rest| rest.strip_suffix(".jsonl")).map(|rest| rest[3..].replace('/', ":"));
    Sha256::digest(package.as_deref().unwrap_or(path))[0]
}
