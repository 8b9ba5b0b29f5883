//! Proposals (spec/index.md IDX-100 to IDX-104): publishing without a head key, checking what somebody proposes, and taking it in.
//!
//! A proposal is a folder `incoming/` with `<digest>.json`, the signed lines, and `<digest>.mpp`, the package file. It comes as a commit
//! without parents in `refs/heads/publish/<key>/<id>`, or in a folder of files, as in a pull request. Whoever takes it in makes the same
//! commit of the package file that the proposer named; where another version came first, that is not possible, and it is proposed again.

use crate::{
    Location, PublishOptions, PublishReport, PublishStatus, Registry, RegistryError, Snapshot, blob, commit,
    publish::{ATTEMPTS, Job, Prepared, Workspace, back_off, describe},
    repository::{self, Move},
    transport::Pushed,
};
use gix::{ObjectId, Repository, objs::tree::EntryKind};
use mpp_index::{
    Files as _, IndexError, layout,
    plan::{self, Proposed, Taken},
};
use mpp_package::{
    key::{PublicKey, Signer},
    limits::FILE_BYTES_MAX,
    signature::SignatureText,
    verify::{self, Trust, TrustedKey},
};
use mpp_schema::{
    Digest, Instant, KeyId, PackageName,
    index::{Blobs, NamespaceRecord, Proposal, Release},
};
use std::{
    fs,
    io::{Cursor, Read as _},
    path::Path,
};

/// Where proposals wait.
pub(crate) const PROPOSALS: &str = "refs/heads/publish/";
/// The folder that holds a proposal.
const FOLDER: &str = "incoming";
/// How many proposals are looked at in one go.
const PROPOSALS_MAX: usize = 256;

/// A release that was proposed.
#[derive(Debug, Clone)]
pub struct ProposalReport {
    /// The release.
    pub release: PublishReport,
    /// Where it waits; nothing when exactly this file is published already, or nothing was to be changed.
    pub waits_in: Option<String>,
}

/// A proposal that was looked at.
#[derive(Debug)]
pub struct Looked {
    /// Where it waits.
    pub waits_in: String,
    /// The releases that it speaks of.
    pub releases: Vec<(PackageName, Release)>,
    /// Why it was not taken in; nothing when it was, or could be.
    pub refused: Option<RegistryError>,
}

/// One proposal as it was found: its lines, and its package file where there is one.
pub(crate) struct Found {
    proposal: Proposal,
    file: Option<Vec<u8>>,
}

impl Registry {
    /// Proposes a package to whoever holds a head key. The same file is proposed once.
    ///
    /// # Errors
    /// As [`Registry::publish`], but for head keys.
    pub fn propose(&mut self, options: &PublishOptions<'_>, now: Instant) -> Result<ProposalReport, RegistryError> {
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        self.update_locked(None, now)?;
        let Some(made) = self.proposal(options, now)? else { return self.published_before(options) };
        if options.dry_run {
            return Ok(made.report(PublishStatus::Planned, None));
        }
        let key = options.publishers.first().map(|signer| signer.public_key().id());
        let id =
            Digest::of(format!("{} {}", made.release.file, made.release.commit.as_deref().unwrap_or("")).as_bytes());
        let key = key.map(|key| key.to_string()).unwrap_or_default();
        let reference = format!("{PROPOSALS}{key}/{}", &id.to_string()[..32]);
        if self.reference(&reference)?.is_some() {
            return Ok(made.report(PublishStatus::Already, Some(reference)));
        }
        let workspace = Workspace::without_package(self)?;
        let repository = repository::open(&workspace.path)?;
        let files = made.files(options.file);
        let files: Vec<_> = files.iter().map(|(name, content)| (name.clone(), content.as_slice())).collect();
        let commit =
            commit::proposal(&repository, FOLDER, &files, &format!("Propose {}@{}", made.name, made.release.version))?;
        let moves = [Move { name: reference.clone(), old: None, new: commit }];
        let moved = match &self.transport {
            None => {
                crate::durable::sync_commit(&repository, commit, None)?;
                let moved = repository::move_references(&repository, &moves)?;
                crate::durable::sync_reference(&repository, &reference);
                moved
            }
            Some(transport) => transport.push(&workspace.path, &moves)? == Pushed::Accepted,
        };
        match moved {
            true => Ok(made.report(PublishStatus::Proposed, Some(reference))),
            false => Err(self.race()),
        }
    }

    /// Writes a proposal into a folder, such as a clone from which a pull request is made.
    ///
    /// # Errors
    /// As [`Registry::propose`], and when the folder cannot be written.
    pub fn write_proposal(
        &mut self,
        options: &PublishOptions<'_>,
        folder: &Path,
        now: Instant,
    ) -> Result<ProposalReport, RegistryError> {
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        self.update_locked(None, now)?;
        let Some(made) = self.proposal(options, now)? else { return self.published_before(options) };
        if options.dry_run {
            return Ok(made.report(PublishStatus::Planned, None));
        }
        for (name, content) in made.files(options.file) {
            crate::atomic_write::atomic_write(&folder.join(FOLDER).join(name), &content)?;
        }
        let waits_in = folder.join(FOLDER).join(format!("{}.json", made.release.file)).display().to_string();
        Ok(made.report(PublishStatus::Proposed, Some(waits_in)))
    }

    fn published_before(&self, options: &PublishOptions<'_>) -> Result<ProposalReport, RegistryError> {
        let (name, release) = describe(options)?;
        let release = self.already(&name, &release)?.unwrap_or(release);
        let made = Made { name, release, proposal: None };
        Ok(made.report(PublishStatus::Already, None))
    }

    /// The proposal of a release; nothing when it is published already.
    fn proposal(&self, options: &PublishOptions<'_>, now: Instant) -> Result<Option<Made>, RegistryError> {
        let (name, mut release) = describe(options)?;
        if self.already(&name, &release)?.is_some() {
            return Ok(None);
        }
        if self.config()?.blobs == Blobs::GitRefs {
            let tip = self.reference(&commit::package_reference(&name))?;
            let scratch = crate::scratch::Scratch::new(self.store.folder(), crate::store::WORK)?;
            let repository = repository::init_bare(&scratch.path())?;
            let commit = commit::package(&repository, &name, &release.version, options.file, tip)?;
            release.commit = Some(commit.to_string());
        }
        let (publishers, head_keys) = (options.publishers, options.head_keys);
        let new = plan::Publish { name: &name, release: release.clone(), publishers, head_keys, now };
        let (files, state) = (self.snapshot()?, self.trusted()?);
        match plan::propose(&files, state, &new)? {
            Proposed::Already(_) => Ok(None),
            Proposed::New(proposal) => {
                plan::check_proposal(&files, state, &proposal, now)?;
                Ok(Some(Made { name, release, proposal: Some(proposal) }))
            }
        }
    }

    fn reference(&self, name: &str) -> Result<Option<ObjectId>, RegistryError> {
        match (&self.location, &self.transport) {
            (Location::Path(path), _) => repository::reference(&repository::open(path)?, name),
            (_, Some(transport)) => transport.reference(name),
            (Location::Address { .. } | Location::Copy { .. }, None) => Ok(None),
        }
    }

    /// Takes in every proposal that waits in `refs/heads/publish/`: one edit for each, retried when somebody else was faster. What was
    /// taken in, or was there before, is removed from where it waited; what is refused stays, and is named.
    ///
    /// # Errors
    /// When head keys are missing, or the registry cannot be read or written. A refused proposal is no error.
    pub fn take_proposals(&mut self, head_keys: &[&dyn Signer], now: Instant) -> Result<Vec<Looked>, RegistryError> {
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        self.update_for_signing(now)?;
        // Asked first: without head keys nothing can be taken in, whatever waits.
        plan::sign_head(&self.snapshot()?, self.trusted()?, head_keys, now)?;
        let mut waiting = match (&self.location, &self.transport) {
            (_, Some(transport)) => transport.references(PROPOSALS)?,
            (Location::Path(path), None) => repository::references(&repository::open(path)?, PROPOSALS)?,
            (Location::Address { .. } | Location::Copy { .. }, None) => Vec::new(),
        };
        waiting.sort();
        waiting.truncate(PROPOSALS_MAX);
        let (mut looked, mut done) = (Vec::new(), Vec::new());
        for (waits_in, commit) in waiting {
            let (releases, outcome) = self.take(&waits_in, commit, head_keys, now);
            match outcome {
                Err(error) if is_ours(&error) => return Err(error),
                Ok(()) => {
                    done.push((waits_in.clone(), commit));
                    looked.push(Looked { waits_in, releases, refused: None });
                }
                Err(error) => looked.push(Looked { waits_in, releases, refused: Some(error) }),
            }
        }
        self.remove(&done)?;
        Ok(looked)
    }

    fn remove(&self, done: &[(String, ObjectId)]) -> Result<(), RegistryError> {
        match (&self.location, &self.transport) {
            _ if done.is_empty() => Ok(()),
            (_, Some(transport)) => transport.remove(&Workspace::without_package(self)?.path, done),
            (Location::Path(path), None) => repository::remove_references(&repository::open(path)?, done),
            (Location::Address { .. } | Location::Copy { .. }, None) => Ok(()),
        }
    }

    fn take(
        &mut self,
        waits_in: &str,
        commit: ObjectId,
        head_keys: &[&dyn Signer],
        now: Instant,
    ) -> (Vec<(PackageName, Release)>, Result<(), RegistryError>) {
        let found = match self.fetch_proposal(waits_in, commit) {
            Ok(found) => found,
            Err(error) => return (Vec::new(), Err(error)),
        };
        let releases = match plan::releases_of(&found.proposal) {
            Ok(releases) => releases,
            Err(error) => return (Vec::new(), Err(error.into())),
        };
        let taken = self.take_found(&found, &releases, head_keys, now);
        (releases, taken)
    }

    fn fetch_proposal(&self, waits_in: &str, commit: ObjectId) -> Result<Found, RegistryError> {
        let Some(transport) = &self.transport else {
            return read(&repository::open(&self.repository_path())?, waits_in, commit);
        };
        let scratch = crate::scratch::Scratch::new(self.store.folder(), crate::store::WORK)?;
        let repository = repository::init_bare(&scratch.path())?;
        transport.fetch_package(&scratch.path(), commit, waits_in)?;
        read(&repository, waits_in, commit)
    }

    fn take_found(
        &mut self,
        found: &Found,
        releases: &[(PackageName, Release)],
        head_keys: &[&dyn Signer],
        now: Instant,
    ) -> Result<(), RegistryError> {
        let _turn = self.turn();
        for attempt in 1..=ATTEMPTS {
            self.update_for_signing(now)?;
            let edit = match plan::accept(&self.snapshot()?, self.trusted()?, &found.proposal, head_keys, now)? {
                Taken::Already => return Ok(()),
                Taken::Edit(edit) => edit,
            };
            let (workspace, prepared) = match releases {
                [] => (Workspace::without_package(self)?, None),
                [(name, release)] if self.config()?.blobs != Blobs::GitRefs => {
                    let file = self.check_file(found, name, release)?;
                    self.store_elsewhere(name, release, file)?;
                    (Workspace::without_package(self)?, None)
                }
                [(name, release)] => {
                    let workspace = Workspace::new(self, name)?;
                    let prepared = self.prepare(&workspace, found, name, release)?;
                    (workspace, Some((name, prepared)))
                }
                _ => {
                    return Err(IndexError::Malformed {
                        path: FOLDER.to_owned(),
                        expected: "one release in a proposal",
                        found: format!("{}", releases.len()),
                    }
                    .into());
                }
            };
            let repository = repository::open(&workspace.path)?;
            if self.carry_out(&repository, &workspace.path, &Job { edit, now, package: prepared })? {
                return self.update_locked(None, now).map(drop);
            }
            back_off(attempt);
        }
        Err(self.race())
    }

    /// Makes the commit of the package file that the proposer named.
    fn prepare(
        &self,
        workspace: &Workspace,
        found: &Found,
        name: &PackageName,
        release: &Release,
    ) -> Result<Prepared, RegistryError> {
        let repository = repository::open(&workspace.path)?;
        let file = self.check_file(found, name, release)?;
        let commit = commit::package(&repository, name, &release.version, file, workspace.tip)?;
        match release.commit.as_deref() == Some(commit.to_string().as_str()) {
            true => Ok(Prepared { commit, tip: workspace.tip }),
            false => Err(RegistryError::Overtaken { name: name.clone(), version: release.version.clone() }),
        }
    }

    /// The package file of a proposal is the one that its release names, and its publishers signed it for publication.
    fn check_file<'f>(
        &self,
        found: &'f Found,
        name: &PackageName,
        release: &Release,
    ) -> Result<&'f [u8], RegistryError> {
        let missing = || IndexError::Malformed {
            path: FOLDER.to_owned(),
            expected: "the package file of its release",
            found: "none".to_owned(),
        };
        let file = found.file.as_deref().ok_or_else(missing)?;
        blob::check(name, release, file)?;
        let owners = self.owners_after(&found.proposal, name)?.into_iter();
        let publishers = owners.map(|key| TrustedKey { key, name: name.namespace().to_string() }).collect();
        let trust = Trust { publishers, development: None, threshold: 1 };
        verify::open(Cursor::new(file), &trust).map_err(|error| RegistryError::Package(Box::new(error)))?;
        Ok(file)
    }

    /// Who owns the namespace of a package once a proposal is taken in. Its records are verified with the proposal.
    fn owners_after(&self, proposal: &Proposal, name: &PackageName) -> Result<Vec<PublicKey>, RegistryError> {
        let path = layout::namespace(name.namespace());
        let record = proposal.lines.iter().rev().find(|line| line.path == path);
        let Some(record) = record else {
            let entry = mpp_index::package::namespace(&self.snapshot()?, self.trusted()?, name.namespace())?;
            return Ok(entry.and_then(|mut entry| entry.records.pop()).map(|last| last.keys).unwrap_or_default());
        };
        let record: NamespaceRecord = serde_json::from_str(&record.line.signed).map_err(|error| malformed(&error))?;
        Ok(record.owners.keys.iter().filter_map(|key| PublicKey::from_base64(key).ok()).collect())
    }

    /// Takes in the proposals in a folder of files, such as a clone of the branch that pull requests go to. The files stay; what is in
    /// the index already is passed over.
    ///
    /// # Errors
    /// As [`Registry::take_proposals`].
    pub fn take_proposals_in(
        &mut self,
        folder: &Path,
        head_keys: &[&dyn Signer],
        now: Instant,
    ) -> Result<Vec<Looked>, RegistryError> {
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        self.update_for_signing(now)?;
        plan::sign_head(&self.snapshot()?, self.trusted()?, head_keys, now)?;
        let mut looked = Vec::new();
        for json in json_files(&folder.join(FOLDER))? {
            let read = read_files(&json).and_then(|found| {
                let releases = plan::releases_of(&found.proposal)?;
                Ok((found, releases))
            });
            let (releases, outcome) = match read {
                Ok((found, releases)) => {
                    let outcome = self.take_found(&found, &releases, head_keys, now);
                    (releases, outcome)
                }
                Err(error) => (Vec::new(), Err(error)),
            };
            let waits_in = json.display().to_string();
            match outcome {
                Err(error) if is_ours(&error) => return Err(error),
                outcome => looked.push(Looked { waits_in, releases, refused: outcome.err() }),
            }
        }
        Ok(looked)
    }

    /// Checks the proposals in a folder of files, such as that of a pull request, against the newest state of the registry.
    ///
    /// # Errors
    /// When one of them would not be taken in.
    pub fn check_proposals(&mut self, folder: &Path, now: Instant) -> Result<Vec<Looked>, RegistryError> {
        self.update(None, now)?;
        let mut looked = Vec::new();
        for json in json_files(&folder.join(FOLDER))? {
            let releases = self.check_found(&read_files(&json)?, now)?;
            looked.push(Looked { waits_in: json.display().to_string(), releases, refused: None });
        }
        Ok(looked)
    }

    /// Checks one proposal against what is believed.
    pub(crate) fn check_found(
        &self,
        found: &Found,
        now: Instant,
    ) -> Result<Vec<(PackageName, Release)>, RegistryError> {
        let releases = plan::releases_of(&found.proposal)?;
        plan::check_proposal(&self.snapshot()?, self.trusted()?, &found.proposal, now)?;
        for (name, release) in &releases {
            self.check_file(found, name, release)?;
        }
        Ok(releases)
    }
}

/// Reads a proposal from its commit, which holds it and nothing else.
pub(crate) fn read(repository: &Repository, waits_in: &str, commit: ObjectId) -> Result<Found, RegistryError> {
    let refused = |reason: String| RegistryError::Push { reference: waits_in.to_owned(), reason };
    let snapshot = Snapshot::new(repository.clone(), commit)?;
    let root = snapshot.entries("", snapshot.tree())?;
    let folder = match root.iter().collect::<Vec<_>>().as_slice() {
        [(name, (id, EntryKind::Tree))] if *name == FOLDER => *id,
        _ => return Err(refused(format!("expected nothing but the folder `{FOLDER}`"))),
    };
    let entries = snapshot.entries(FOLDER, folder)?;
    let one = |ending: &str| {
        let mut fitting = entries.keys().filter(|name| name.ends_with(ending));
        (fitting.next(), fitting.next())
    };
    let ((Some(json), None), (package, None)) = (one(".json"), one(".mpp")) else {
        return Err(refused("expected one file of lines, and at most one package file".to_owned()));
    };
    if entries.len() != 1 + usize::from(package.is_some()) {
        return Err(refused("it holds other files".to_owned()));
    }
    let lines = snapshot.read(&format!("{FOLDER}/{json}"))?.unwrap_or_default();
    let file = match package {
        Some(name) => {
            let path = format!("{FOLDER}/{name}");
            let id = snapshot.find(&path)?.ok_or_else(|| refused("its package file is gone".to_owned()))?;
            Some(snapshot.object_within(&path, id, gix::objs::Kind::Blob, FILE_BYTES_MAX)?)
        }
        None => None,
    };
    let found = Found { proposal: parse(&lines)?, file };
    check_reference(waits_in, &found.proposal)?;
    Ok(found)
}

/// `refs/heads/publish/<key>/<id>`: the key is one that signed a line, so that nobody fills up the place of another.
fn check_reference(waits_in: &str, proposal: &Proposal) -> Result<(), RegistryError> {
    let refused = |reason: &str| RegistryError::Push { reference: waits_in.to_owned(), reason: reason.to_owned() };
    let parts = waits_in.strip_prefix(PROPOSALS).and_then(|rest| rest.split_once('/'));
    let (key, id) = parts.ok_or_else(|| refused("expected `refs/heads/publish/<key>/<id>`"))?;
    let key: KeyId = key.parse().map_err(|_| refused("expected the id of a key"))?;
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refused("expected an id of hexadecimal digits"));
    }
    let mut texts = proposal.lines.iter().flat_map(|line| &line.line.signatures);
    match texts.any(|text| SignatureText::parse(text).is_ok_and(|signature| signature.key_id() == key)) {
        true => Ok(()),
        false => Err(refused("the key that it is named by signed no line of it")),
    }
}

fn parse(lines: &[u8]) -> Result<Proposal, RegistryError> {
    serde_json::from_slice(lines).map_err(|error| malformed(&error))
}

fn malformed(error: &serde_json::Error) -> RegistryError {
    let (path, found) = (FOLDER.to_owned(), mpp_schema::text::excerpt(&error.to_string()));
    IndexError::Malformed { path, expected: "a proposal", found }.into()
}

/// Whether a failure is not the proposal's fault: the registry cannot be read or written.
fn is_ours(error: &RegistryError) -> bool {
    use RegistryError::{Disk, Io, NoGit, Unreachable};
    matches!(error, Unreachable { .. } | NoGit(_) | Io { .. } | Disk { .. })
}

fn read_files(json: &Path) -> Result<Found, RegistryError> {
    let package = json.with_extension("mpp");
    let is_there = fs::symlink_metadata(&package).is_ok();
    let file = is_there.then(|| read_plain(&package, FILE_BYTES_MAX)).transpose()?;
    Ok(Found { proposal: parse(&read_plain(json, layout::FILE_BYTES_MAX as u64)?)?, file })
}

/// Reads a file that somebody else put there: no link, which could lead anywhere, no device or pipe, which could have no end.
fn read_plain(path: &Path, bytes_max: u64) -> Result<Vec<u8>, RegistryError> {
    let failed = |error: std::io::Error| RegistryError::io("read", path)(error);
    if !fs::symlink_metadata(path).map_err(failed)?.is_file() {
        let reference = mpp_schema::text::excerpt(&path.display().to_string());
        return Err(RegistryError::Push { reference, reason: "expected a plain file".to_owned() });
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes)).map_err(failed)?;
    match bytes.len() as u64 {
        found if found > bytes_max => Err(RegistryError::TooLarge { expected: bytes_max, found }),
        _ => Ok(bytes),
    }
}

fn json_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, RegistryError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RegistryError::io("looked into", folder)(error)),
    };
    let mut found: Vec<_> = entries
        .map(|entry| Ok(entry.map_err(RegistryError::io("looked into", folder))?.path()))
        .collect::<Result<_, RegistryError>>()?;
    found.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    found.sort();
    Ok(found)
}

/// A proposal that was made here.
struct Made {
    name: PackageName,
    release: Release,
    proposal: Option<Proposal>,
}

impl Made {
    /// The files of the proposal, by name.
    fn files(&self, package: &[u8]) -> Vec<(String, Vec<u8>)> {
        let lines = serde_json::to_vec(&self.proposal).expect("our own shapes have only text keys and finite numbers");
        let named = |ending: &str| format!("{}.{ending}", self.release.file);
        vec![(named("json"), [lines, b"\n".to_vec()].concat()), (named("mpp"), package.to_vec())]
    }

    fn report(&self, status: PublishStatus, waits_in: Option<String>) -> ProposalReport {
        let release = crate::publish::report(self.name.clone(), &self.release, status);
        ProposalReport { release, waits_in }
    }
}
