//! `mpp install`: resolve, fetch, verify fully, keep.
//!
//! The keys that count are the owners of the package's namespace, as the verified index names them. What is kept has passed
//! everything that `verify --full` asks.

use super::verify::check_content;
use crate::{
    Context, OpsError,
    consent::changed_tools,
    home::installed::InstalledRecord,
    package_file, project_files,
    registries::{self, OpenRegistry},
    sentences, standing,
};
use mpp_index::{
    IndexError,
    package::{PackageEntry, SignedRelease},
    resolve::{self, About, Age, Remark, Requirement},
};
use mpp_package::verify::{self, Trust, TrustedKey};
use mpp_policy::Request;
use mpp_registry::Wanted;
use mpp_schema::{
    Code, Coded, Digest, FormatVersion, KeyId, PackageName, RegistryId, ToolName, Version, VersionReq, codes,
    lock::{LockedPackage, Lockfile, ToolRequirement},
    permissions::Permissions,
    text::excerpt,
    tools::ToolsFile,
};
use mpp_wit::ToolsDifference;
use serde::Serialize;
use std::{collections::BTreeMap, io::Cursor};

/// How to install.
#[derive(Debug, Default)]
pub struct InstallOptions {
    /// The registry; nothing for the only one that has the package.
    pub registry: Option<String>,
    /// Install exactly what `mpp.lock` says.
    pub locked: bool,
    /// How long ago a version must have been signed to be chosen anew, in days.
    pub minimum_age_days: u32,
}

impl InstallOptions {
    fn age(&self, context: &Context<'_>) -> Age {
        Age::at_least(u64::from(self.minimum_age_days) * 86_400, context.now)
    }
}

/// A package that was installed.
#[derive(Debug, Serialize)]
pub struct InstallReport {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Package digest.
    pub digest: Digest,
    /// The version that was there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Version>,
    /// Its tools.
    pub tools: Vec<ToolName>,
    /// What it asks for, in sentences.
    pub asks_for: Vec<String>,
    /// What deserves a second look.
    pub unusual: Vec<String>,
    /// What it asks for and the version before did not, in sentences: with this, earlier grants are worth nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub newly_asks_for: Vec<String>,
    /// What the version before asked for and it does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_longer_asks_for: Vec<String>,
    /// What changes about the tools since the version before, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed_tools: Vec<String>,
    /// Who signed the version before, where nobody of them signed this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signers_before: Vec<KeyId>,
    /// What people should know about the version, and about those that were passed over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A lock file that does not say what is needed.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is none.
    #[error("could not install what `mpp.lock` says: there is no such file here")]
    Missing,
    /// It does not fit the request.
    #[error("could not keep to `mpp.lock`: it does not hold a fitting version of `{0}`")]
    Outdated(PackageName),
    /// The registry has another package under a locked version.
    #[error("could not accept `{name}@{version}`: `mpp.lock` says {expected}, and the registry says {found}")]
    Changed {
        /// The package.
        name: PackageName,
        /// The version.
        version: Version,
        /// What the lock says.
        expected: Digest,
        /// What the registry says.
        found: Digest,
    },
}

impl Coded for LockError {
    fn code(&self) -> Code {
        match self {
            Self::Missing | Self::Outdated(_) => codes::PACKAGE_NOT_FOUND,
            Self::Changed { .. } => codes::INDEX_BINDING,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing | Self::Outdated(_) => vec!["mpp install".to_owned()],
            Self::Changed { .. } => vec!["ask the registry's owner: a published version never changes".to_owned()],
        }
    }
}

/// Installs one package.
pub fn install(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
    options: &InstallOptions,
) -> Result<InstallReport, OpsError> {
    let (open, entry) = registries::find(context, name, options.registry.as_deref())?;
    let requirement = Requirement { version: version.cloned().unwrap_or(VersionReq::STAR), locked: None };
    let wanted = BTreeMap::from([(name.clone(), requirement)]);
    let locked = open.registry.locked(open.known.name.as_str())?;
    let age = options.age(context);
    let resolved = resolve::resolve::<OpsError>(&wanted, age, |_| Ok(Some((locked.clone(), entry.clone()))))?;
    match resolved.lock.packages.as_slice() {
        [package] => {
            let one = Resolved { open, entry, package: package.clone(), remarks: resolved.remarks };
            let file = fetch(context, std::slice::from_ref(&one))?.pop();
            let file = file.ok_or_else(|| registries::FindError::None(name.clone()))?;
            keep(context, &one, &file)
        }
        _ => Err(registries::FindError::None(name.clone()).into()),
    }
}

/// Installs what `mpp-tools.toml` in the context's folder asks for, and writes `mpp.lock`.
pub fn install_project(context: &Context<'_>, options: &InstallOptions) -> Result<Vec<InstallReport>, OpsError> {
    let request = project_files::read_request(&context.folder)?;
    let lock = project_files::read_lock(&context.folder)?;
    if options.locked && lock.is_none() {
        return Err(LockError::Missing.into());
    }
    let mut all = Vec::new();
    for (name, requirement) in &request.tools {
        all.push(resolve_one(context, name, requirement, lock.as_ref(), options)?);
    }
    let files = fetch(context, &all)?;
    let mut new = Lockfile { mpp: FormatVersion::CURRENT, registries: Vec::new(), packages: Vec::new() };
    let mut reports = Vec::new();
    for (one, file) in all.into_iter().zip(files) {
        reports.push(keep(context, &one, &file)?);
        let Resolved { open, package, .. } = one;
        let registry = open.registry.locked(open.known.name.as_str())?;
        if !new.registries.contains(&registry) {
            new.registries.push(registry);
        }
        new.packages.push(package);
    }
    if !options.locked && lock.as_ref() != Some(&new) {
        project_files::write_lock(&context.folder, &new)?;
    }
    Ok(reports)
}

/// A version that was chosen, and where from.
struct Resolved {
    open: OpenRegistry,
    entry: PackageEntry,
    package: LockedPackage,
    remarks: Vec<Remark>,
}

impl Resolved {
    fn signed(&self) -> Result<&SignedRelease, OpsError> {
        let signed = self.entry.release(&self.package.version);
        Ok(signed.ok_or_else(|| registries::FindError::None(self.package.name.clone()))?)
    }
}

/// Fetches the files of what was chosen, those of one registry together. Nothing is kept before all of them are here.
fn fetch(context: &Context<'_>, all: &[Resolved]) -> Result<Vec<Vec<u8>>, OpsError> {
    let mut by_registry: BTreeMap<RegistryId, Vec<usize>> = BTreeMap::new();
    for (place, one) in all.iter().enumerate() {
        by_registry.entry(one.open.known.id).or_default().push(place);
    }
    let mut groups: Vec<_> = by_registry.into_values().collect();
    groups.sort();
    let mut files: Vec<Vec<u8>> = vec![Vec::new(); all.len()];
    for places in groups {
        let of_it = places.iter().map(|place| &all[*place]);
        let wanted = of_it.map(|one| Ok(Wanted { name: &one.package.name, release: &one.signed()?.release }));
        let wanted = wanted.collect::<Result<Vec<_>, OpsError>>()?;
        let fetched = registries::fetch(context, &all[places[0]].open, &wanted)?;
        places.into_iter().zip(fetched).for_each(|(place, file)| files[place] = file.into_bytes());
    }
    Ok(files)
}

fn resolve_one(
    context: &Context<'_>,
    name: &PackageName,
    requirement: &ToolRequirement,
    lock: Option<&Lockfile>,
    options: &InstallOptions,
) -> Result<Resolved, OpsError> {
    let (version, registry) = match requirement {
        ToolRequirement::Version(version) => (version, options.registry.as_deref()),
        ToolRequirement::Full { version, registry } => (version, registry.as_deref().or(options.registry.as_deref())),
    };
    let held = lock.and_then(|lock| lock.packages.iter().find(|package| package.name == *name));
    let fits = held.filter(|held| version.matches(&held.version));
    if options.locked && fits.is_none() {
        return Err(LockError::Outdated(name.clone()).into());
    }
    let (open, entry) = registries::find(context, name, registry)?;
    let wanted = Requirement { version: version.clone(), locked: fits.map(|held| held.version.clone()) };
    let registry = open.registry.locked(open.known.name.as_str())?;
    let one = BTreeMap::from([(name.clone(), wanted)]);
    let age = options.age(context);
    let mut resolved = resolve::resolve::<OpsError>(&one, age, |_| Ok(Some((registry.clone(), entry.clone()))))?;
    let package = resolved.lock.packages.pop().ok_or_else(|| registries::FindError::None(name.clone()))?;
    match fits {
        Some(held) if options.locked && held.version != package.version => Err(refused(&entry, held)),
        Some(held) if held.version == package.version && held.digest != package.digest => Err(LockError::Changed {
            name: name.clone(),
            version: held.version.clone(),
            expected: held.digest,
            found: package.digest,
        }
        .into()),
        _ => Ok(Resolved { open, entry, package, remarks: resolved.remarks }),
    }
}

/// Why the version in a lock file is not taken although it fits: it is blocked, or the registry does not have it.
fn refused(entry: &PackageEntry, held: &LockedPackage) -> OpsError {
    let blocked = entry.release(&held.version).and_then(|signed| signed.standing.blocked.as_ref());
    match blocked {
        Some(said) => IndexError::Blocked {
            name: held.name.clone(),
            version: Box::new(held.version.clone()),
            reason: said.reason.clone(),
        }
        .into(),
        None => LockError::Outdated(held.name.clone()).into(),
    }
}

/// Verifies a file fully and keeps it.
fn keep(context: &Context<'_>, one: &Resolved, file: &[u8]) -> Result<InstallReport, OpsError> {
    let Resolved { open, entry, package, remarks } = one;
    let (name, signed) = (&package.name, one.signed()?);
    let mut verified = verify::open(Cursor::new(file), &owners(entry, signed))?;
    check_content(&mut verified)?;
    let manifest = verified.manifest().clone();
    let definitions = verified.tools()?;
    let before = context.home.installed(name).ok();
    let signers: Vec<KeyId> = verified.signers().iter().map(|signer| signer.key).collect();
    let changes = before.as_ref().map(|record| changes(context, record, &manifest.permissions, &definitions, &signers));
    let Changes { asked: difference, tools: changed_tools, signers_before } = changes.unwrap_or_default();
    let tools = definitions.tools.into_iter().map(|tool| tool.name).collect();
    let replaced = before.map(|record| record.version);
    let record = InstalledRecord {
        mpp: FormatVersion::CURRENT,
        name: name.clone(),
        version: manifest.version.clone(),
        digest: verified.digest(),
        file: package.file,
        publishers: standing::publishers(signed),
        registry: Some(open.known.id),
        description: manifest.description.clone(),
        installed: context.now,
    };
    super::kv::follow(&context.home, entry, &signers)?;
    context.home.keep(&record, file)?;
    Ok(InstallReport {
        name: record.name,
        version: record.version,
        digest: record.digest,
        replaced: replaced.filter(|version| *version != manifest.version),
        tools,
        asks_for: sentences(&manifest.permissions),
        unusual: mpp_policy::unusual(&manifest.permissions),
        newly_asks_for: difference.added,
        no_longer_asks_for: difference.removed,
        changed_tools,
        signers_before,
        remarks: remarks.iter().map(sentence).collect(),
    })
}

/// What changes between the installed version and the next.
#[derive(Default)]
struct Changes {
    asked: mpp_policy::Difference,
    tools: Vec<String>,
    signers_before: Vec<KeyId>,
}

/// Compares the installed version with the next. The old file is only described: a damaged one hinders no update.
fn changes(
    context: &Context<'_>,
    before: &InstalledRecord,
    asked: &Permissions,
    tools: &ToolsFile,
    signers: &[KeyId],
) -> Changes {
    let path = context.home.package_path(before.file);
    let file = std::fs::File::open(&path).ok();
    let package = file.and_then(|file| mpp_package::peek(std::io::BufReader::new(file)).ok());
    let older = package.map(|package| Request::of(&package.manifest.permissions)).unwrap_or_default();
    let trust = package_file::trust_for_installed(before).ok();
    let opened = trust.and_then(|trust| package_file::open_verified(context, &path, &trust).ok());
    let (mut changed, mut signers_before) = (Vec::new(), Vec::new());
    if let Some(mut opened) = opened {
        if let Ok(older) = opened.tools() {
            changed = changed_tools(&ToolsDifference::between(&older, tools));
        }
        signers_before = opened.signers().iter().map(|signer| signer.key).collect();
        if signers_before.iter().any(|key| signers.contains(key)) {
            signers_before.clear();
        }
    }
    Changes { asked: older.difference(&Request::of(asked)), tools: changed, signers_before }
}

/// The owners of the namespace at the time of the release are who may have signed.
pub(crate) fn owners(entry: &PackageEntry, signed: &SignedRelease) -> Trust {
    let namespace = entry.name.namespace().to_string();
    let publishers = signed.owners.iter().map(|key| TrustedKey { key: *key, name: namespace.clone() }).collect();
    Trust { publishers, development: None, threshold: 1 }
}

/// A remark in one sentence, with the words of others quoted and escaped.
fn sentence(remark: &Remark) -> String {
    let Remark { name, version, what, reason } = remark;
    let what = match what {
        About::TakenThoughYanked => "was yanked, and is taken because mpp.lock holds it",
        About::TakenThoughDeprecated => "is deprecated",
        About::PassedOverBlocked => "was passed over because it is blocked",
        About::PassedOverYanked => "was passed over because it was yanked",
        About::PassedOverYoung => return format!("{name}@{version} was passed over because it is too young"),
    };
    format!("{name}@{version} {what}: \"{}\"", excerpt(reason))
}
