//! The operations about the index of a registry: what a client comes to believe, what it takes from there, and which names it lets somebody claim.

use super::{accepted, accepted_as, bytes, text};
use crate::{OpsError, atomic_write::IoError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mpp_index::{
    IndexError, MemoryFiles,
    package::{self, PackageEntry},
    plan::{self, Publish},
    resolve::{self, Age, Requirement},
    state::{self, Candidate, Trusted, TrustedState},
};
use mpp_package::key::SecretKey;
use mpp_registry::{FetchedPackage, Registry};
use mpp_schema::{Digest, Instant, KeyId, PackageName, Version, VersionReq, index::Release, manifest::Kind};
use serde::Deserialize;
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// From one state of an index to another.
#[derive(Deserialize)]
pub(super) struct Update {
    known: Option<PathBuf>,
    offered: PathBuf,
    known_at: Instant,
    now: Instant,
    pin: Option<Digest>,
}

impl Update {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let offered = index(&self.offered)?;
        let known = self.known.as_deref().map(index).transpose()?;
        let believed = known.as_ref().map(|files| first(files, self.known_at)).transpose()?;
        let trusted = believed.as_ref().map(|state| Trusted { state, files: known.as_ref().map(|files| files as _) });
        let changed = changed(known.as_ref(), &offered);
        let candidate = Candidate { files: &offered, changed: Some(&changed) };
        let update = state::update(trusted, self.pin, &candidate, self.now)?;
        Ok(accepted_as(head_of(&update.state)))
    }
}

/// From one state of a repository to another.
#[derive(Deserialize)]
pub(super) struct Fetch {
    known: PathBuf,
    offered: PathBuf,
    now: Instant,
}

impl Fetch {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let folder = tempfile::tempdir().map_err(IoError::on("make a folder for", &self.offered))?;
        let repository = folder.path().join("registry.git");
        let location = repository.to_string_lossy();
        write_repository(&self.known, &repository)?;
        let mut client = Registry::open(&location, folder.path().join("home"))?;
        client.update(None, self.now)?;
        fs::remove_dir_all(&repository).map_err(IoError::on("remove", &repository))?;
        write_repository(&self.offered, &repository)?;
        client.update(None, self.now)?;
        Ok(accepted_as(head_of(client.trusted()?)))
    }
}

/// What is taken of a package.
#[derive(Deserialize)]
pub(super) struct Resolve {
    index: PathBuf,
    now: Instant,
    name: PackageName,
    requirement: VersionReq,
    locked: Option<Version>,
    pinned: Option<KeyId>,
}

impl Resolve {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let entry = entry(&self.index, self.now, &self.name)?;
        if let Some(pinned) = self.pinned {
            entry.namespace.check_pin(pinned)?;
        }
        let requirement = Requirement { version: self.requirement.clone(), locked: self.locked.clone() };
        let chosen = resolve::choose(&entry, &requirement, Age::default())?;
        Ok(accepted_as(chosen.release.package))
    }
}

/// A file for a release.
#[derive(Deserialize)]
pub(super) struct CheckFile {
    index: PathBuf,
    now: Instant,
    name: PackageName,
    version: Version,
    file: PathBuf,
}

impl CheckFile {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let entry = entry(&self.index, self.now, &self.name)?;
        let signed = entry.release(&self.version).ok_or_else(|| not_found(&self.name, &self.version.to_string()))?;
        FetchedPackage::of(&self.name, &signed.release, bytes(&self.file)?)?;
        Ok(accepted_as(signed.release.package))
    }
}

/// A new name.
#[derive(Deserialize)]
pub(super) struct Claim {
    index: PathBuf,
    now: Instant,
    name: PackageName,
    key: PathBuf,
}

impl Claim {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let files = index(&self.index)?;
        let state = first(&files, self.now)?;
        let key = SecretKey::from_file_text(&text(&self.key)?, None)?;
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
        let new = Publish { name: &self.name, release, publishers: &[&key], head_keys: &[], now: self.now };
        plan::propose(&files, &state, &new)?;
        Ok(accepted())
    }
}

/// Reads the files of an index.
fn index(path: &Path) -> Result<MemoryFiles, OpsError> {
    let files: BTreeMap<String, String> = object(path)?;
    Ok(MemoryFiles(files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect()))
}

/// Writes the files of a repository.
fn write_repository(path: &Path, to: &Path) -> Result<(), OpsError> {
    for (name, text) in object::<BTreeMap<String, String>>(path)? {
        let bytes = STANDARD.decode(text).map_err(|error| malformed(path, error.to_string()))?;
        let file = to.join(name);
        let folder = file.parent().unwrap_or(to);
        fs::create_dir_all(folder).map_err(IoError::on("make the folder", folder))?;
        fs::write(&file, bytes).map_err(IoError::on("write", &file))?;
    }
    Ok(())
}

fn object<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, OpsError> {
    serde_json::from_slice(&bytes(path)?).map_err(|error| malformed(path, error.to_string()))
}

fn malformed(path: &Path, found: String) -> OpsError {
    IndexError::Malformed { path: path.display().to_string(), expected: "one object of files", found }.into()
}

/// What a client believes that sees an index for the first time.
fn first(files: &MemoryFiles, now: Instant) -> Result<TrustedState, OpsError> {
    let all = changed(None, files);
    Ok(state::update(None, None, &Candidate { files, changed: Some(&all) }, now)?.state)
}

fn entry(path: &Path, now: Instant, name: &PackageName) -> Result<PackageEntry, OpsError> {
    let files = index(path)?;
    let state = first(&files, now)?;
    Ok(package::package(&files, &state, name)?.ok_or_else(|| not_found(name, "any version"))?)
}

fn not_found(name: &PackageName, requirement: &str) -> IndexError {
    let found = "the registry does not have it".to_owned();
    IndexError::NotFound { name: name.clone(), requirement: requirement.to_owned(), found }
}

/// The paths that differ.
fn changed(known: Option<&MemoryFiles>, offered: &MemoryFiles) -> BTreeSet<String> {
    let before = |path: &String| known.and_then(|files| files.0.get(path));
    let paths = offered.0.keys().chain(known.iter().flat_map(|files| files.0.keys()));
    paths.filter(|path| before(path) != offered.0.get(*path)).cloned().collect()
}

/// SHA-256 of the text of the head.
fn head_of(state: &TrustedState) -> Digest {
    Digest::of(state.signed_head().signed.as_bytes())
}
