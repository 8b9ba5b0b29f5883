//! How long it takes to open a local index of 100,000 packages and look one up, everything verified, beside the time of starting
//! the `git` program once. Prints the ratio; it should be below 1.
//!
//! The index is made for this: the packages that are looked up are honestly signed, the others share one file of filler, which a
//! lookup never reads. Their lines in the shard table, their folders and the sizes of what is read are those of a real index.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use gix::{ObjectId, Repository, objs::tree::EntryKind};
use mpp_index::layout::{self, Shard};
use mpp_package::{
    key::{SecretKey, Signer},
    signature::Purpose,
    signed::sign_text,
};
use mpp_registry::Registry;
use mpp_schema::{
    Digest, FormatVersion, Instant, PackageName, RegistryId,
    index::{Head, KeySet, LogPoint, NamespaceRecord, Release, Root, Says, Shards, Signed, Statement},
    manifest::Kind,
};
use serde::Serialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant as Clock},
};
use tempfile::TempDir;

const NAMESPACES: usize = 100;
const PACKAGES: usize = 1000;
const LOOKED_UP: usize = 16;
const RUNS: usize = 101;
const REGISTRY: RegistryId = RegistryId::from_bytes([7; 16]);

fn main() {
    let folder = TempDir::new().unwrap();
    let (repository, home) = (folder.path().join("registry.git"), folder.path().join("home"));
    let names = make(&repository, &home);
    let loose = median(|run| look_up(&repository, &home, &names[run % names.len()]));
    println!("index of {} packages", NAMESPACES * PACKAGES);
    println!("open and look up, loose objects   {loose:>10.1?}");
    let Some(git) = start_git() else {
        println!("the git program is not installed: nothing to compare with");
        return;
    };
    let packed = repack(&repository).then(|| median(|run| look_up(&repository, &home, &names[run % names.len()])));
    println!("start `git --version`             {git:>10.1?}");
    println!("ratio, loose objects              {:>10.2}", loose.as_secs_f64() / git.as_secs_f64());
    if let Some(packed) = packed {
        println!("open and look up, one pack        {packed:>10.1?}");
        println!("ratio, one pack                   {:>10.2}", packed.as_secs_f64() / git.as_secs_f64());
    }
}

fn look_up(repository: &Path, home: &Path, name: &PackageName) {
    let registry = Registry::open(repository.to_str().unwrap(), home).unwrap();
    assert_eq!(registry.package(name).unwrap().unwrap().releases.len(), 3);
}

fn start_git() -> Option<Duration> {
    let start = || Command::new("git").arg("--version").stdout(Stdio::null()).status();
    start().ok()?;
    Some(median(|_| assert!(start().unwrap().success())))
}

fn repack(repository: &Path) -> bool {
    let status = Command::new("git").arg("--git-dir").arg(repository).args(["repack", "-a", "-d", "-q"]).status();
    status.is_ok_and(|status| status.success())
}

fn median(mut run: impl FnMut(usize)) -> Duration {
    let mut times: Vec<_> = (0..RUNS)
        .map(|i| {
            let start = Clock::now();
            run(i);
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

/// Makes the repository, and a home that has verified it. Gives the names that can be looked up.
fn make(path: &Path, home: &Path) -> Vec<PackageName> {
    let key = SecretKey::generate().unwrap();
    let repository = gix::init_bare(path).unwrap();
    let names: Vec<PackageName> = (0..NAMESPACES * PACKAGES)
        .map(|i| format!("space-{}:package-{}", i % NAMESPACES, i / NAMESPACES).parse().unwrap())
        .collect();
    let filler = repository.write_blob(vec![b' '; 2000]).unwrap().detach();
    let filler_digest = Digest::of(&[b' '; 2000]);
    let mut files: BTreeMap<String, (Digest, ObjectId)> =
        names.iter().map(|name| (layout::package(name), (filler_digest, filler))).collect();
    let looked_up: Vec<_> = names.iter().step_by(names.len() / LOOKED_UP).cloned().collect();
    for name in &looked_up {
        put(&repository, &mut files, layout::package(name), statements(name, &key));
        put(&repository, &mut files, layout::namespace(name.namespace()), namespace(name, &key));
    }
    let shards = shards(&repository, &mut files);
    let commit = commit(&repository, &files);
    std::fs::create_dir_all(home).unwrap();
    std::fs::write(home.join("state.json"), state(&key, shards, commit)).unwrap();
    looked_up
}

fn put(repository: &Repository, files: &mut BTreeMap<String, (Digest, ObjectId)>, path: String, content: Vec<u8>) {
    let blob = repository.write_blob(&content).unwrap().detach();
    files.insert(path, (Digest::of(&content), blob));
}

/// Writes the shard table; gives the digest of `shards.json`.
fn shards(repository: &Repository, files: &mut BTreeMap<String, (Digest, ObjectId)>) -> Digest {
    let mut by_shard: BTreeMap<Shard, String> = BTreeMap::new();
    for (path, (digest, _)) in files.iter() {
        let lines = by_shard.entry(layout::shard_of_path(path)).or_default();
        lines.push_str(&format!("{path} {digest}\n"));
    }
    let digest = |shard| by_shard.get(&shard).map(|lines| Digest::of(lines.as_bytes()));
    let table = Shards { mpp: FormatVersion::CURRENT, shards: Shard::all().map(digest).collect() };
    let table = format!("{}\n", serde_json::to_string(&table).unwrap()).into_bytes();
    let digest = Digest::of(&table);
    put(repository, files, layout::SHARDS.to_owned(), table);
    for (shard, lines) in by_shard {
        put(repository, files, layout::shard_file(shard), lines.into_bytes());
    }
    digest
}

fn commit(repository: &Repository, files: &BTreeMap<String, (Digest, ObjectId)>) -> ObjectId {
    let mut editor = repository.edit_tree(ObjectId::empty_tree(repository.object_hash())).unwrap();
    for (path, (_, blob)) in files {
        editor.upsert(path.as_str(), EntryKind::Blob, *blob).unwrap();
    }
    let tree = editor.write().unwrap().detach();
    let time = gix::date::Time { seconds: 0, offset: 0 };
    let actor = gix::actor::Signature { name: "mpp".into(), email: "mpp@localhost".into(), time };
    let commit = gix::objs::Commit {
        tree,
        parents: [].into_iter().collect(),
        author: actor.clone(),
        committer: actor,
        encoding: None,
        message: "Index\n".into(),
        extra_headers: Vec::new(),
    };
    let commit = repository.write_object(&commit).unwrap().detach();
    let any = gix::refs::transaction::PreviousValue::Any;
    repository.reference("refs/heads/main", commit, any, "").unwrap();
    commit
}

fn now() -> Instant {
    Instant::from_unix_seconds(1_769_860_800).unwrap()
}

fn sign(document: &impl Serialize, purpose: &Purpose, key: &SecretKey) -> Signed {
    sign_text(serde_json::to_string(document).unwrap(), purpose, &[key]).unwrap()
}

fn line(signed: &Signed) -> Vec<u8> {
    format!("{}\n", serde_json::to_string(signed).unwrap()).into_bytes()
}

fn key_set(key: &SecretKey) -> KeySet {
    KeySet { keys: vec![key.public_key().to_base64()], threshold: 1 }
}

fn namespace(name: &PackageName, key: &SecretKey) -> Vec<u8> {
    let record = NamespaceRecord {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        namespace: name.namespace().clone(),
        version: 1,
        owners: key_set(key),
        issued: now(),
        reset: None,
    };
    line(&sign(&record, &Purpose::Namespace { registry: REGISTRY }, key))
}

/// Three versions of a package.
fn statements(name: &PackageName, key: &SecretKey) -> Vec<u8> {
    let lines = ["1.0.0", "1.1.0", "1.2.0"].map(|version| {
        let release = Release {
            version: version.parse().unwrap(),
            package: Digest::of(version.as_bytes()),
            file: Digest::of(name.to_string().as_bytes()),
            size: 45_000,
            kind: Kind::Tool,
            description: "Reads Markdown and answers with its outline.".to_owned(),
            tools: vec!["outline".parse().unwrap(), "links".parse().unwrap()],
            commit: Some("0".repeat(40)),
        };
        let statement = Statement {
            mpp: FormatVersion::CURRENT,
            registry: REGISTRY,
            name: name.clone(),
            owners: 1,
            root: None,
            issued: now(),
            says: Says::Release(release),
        };
        line(&sign(&statement, &Purpose::Statement { registry: REGISTRY }, key))
    });
    lines.concat()
}

/// The state of a client that has verified this index.
fn state(key: &SecretKey, shards: Digest, commit: ObjectId) -> Vec<u8> {
    let root = Root {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        version: 1,
        root_keys: key_set(key),
        head_keys: key_set(key),
        head_lifetime_days: 7,
        issued: now(),
        expires: now().plus_days(365),
        resume: None,
    };
    let log = LogPoint { length: 0, hash: Digest::of(b"") };
    let head = Head {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        root: 1,
        seq: 1,
        log_length: log.length,
        log_hash: log.hash,
        shards,
        issued: now(),
        expires: now().plus_days(7),
    };
    let signed_head = sign(&head, &Purpose::Head { registry: REGISTRY }, key);
    let trusted = json!({
        "mpp": "1.0", "registry": REGISTRY, "pin": Digest::of(b""), "root": root, "signed_head": signed_head,
        "head": head, "segment": log, "clock": now(),
    });
    serde_json::to_vec(&json!({ "mpp": "1.0", "commit": commit.to_string(), "trusted": trusted })).unwrap()
}
