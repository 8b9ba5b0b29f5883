//! What a registry's client refuses: the cases of `conformance/vectors/index`, each carried out with a real git repository and a real client. Every
//! refusal has its code, leaves what was believed as it was, and the next good update works.
//!
//! [`REFUSALS`] is the list of what must be refused. A refusal without a case fails a test, and so does a case that the list does not name.

mod support;

use gix::{ObjectId, objs::tree::EntryKind, refs::transaction::PreviousValue};
use mpp_index::{
    plan::{self, Publish},
    resolve::{self, Age, Requirement},
};
use mpp_package::key::SecretKey;
use mpp_registry::{FetchedPackage, Registry, RegistryError};
use mpp_schema::{
    Coded as _, Digest, Instant, KeyId, PackageName, Version, VersionReq, index::Release, manifest::Kind,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use support::{day, has_git};

/// What must be refused, why, and which cases ask for it.
const REFUSALS: &[(&str, &str, &[&str])] = &[
    ("a lower sequence number", "index.rollback", &["rollback", "honest-after-a-jump", "git-rewound"]),
    ("the same sequence number with other bytes", "index.fork", &["fork"]),
    ("an expired head", "index.stale", &["stale", "stale-whatever-it-says"]),
    ("a clock before the mark", "clock.backwards", &["clock-that-went-back", "clock-behind-the-head"]),
    (
        "a record removed, edited, reordered or inserted",
        "index.log-broken",
        &["log-record-removed", "log-record-edited", "log-records-reordered", "log-record-inserted", "log-shortened"],
    ),
    (
        "a log that is not what the head says",
        "index.log-broken",
        &["log-edited", "log-record-added", "log-gone", "log-segment-surplus"],
    ),
    (
        "a change without a record",
        "index.unlogged",
        &["unlogged-file", "unlogged-line", "unlogged-beside", "line-of-another-digest"],
    ),
    (
        "an old file under a new head",
        "index.mismatch",
        &[
            "old-package-under-new-head",
            "old-shard-under-new-head",
            "old-table-under-new-head",
            "git-object-of-another",
        ],
    ),
    ("an entry that is gone", "index.removed", &["package-gone", "line-gone", "config-line-gone", "statement-gone"]),
    ("a package file of another digest", "index.binding", &["file-of-another-digest", "file-of-another-size"]),
    (
        "the right package under another name",
        "index.binding",
        &["file-under-another-name", "file-of-another-version", "file-of-another-package"],
    ),
    (
        "a root that was skipped, or that too few old or new keys signed",
        "root.invalid",
        &["root-skipped", "root-too-early", "root-without-the-old", "root-without-the-new", "root-below-its-threshold"],
    ),
    ("a root that has expired", "root.expired", &["root-expired", "root-next-expired"]),
    ("another first root", "root.pin", &["root-not-pinned"]),
    (
        "a jump to a huge number that no root undoes",
        "index.log-broken",
        &["recovered-without-a-point", "recovered-from-elsewhere"],
    ),
    ("a statement by a revoked key", "key.revoked", &["revoked-before"]),
    (
        "a statement by another namespace's key",
        "trust.namespace",
        &[
            "statement-by-another-namespace",
            "statement-by-stranger",
            "statement-of-owners-to-come",
            "statement-in-free-namespace",
        ],
    ),
    (
        "a namespace that was reset while it was pinned",
        "trust.pin",
        &["pinned-and-reset", "pinned-and-reset-beside", "pinned-to-another"],
    ),
    (
        "the same version twice, also with build metadata",
        "index.duplicate-version",
        &["version-again", "version-with-build-metadata"],
    ),
    ("a loose object that was tampered with", "index.git", &["git-object-cut-off", "git-object-flipped"]),
    ("a corrupt pack", "index.git", &["git-pack-of-zeros", "git-pack-cut-off"]),
    (
        "links and other kinds in the tree",
        "index.git",
        &["git-link", "git-submodule", "git-executable", "git-group-writable"],
    ),
    (
        "names that git or a file system reads in its own way",
        "index.git",
        &[
            "git-name-git",
            "git-name-git-capitals",
            "git-name-git-short",
            "git-name-above",
            "git-name-backslash",
            "git-name-space",
        ],
    ),
    ("a branch that is gone", "registry.unreachable", &["git-no-branch"]),
    ("a package that was blocked, installed already or not", "pkg.blocked", &["blocked", "blocked-and-installed"]),
    ("a name that looks like another", "name.collision", &["lookalike-package", "lookalike-namespace"]),
    ("a head by no head key", "trust.unknown-key", &["head-by-stranger"]),
    (
        "a document for another registry or purpose",
        "sig.binding",
        &["head-of-another-registry", "head-signed-as-root", "root-of-another-registry"],
    ),
    ("a newer format", "format.newer", &["newer-format"]),
    (
        "a document that has not its shape",
        "index.malformed",
        &["unknown-field", "no-line-feed", "statement-about-another"],
    ),
];

/// A case as it is written down.
#[derive(Deserialize)]
struct Case {
    #[serde(skip)]
    folder: PathBuf,
    operation: String,
    twin: Option<String>,
    files: BTreeMap<String, String>,
    values: Json,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    outcome: String,
    code: Option<String>,
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/vectors/index")
}

fn cases() -> BTreeMap<String, Case> {
    let folders = fs::read_dir(vectors()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    folders.map(|name| (name.clone(), Case::read(&name))).collect()
}

impl Case {
    fn read(name: &str) -> Self {
        let folder = vectors().join(name);
        let text = fs::read(folder.join("case.json")).unwrap();
        Self { folder, ..serde_json::from_slice(&text).unwrap() }
    }

    /// The accepted case that differs in the attacked point.
    fn twin(&self) -> Self {
        Self::read(self.twin.as_deref().unwrap().strip_prefix("index/").unwrap())
    }

    fn value<T: DeserializeOwned>(&self, field: &str) -> T {
        serde_json::from_value(self.values[field].clone()).unwrap()
    }

    fn bytes(&self, field: &str) -> Option<Vec<u8>> {
        self.files.get(field).map(|name| fs::read(self.folder.join(name)).unwrap())
    }

    /// An input that is an object of files.
    fn object(&self, field: &str) -> Option<BTreeMap<String, String>> {
        self.bytes(field).map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    fn is_good(&self) -> bool {
        self.expect.outcome == "accepted"
    }

    #[track_caller]
    fn check(&self, outcome: Result<(), RegistryError>) {
        let found = outcome.map_err(|error| (error.code(), error.to_string()));
        let code = found.as_ref().map_err(|(code, _)| code.as_str()).copied();
        let expected = self.expect.code.as_deref().map_or(Ok(()), Err);
        assert_eq!(code, expected, "{}: {found:?}", self.folder.display());
    }
}

/// A repository in a folder, and a client of it.
struct Side {
    folder: tempfile::TempDir,
    at_an_address: bool,
}

impl Side {
    fn new(at_an_address: bool) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), at_an_address }
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("registry.git")
    }

    fn client(&self) -> Registry {
        let path = self.repository();
        let location =
            if self.at_an_address { format!("file://{}", path.display()) } else { path.display().to_string() };
        Registry::open(&location, self.folder.path().join("home")).unwrap()
    }

    /// What the client has written down.
    fn state(&self) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join("home/state.json")).ok()
    }

    /// Moves the branch to a commit of these files.
    fn commit(&self, files: &BTreeMap<String, String>) {
        let path = self.repository();
        let open = || gix::open_opts(&path, gix::open::Options::isolated());
        let repository = open().or_else(|_| gix::init_bare(&path).map(|_| open().unwrap())).unwrap();
        let mut tree = repository.edit_tree(ObjectId::empty_tree(gix::hash::Kind::Sha1)).unwrap();
        for (name, text) in files {
            tree.upsert(name.as_str(), EntryKind::Blob, repository.write_blob(text).unwrap()).unwrap();
        }
        let who = gix::actor::Signature { name: "mpp".into(), email: "mpp@localhost".into(), ..Default::default() };
        let commit = gix::objs::Commit {
            tree: tree.write().unwrap().detach(),
            parents: Default::default(),
            author: who.clone(),
            committer: who,
            encoding: None,
            message: "Index\n".into(),
            extra_headers: Vec::new(),
        };
        let commit = repository.write_object(&commit).unwrap().detach();
        repository.reference("refs/heads/main", commit, PreviousValue::Any, "").unwrap();
    }

    /// Puts a repository of these files there in place of what was there.
    fn replace(&self, files: &BTreeMap<String, String>) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let _ = fs::remove_dir_all(self.repository());
        for (name, text) in files {
            let file = self.repository().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, STANDARD.decode(text).unwrap()).unwrap();
        }
    }

    fn offer(&self, case: &Case, field: &str) {
        let Some(files) = case.object(field) else { return };
        match case.operation.as_str() {
            "index.fetch" => self.replace(&files),
            _ => self.commit(&files),
        }
    }

    fn update(&self, case: &Case) -> Result<(), RegistryError> {
        let pin = case.values.get("pin").map(|pin| serde_json::from_value::<Option<Digest>>(pin.clone()).unwrap());
        self.client().update(pin.flatten(), case.value("now")).map(drop)
    }
}

/// Offers a client what a case offers, and then, after a refusal, what its twin offers.
#[track_caller]
fn check_update(case: &Case, at_an_address: bool) {
    let side = Side::new(at_an_address);
    if case.files.contains_key("known") {
        side.offer(case, "known");
        let at: Instant = case.value(if case.operation == "index.fetch" { "now" } else { "known_at" });
        side.client().update(None, at).unwrap();
    }
    let (before, believed) = (side.state(), side.client().state().cloned());
    side.offer(case, "offered");
    case.check(side.update(case));
    if case.is_good() {
        return;
    }
    assert_eq!((side.state(), side.client().state()), (before, believed.as_ref()), "{}", case.folder.display());
    let twin = case.twin();
    assert_eq!(
        twin.bytes("known"),
        case.bytes("known"),
        "{}: a twin begins where the case does",
        case.folder.display()
    );
    side.offer(&twin, "offered");
    twin.check(side.update(&twin));
    assert!(side.client().state().is_some());
}

#[test]
fn every_state_that_is_offered_at_a_path() {
    let cases = cases();
    let updates = cases.values().filter(|case| matches!(case.operation.as_str(), "index.update" | "index.fetch"));
    updates.for_each(|case| check_update(case, false));
}

#[test]
fn every_state_that_is_offered_at_an_address() {
    if !has_git() {
        return;
    }
    // What git's own program serves of a damaged repository is git's choice; the files of an index are ours.
    let cases = cases();
    cases.values().filter(|case| case.operation == "index.update").for_each(|case| check_update(case, true));
}

#[test]
fn a_fork_leaves_its_proof() {
    let (side, case) = (Side::new(false), Case::read("fork"));
    side.offer(&case, "known");
    side.client().update(None, day(0)).unwrap();
    side.offer(&case, "offered");
    case.check(side.update(&case));
    let proof: Vec<_> = fs::read_dir(side.folder.path().join("home/evidence")).unwrap().collect();
    assert_eq!(proof.len(), 1);
}

/// A client of the registry that a case is about.
fn client(case: &Case) -> (Side, Registry) {
    let side = Side::new(false);
    side.commit(&case.object("index").unwrap());
    let mut client = side.client();
    client.update(None, case.value("now")).unwrap();
    (side, client)
}

#[test]
fn everything_that_is_taken_from_a_package() {
    for case in cases().values().filter(|case| case.operation == "index.resolve") {
        let (_side, client) = client(case);
        let entry = client.package(&case.value::<PackageName>("name")).unwrap().unwrap();
        let pinned = case.value::<Option<KeyId>>("pinned").map_or(Ok(()), |pinned| entry.namespace.check_pin(pinned));
        let version: VersionReq = case.value("requirement");
        let requirement = Requirement { version, locked: case.value("locked") };
        let chosen = pinned.and_then(|()| resolve::choose(&entry, &requirement, Age::default()));
        case.check(chosen.map(drop).map_err(RegistryError::from));
    }
}

#[test]
fn every_file_of_a_release() {
    for case in cases().values().filter(|case| case.operation == "index.file") {
        let (_side, client) = client(case);
        let name: PackageName = case.value("name");
        let entry = client.package(&name).unwrap().unwrap();
        let signed = entry.release(&case.value::<Version>("version")).unwrap();
        case.check(FetchedPackage::of(&name, &signed.release, case.bytes("file").unwrap()).map(drop));
    }
}

#[test]
fn every_new_name() {
    for case in cases().values().filter(|case| case.operation == "index.claim") {
        let (_side, client) = client(case);
        let key = String::from_utf8(case.bytes("key").unwrap()).unwrap();
        let key = SecretKey::from_file_text(&key, None).unwrap();
        let release = Release {
            version: Version::new(1, 0, 0),
            package: Digest::of(b"package"),
            file: Digest::of(b"file"),
            size: 1,
            kind: Kind::Tool,
            description: String::new(),
            tools: Vec::new(),
            commit: None,
        };
        let name: PackageName = case.value("name");
        let new = Publish { name: &name, release, publishers: &[&key], head_keys: &[], now: case.value("now") };
        let state = client.trusted().unwrap();
        case.check(client.with_files(|files| plan::propose(files, state, &new)).map(drop));
    }
}

#[test]
fn every_refusal_has_its_cases_and_every_case_its_refusal() {
    let cases = cases();
    let mut named = BTreeSet::new();
    for (what, code, of) in REFUSALS {
        assert!(!of.is_empty(), "no case asks for the refusal of {what}");
        for name in *of {
            let case = cases.get(*name).unwrap_or_else(|| panic!("{what}: there is no case `{name}`"));
            assert_eq!(case.expect.code.as_deref(), Some(*code), "{what}: `{name}`");
            assert!(named.insert(*name), "`{name}` is named twice");
        }
    }
    let refused: BTreeSet<_> =
        cases.iter().filter(|(_, case)| !case.is_good()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, refused);
}
