//! An index as large as wanted: every statement, namespace, record and head is signed and logged as a real writer would.
//!
//! Only the packages' files are missing, which no update, lookup or search reads. Commits are written by `git fast-import`, so that a million
//! versions take minutes and not days.

use mpp_index::{
    layout::{self, Shard},
    plan::{self, Init},
};
use mpp_package::{
    key::{SecretKey, Signer},
    signature::Purpose,
    signed::sign_text,
};
use mpp_schema::{
    Digest, FormatVersion, Instant, PackageName, RegistryId, Version,
    index::{Blobs, Head, KeySet, LogRecord, NamespaceRecord, Release, Says, Shards, Signed, Statement},
    manifest::Kind,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const REGISTRY: RegistryId = RegistryId::from_bytes([7; 16]);
const PACKAGES_IN_A_NAMESPACE: usize = 20;
/// What descriptions are made of: the first ones are in many of them, the last ones in few.
const WORDS: [&str; 24] = [
    "reads",
    "markdown",
    "tables",
    "and",
    "answers",
    "with",
    "outlines",
    "of",
    "invoices",
    "calendars",
    "contacts",
    "pictures",
    "sounds",
    "maps",
    "weather",
    "tickets",
    "contracts",
    "recipes",
    "letters",
    "ledgers",
    "timetables",
    "telescopes",
    "sextants",
    "astrolabes",
];

/// How large an index is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) packages: usize,
    pub(crate) versions_each: usize,
}

/// The keys of a registry.
pub(crate) struct Keys {
    pub(crate) head: SecretKey,
    pub(crate) publisher: SecretKey,
}

/// A package: what its file holds so far.
struct Package {
    name: PackageName,
    path: String,
    file: Vec<u8>,
    versions: usize,
}

/// A registry, and all that its writer knows.
pub(crate) struct Generated {
    repository: PathBuf,
    keys: Keys,
    packages: Vec<Package>,
    /// The lines of the shard table.
    shards: BTreeMap<Shard, BTreeMap<String, Digest>>,
    digests: Vec<Option<Digest>>,
    /// The open segment, the number of records, and the hash of their chain.
    segment: Vec<u8>,
    length: u64,
    hash: [u8; 32],
    seq: u64,
}

/// The time at which everything happens.
pub(crate) fn now() -> Instant {
    Instant::from_unix_seconds(1_769_860_800).unwrap()
}

impl Generated {
    /// Makes the repository, with every version of every package in one commit.
    pub(crate) fn new(repository: &Path, size: Size) -> Self {
        gix::init_bare(repository).unwrap();
        let key = || SecretKey::generate().unwrap();
        let keys = Keys { head: key(), publisher: key() };
        let root = key();
        let (packages, digests) = packages(size, &keys.publisher);
        let mut made = Self {
            repository: repository.to_owned(),
            keys,
            packages,
            shards: BTreeMap::new(),
            digests: vec![None; 256],
            segment: Vec::new(),
            length: 0,
            hash: [0; 32],
            seq: 0,
        };
        let mut import = Import::start(repository);
        import.begin(None);
        made.start(&mut import, &root);
        for nth in 0..size.versions_each {
            for (package, digests) in digests.iter().enumerate() {
                let path = made.packages[package].path.clone();
                made.log(&mut import, path, digests[nth]);
            }
        }
        for package in &made.packages {
            import.file(&package.path, &package.file);
        }
        let all = Shard::all().collect();
        made.seal(&mut import, &all);
        import.finish();
        made
    }

    /// Where it is.
    pub(crate) fn repository(&self) -> &Path {
        &self.repository
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Some of the packages, spread evenly.
    pub(crate) fn some(&self, count: usize) -> Vec<PackageName> {
        let step = (self.packages.len() / count).max(1);
        self.packages.iter().step_by(step).map(|package| package.name.clone()).take(count).collect()
    }

    /// How many records the log has.
    pub(crate) fn records(&self) -> u64 {
        self.length
    }

    /// Commits, each with one more version of another package.
    pub(crate) fn publish(&mut self, commits: usize) {
        let mut import = Import::start(&self.repository);
        for nth in 0..commits {
            // After the first one, the program goes on from its own commits.
            import.begin((nth == 0).then_some("refs/heads/main^0"));
            // A step that has no divisor in common with the number of packages leads to all of them.
            let package = (self.seq as usize * 7919) % self.packages.len();
            let Package { name, versions, path, .. } = &mut self.packages[package];
            *versions += 1;
            let line = statement(name, *versions, &self.keys.publisher);
            let path = path.clone();
            self.packages[package].file.extend_from_slice(&line);
            let digest = Digest::of(&self.packages[package].file);
            import.file(&path, &self.packages[package].file);
            self.log(&mut import, path.clone(), digest);
            self.seal(&mut import, &BTreeSet::from([layout::shard_of_path(&path)]));
        }
        import.finish();
    }

    /// The configuration, the first root, and the namespaces.
    fn start(&mut self, import: &mut Import, root: &SecretKey) {
        let (edit, _) = plan::init(&Init {
            registry: REGISTRY,
            root_keys: &[root],
            head_keys: &[&self.keys.head],
            head_lifetime_days: 7,
            root_lifetime_days: 365,
            blobs: Blobs::GitRefs,
            now: now(),
        })
        .unwrap();
        let mut files: Vec<_> =
            [layout::CONFIG.to_owned(), layout::root(1)].map(|path| (path.clone(), edit.writes[&path].clone())).into();
        let spaces: BTreeSet<_> = self.packages.iter().map(|package| package.name.namespace().clone()).collect();
        for space in spaces {
            let record = NamespaceRecord {
                mpp: FormatVersion::CURRENT,
                registry: REGISTRY,
                namespace: space.clone(),
                version: 1,
                owners: KeySet { keys: vec![self.keys.publisher.public_key().to_base64()], threshold: 1 },
                issued: now(),
                reset: None,
            };
            let signed = sign(&record, &Purpose::Namespace { registry: REGISTRY }, &self.keys.publisher);
            files.push((layout::namespace(&space), line(&signed)));
        }
        for (path, content) in files {
            import.file(&path, &content);
            self.log(import, path, Digest::of(&content));
        }
    }

    /// Adds a record, and writes the segment when it is full.
    fn log(&mut self, import: &mut Import, path: String, sha256: Digest) {
        self.shards.entry(layout::shard_of_path(&path)).or_default().insert(path.clone(), sha256);
        let record = line(&LogRecord { n: self.length, path, sha256, at: now() });
        let hash = Sha256::new().chain_update("mpp-log-v1").chain_update(self.hash).chain_update(&record);
        self.hash = hash.finalize().into();
        self.segment.extend_from_slice(&record);
        self.length += 1;
        if self.length.is_multiple_of(layout::SEGMENT_RECORDS) {
            import.file(&layout::log_segment(self.length - 1), &std::mem::take(&mut self.segment));
        }
    }

    /// Writes the open segment, these shard files, `shards.json` and the head.
    fn seal(&mut self, import: &mut Import, changed: &BTreeSet<Shard>) {
        if !self.segment.is_empty() {
            import.file(&layout::log_segment(self.length - 1), &self.segment);
        }
        for (shard, lines) in self.shards.iter().filter(|(shard, _)| changed.contains(shard)) {
            let file: String = lines.iter().map(|(path, digest)| format!("{path} {digest}\n")).collect();
            self.digests[usize::from(shard.0)] = Some(Digest::of(file.as_bytes()));
            import.file(&layout::shard_file(*shard), file.as_bytes());
        }
        let table = line(&Shards { mpp: FormatVersion::CURRENT, shards: self.digests.clone() });
        import.file(layout::SHARDS, &table);
        self.seq += 1;
        let head = Head {
            mpp: FormatVersion::CURRENT,
            registry: REGISTRY,
            root: 1,
            seq: self.seq,
            log_length: self.length,
            log_hash: Digest::from_bytes(self.hash),
            shards: Digest::of(&table),
            issued: now(),
            expires: now().plus_days(7),
        };
        let signed = sign(&head, &Purpose::Head { registry: REGISTRY }, &self.keys.head);
        import.file(layout::HEAD, &line(&signed));
    }
}

/// All packages with their versions, and the digest of each one's file after each version. Signed on all cores.
fn packages(size: Size, publisher: &SecretKey) -> (Vec<Package>, Vec<Vec<Digest>>) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = size.packages.div_ceil(cores);
    std::thread::scope(|scope| {
        let parts = (0..size.packages).step_by(part).map(|start| {
            let end = size.packages.min(start + part);
            scope.spawn(move || (start..end).map(|n| package(n, size.versions_each, publisher)).unzip())
        });
        let parts: Vec<_> = parts.collect();
        let parts = parts.into_iter().map(|part| part.join().unwrap());
        parts.fold((Vec::new(), Vec::new()), |(mut packages, mut digests), (more, others): (Vec<_>, Vec<_>)| {
            packages.extend(more);
            digests.extend(others);
            (packages, digests)
        })
    })
}

fn package(n: usize, versions: usize, publisher: &SecretKey) -> (Package, Vec<Digest>) {
    let name: PackageName = format!("space-{}:package-{n}", n / PACKAGES_IN_A_NAMESPACE).parse().unwrap();
    let (mut file, mut digests) = (Vec::new(), Vec::new());
    for version in 1..=versions {
        file.extend(statement(&name, version, publisher));
        digests.push(Digest::of(&file));
    }
    (Package { path: layout::package(&name), name, file, versions }, digests)
}

fn statement(name: &PackageName, version: usize, publisher: &SecretKey) -> Vec<u8> {
    let unique = Digest::of(format!("{name}@{version}").as_bytes());
    let dice = unique.as_bytes();
    // Squares make low numbers frequent and high ones rare.
    let word = |i: usize| WORDS[usize::from(dice[i]) * usize::from(dice[i]) * WORDS.len() / (256 * 256)];
    let description: Vec<_> = (0..12).map(word).collect();
    let release = Release {
        version: Version::new(1, version as u64, 0),
        package: unique,
        file: Digest::of(dice),
        size: 45_000,
        kind: Kind::Tool,
        description: format!("A tool that {}.", description.join(" ")),
        tools: vec![word(12).parse().unwrap(), format!("{}-{}", word(13), word(14)).parse().unwrap()],
        commit: Some(Digest::of(unique.to_string().as_bytes()).to_string()[..40].to_owned()),
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
    line(&sign(&statement, &Purpose::Statement { registry: REGISTRY }, publisher))
}

fn sign(document: &impl Serialize, purpose: &Purpose, key: &SecretKey) -> Signed {
    sign_text(serde_json::to_string(document).unwrap(), purpose, &[key]).unwrap()
}

fn line(document: &impl Serialize) -> Vec<u8> {
    format!("{}\n", serde_json::to_string(document).unwrap()).into_bytes()
}

/// A running `git fast-import`.
struct Import {
    git: Child,
    to: BufWriter<std::process::ChildStdin>,
}

impl Import {
    fn start(repository: &Path) -> Self {
        let mut git = Command::new("git")
            .arg("--git-dir")
            .arg(repository)
            .args(["-c", "pack.compression=1", "fast-import", "--quiet", "--done"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let to = BufWriter::with_capacity(1 << 20, git.stdin.take().unwrap());
        Self { git, to }
    }

    fn begin(&mut self, parent: Option<&str>) {
        let seconds = now().unix_seconds();
        write!(self.to, "commit refs/heads/main\ncommitter mpp <mpp@localhost> {seconds} +0000\ndata 5\nIndex\n")
            .unwrap();
        if let Some(parent) = parent {
            writeln!(self.to, "from {parent}").unwrap();
        }
    }

    fn file(&mut self, path: &str, content: &[u8]) {
        writeln!(self.to, "M 100644 inline {path}\ndata {}", content.len()).unwrap();
        self.to.write_all(content).unwrap();
        writeln!(self.to).unwrap();
    }

    fn finish(mut self) {
        writeln!(self.to, "done").unwrap();
        drop(self.to);
        assert!(self.git.wait().unwrap().success());
    }
}
