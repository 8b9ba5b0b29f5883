//! `mpp publish`: one signed statement and one stored file in a registry.
//!
//! A project is built and signed anew; a file must already carry the publisher's signature. Development signatures are refused: they
//! mean nothing to anybody else.

use super::{
    build::{self, BuildOptions},
    install::owners,
    sign::find_key,
    verify::check_content,
};
use crate::{
    Context, Event, OpsError,
    atomic_write::IoError,
    home::keys,
    registries::{self, OpenRegistry},
    verb::run::is_package_word,
};
use mpp_package::{
    key::{PublicKey, SecretKey, Signer},
    pack::Package,
    verify::{self, Trust, TrustedKey},
};
use mpp_registry::{ProposalReport, PublishStatus};
use mpp_schema::{Digest, Ident, KeyId, PackageName, Version, text::escaped};
use mpp_wit::{Incompatibility, ToolSet, WitFolder};
use serde::Serialize;
use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

/// Where to and as whom.
#[derive(Debug, Default)]
pub struct PublishOptions {
    /// The registry; nothing for the only one.
    pub registry: Option<String>,
    /// The publisher key by name or path; nothing for the only one, or one that is made now.
    pub key: Option<String>,
    /// The registry's key file; nothing for the one that this home keeps.
    pub head_key: Option<PathBuf>,
    /// Check everything and change nothing.
    pub dry_run: bool,
    /// Write a proposal into this folder, from which a pull request is made, and push nothing.
    pub pull_request: Option<PathBuf>,
    /// Publish a project although its git work tree holds changes that are not committed.
    pub allow_dirty: bool,
}

/// What was published.
#[derive(Debug, Serialize)]
pub struct PublishReport {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Package digest.
    pub digest: Digest,
    /// SHA-256 of the file.
    pub file: Digest,
    /// The registry.
    pub registry: Ident,
    /// The publisher key that signed.
    pub key: KeyId,
    /// Whether the version was not there before.
    pub new: bool,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
    /// Where a proposal waits for whoever holds a head key; nothing when the version was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    /// The size of the file in bytes.
    pub size: u64,
    /// The reference that leads, or would lead, to the file; nothing where files are kept outside of git, or the version was there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The files of the index that were, or would be, written; none when the version was there before.
    pub writes: Vec<String>,
    /// The version that this one can stand in for; nothing when it is the first of its range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatible_with: Option<Version>,
}

/// Publishes the project or package file at `path`.
pub fn publish(context: &Context<'_>, path: &Path, options: &PublishOptions) -> Result<PublishReport, OpsError> {
    let known = context.home.registry(options.registry.as_deref())?;
    let content = content(context, path, options.allow_dirty)?;
    let key = publisher_key(context, options.key.as_deref())?;
    let file = match content {
        Content::File(bytes) => bytes,
        Content::Package(package) => package.sign(&[&key])?.into_bytes(),
    };
    let new = check(&file, &key)?;
    let mut open = registries::open(context, known)?;
    let head_key = head_key(context, &open, options)?;
    open.registry.update_to_edit(context.now)?;
    let compatible_with = compatible(&open, &new, Digest::of(&file), key.public_key())?;
    let what = format!("to the registry `{}`", open.known.name);
    (context.tell)(Event::Started { step: if head_key.is_some() { "publishing" } else { "proposing" }, what });
    let head_keys: Vec<&dyn Signer> = head_key.iter().map(|key| key as &dyn Signer).collect();
    let how = mpp_registry::PublishOptions {
        file: &file,
        publishers: &[&key],
        head_keys: &head_keys,
        dry_run: options.dry_run,
    };
    let (done, proposed) = match (&options.pull_request, &head_key) {
        (Some(folder), _) => proposed(open.registry.write_proposal(&how, &context.path(folder), context.now)?),
        (None, None) => proposed(open.registry.propose(&how, context.now)?),
        (None, Some(_)) => (open.registry.publish(&how, context.now)?, None),
    };
    (context.tell)(Event::Finished);
    Ok(PublishReport {
        name: done.name,
        version: done.version,
        digest: done.package,
        file: done.file,
        registry: open.known.name,
        key: key.public_key().id(),
        new: done.status != PublishStatus::Already,
        dry_run: options.dry_run,
        proposed,
        size: file.len() as u64,
        reference: done.reference,
        writes: done.writes,
        compatible_with,
    })
}

fn proposed(report: ProposalReport) -> (mpp_registry::PublishReport, Option<String>) {
    (report.release, report.waits_in)
}

/// The head key; nothing where this home holds none and none is named, so that the package is proposed.
fn head_key(
    context: &Context<'_>,
    open: &registries::OpenRegistry,
    options: &PublishOptions,
) -> Result<Option<SecretKey>, OpsError> {
    if options.pull_request.is_some() {
        return Ok(None);
    }
    if let Some(path) = &options.head_key {
        return keys::read_secret_key(&context.path(path), context.passwords).map(Some);
    }
    match context.home.registry_key(open.known.id, context.passwords) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.code() == mpp_schema::codes::REGISTRY_NO_HEAD_KEY => Ok(None),
        Err(error) => Err(error),
    }
}

/// The named key, else the only one, else one that is made now.
fn publisher_key(context: &Context<'_>, name: Option<&str>) -> Result<SecretKey, OpsError> {
    if let Some(name) = name {
        return find_key(context, name);
    }
    let keys = context.home.keys()?;
    match keys.as_slice() {
        [] => make_key(context),
        [only] => context.home.secret_key(&only.name, context.passwords),
        several => Err(SeveralKeys(several.iter().map(|key| key.name.clone()).collect()).into()),
    }
}

const FIRST_KEY: &str = "publisher";

fn make_key(context: &Context<'_>) -> Result<SecretKey, OpsError> {
    let key = SecretKey::generate()?;
    context.home.add_key(&FIRST_KEY.parse()?, &key, None)?;
    let public = key.public_key().to_base64();
    (context.tell)(Event::Note(format!("made the key `{FIRST_KEY}` without a password; its public half is {public}")));
    Ok(key)
}

/// The home has several keys and none was named.
#[derive(Debug, thiserror::Error)]
#[error("could not choose a key: this home has {}", .0.join(", "))]
pub struct SeveralKeys(Vec<String>);

impl mpp_schema::Coded for SeveralKeys {
    fn code(&self) -> mpp_schema::Code {
        mpp_schema::codes::KEY_NOT_FOUND
    }
    fn hints(&self) -> Vec<String> {
        self.0.iter().map(|name| format!("mpp publish --key {name}")).collect()
    }
}

/// What is to be published.
enum Content {
    /// A file that somebody signed.
    File(Vec<u8>),
    /// A package that was built now.
    Package(Box<Package>),
}

/// Read or built before a key is chosen, because choosing one may make one.
fn content(context: &Context<'_>, path: &Path, allow_dirty: bool) -> Result<Content, OpsError> {
    if is_package_word(&path.to_string_lossy()) && path.extension().is_some_and(|extension| extension == "mpp") {
        let path = context.path(path);
        return Ok(Content::File(fs::read(&path).map_err(IoError::on("read", &path))?));
    }
    let options = BuildOptions::default();
    let projects = build::projects(context, path, &options)?;
    let [project] = projects.as_slice() else {
        return Err(SeveralProjects(build::folders(&projects)).into());
    };
    if !allow_dirty {
        let changes = mpp_build::uncommitted(&project.folder, &mpp_build::Programs::default().git);
        if !changes.is_empty() {
            return Err(Dirty { folder: project.folder.clone(), changes }.into());
        }
    }
    let (package, _) = build::package(context, project, &options)?;
    Ok(Content::Package(Box::new(package)))
}

/// The workspace has several tools and none was named.
#[derive(Debug, thiserror::Error)]
#[error("could not publish the workspace at once: it has the tools in {}", .0.join(", "))]
pub struct SeveralProjects(Vec<String>);

impl mpp_schema::Coded for SeveralProjects {
    fn code(&self) -> mpp_schema::Code {
        mpp_schema::codes::USAGE
    }
    fn hints(&self) -> Vec<String> {
        self.0.iter().map(|folder| format!("mpp publish {folder}")).collect()
    }
}

/// The project is not what its repository holds, so that nobody else can build what would be published.
#[derive(Debug, thiserror::Error)]
#[error("could not publish `{}`: its git work tree holds what is not committed: {}", folder.display(), listed(changes))]
pub struct Dirty {
    folder: PathBuf,
    changes: Vec<String>,
}

/// The first of some lines of `git status`, and how many more there are.
fn listed(changes: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<_> = changes.iter().take(SHOWN).map(|change| escaped(change.trim())).collect();
    shown.extend((changes.len() > SHOWN).then(|| format!("and {} more", changes.len() - SHOWN)));
    shown.join(", ")
}

impl mpp_schema::Coded for Dirty {
    fn code(&self) -> mpp_schema::Code {
        mpp_schema::codes::BUILD_DIRTY
    }
    fn hints(&self) -> Vec<String> {
        vec!["git commit --all".to_owned(), "or publish it as it is: mpp publish --allow-dirty".to_owned()]
    }
}

/// A package that passed every check of an installing host.
struct Checked {
    name: PackageName,
    version: Version,
    tools: ToolSet,
}

/// What every installing host will check, checked before anything is published.
fn check(file: &[u8], key: &SecretKey) -> Result<Checked, OpsError> {
    let publisher = TrustedKey { key: *key.public_key(), name: "publisher".to_owned() };
    let mut package =
        verify::open(Cursor::new(file), &Trust { publishers: vec![publisher], development: None, threshold: 1 })?;
    let tools = check_content(&mut package)?;
    let manifest = package.manifest();
    Ok(Checked { name: manifest.name.clone(), version: manifest.version.clone(), tools })
}

/// Checks that the new version can stand in for the last one of its range; gives that one (TOOL-20). Whether the version is there already,
/// and whether the key may publish at all, is for the registry to say.
fn compatible(open: &OpenRegistry, new: &Checked, file: Digest, key: &PublicKey) -> Result<Option<Version>, OpsError> {
    let Some(entry) = open.registry.package(&new.name)? else { return Ok(None) };
    let is_there = entry.release(&new.version).is_some_and(|signed| signed.release.file == file);
    if is_there || !entry.owners.iter().any(|owner| owner.id() == key.id()) {
        return Ok(None);
    }
    let Some(older) = entry.predecessor(&new.version) else { return Ok(None) };
    let bytes = open.registry.fetch_blob(&new.name, &older.release)?.into_bytes();
    let mut package = verify::open(Cursor::new(bytes.as_slice()), &owners(&entry, older))?;
    let content = verify::verify_content(&mut package)?;
    let tools = ToolSet::from_wit(&WitFolder { files: content.wit }, Some(&package.manifest().world))?;
    let differences = mpp_wit::incompatibilities(&tools, &new.tools);
    let version = older.release.version.clone();
    match differences.is_empty() {
        true => Ok(Some(version)),
        false => {
            Err(Incompatible { name: new.name.clone(), new: new.version.clone(), older: version, differences }.into())
        }
    }
}

/// The new version cannot stand in for one that it would replace.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not publish {name}@{new}: it would replace {older} and cannot stand in for it: {}",
    sentences(differences)
)]
pub struct Incompatible {
    name: PackageName,
    new: Version,
    older: Version,
    differences: Vec<Incompatibility>,
}

fn sentences(differences: &[Incompatibility]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl mpp_schema::Coded for Incompatible {
    fn code(&self) -> mpp_schema::Code {
        mpp_schema::codes::WIT_INCOMPATIBLE
    }
    fn hints(&self) -> Vec<String> {
        let Version { major, minor, .. } = self.new;
        let next = if major == 0 { Version::new(0, minor + 1, 0) } else { Version::new(major + 1, 0, 0) };
        let Self { name, older, .. } = self;
        vec![
            format!("write `version = \"{next}\"`, or take the changes back"),
            format!("or, if nobody should rely on {older}: mpp yank {name}@{older} --reason TEXT"),
        ]
    }
}
