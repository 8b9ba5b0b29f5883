//! `mpp install`: resolve, fetch, verify fully, keep.
//!
//! The keys that count are the owners of the package's namespace, as the verified index names them; where nobody can be asked, those that
//! `mpp.lock` names (spec/project.md PROJ-6). What is kept has passed everything that `verify --full` asks.

pub(crate) mod arrived;
pub(crate) mod chosen;

pub use crate::registries::Network;
pub(crate) use chosen::owners;

use crate::{
    Context, Event, OpsError, project_files,
    registries::{FindError, Reached},
    vendored::Vendored,
};
use arrived::{Arrived, arrive, keep};
use chosen::{Chosen, Held, choose, choose_held, minimum_age, must_know};
use mpp_index::{
    locked::{self, check_locked, registry_of},
    resolve::Age,
};
use mpp_schema::{
    Code, Coded, Digest, FormatVersion, KeyId, PackageName, ToolName, Version, VersionReq, codes,
    lock::{LockedPackage, Lockfile, ToolRequirement, ToolsRequest},
};
use serde::Serialize;

/// How to install.
#[derive(Debug, Default)]
pub struct InstallOptions {
    /// The registry; nothing for the only one that has the package.
    pub registry: Option<String>,
    /// Install exactly what `mpp.lock` says, and nothing if it would have to change.
    pub locked: bool,
    /// How long ago a version must have been signed to be chosen anew, in days; nothing for what the policy and the project say.
    pub minimum_age_days: Option<u32>,
    /// Whether registries are asked.
    pub network: Network,
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

/// A lock file that does not say what is needed, or not what is there.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is none.
    #[error("could not install what `mpp.lock` says: there is no such file here")]
    Missing,
    /// Its registry does not have a locked version.
    #[error("could not keep to `mpp.lock`: its registry does not have `{}@{}`", .0.name, .0.version)]
    Gone(LockedPackage),
    /// What would be installed differs in something else.
    #[error("could not keep to `mpp.lock`: other keys signed what it names, or its registries are others")]
    Differs,
    /// Another package or file stands under a locked version.
    #[error("could not accept `{}@{}`: expected the package {} in the file {}, found {}@{}, the package {} in the file {}",
        .expected.name, .expected.version, .expected.digest, .expected.file, .found.name, .found.version, .found.digest, .found.file)]
    Changed {
        /// What was expected.
        expected: Box<LockedPackage>,
        /// What is there.
        found: Box<LockedPackage>,
    },
    /// Nobody can be asked for the file of a locked package.
    #[error("could not find the file of `{}@{}`: it is not vendored and not kept, and its registry cannot be asked", .0.name, .0.version)]
    NoFile(LockedPackage),
}

impl LockError {
    pub(crate) fn changed(expected: &LockedPackage, found: &LockedPackage) -> Self {
        Self::Changed { expected: Box::new(expected.clone()), found: Box::new(found.clone()) }
    }
}

impl Coded for LockError {
    fn code(&self) -> Code {
        match self {
            Self::Missing | Self::Gone(_) | Self::Differs => codes::LOCK_OUTDATED,
            Self::Changed { .. } => codes::INDEX_BINDING,
            Self::NoFile(_) => codes::REGISTRY_UNREACHABLE,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing | Self::Gone(_) | Self::Differs => vec!["mpp install".to_owned()],
            Self::Changed { .. } => vec!["ask the registry's owner: a published version never changes".to_owned()],
            Self::NoFile(_) => vec!["where there is a network: mpp vendor".to_owned()],
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
    let reached = Reached::new(options.network);
    let registry = options.registry.as_deref().map(|name| context.home.registry(Some(name))).transpose()?;
    let age = minimum_age(context, options.minimum_age_days, None)?;
    let version = version.cloned().unwrap_or(VersionReq::STAR);
    let chosen = choose(context, &reached, (name, &version), registry, (None, age))?;
    let arrived = arrive(context, None, vec![chosen])?.pop();
    keep(context, &arrived.ok_or_else(|| FindError::None(name.clone()))?)
}

/// Installs what `mpp-tools.toml` in the context's folder asks for, and writes `mpp.lock`.
pub fn install_project(context: &Context<'_>, options: &InstallOptions) -> Result<Vec<InstallReport>, OpsError> {
    let request = project_files::read_request(&context.folder)?;
    let lock = project_files::read_lock(&context.folder)?;
    if options.locked {
        check_locked(&request, lock.as_ref().ok_or(LockError::Missing)?)?;
    }
    let project = Project::new(context, &request, lock.as_ref(), options)?;
    let all = request.tools.iter().map(|(name, requirement)| project.choose(context, name, requirement));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let arrived = arrive(context, Some(&project.vendored), all)?;
    let new = lock_of(&arrived);
    if options.locked && lock.as_ref() != Some(&new) {
        return Err(LockError::Differs.into());
    }
    let reports = arrived.iter().map(|one| keep(context, one)).collect::<Result<Vec<_>, _>>()?;
    if lock.as_ref() != Some(&new) {
        for dropped in super::update::dropped(lock.as_ref(), &new) {
            (context.tell)(Event::Note(dropped.to_string()));
        }
        project_files::write_lock(&context.folder, &new)?;
    }
    Ok(reports)
}

/// A project whose packages are being chosen.
pub(crate) struct Project<'a> {
    pub(crate) reached: Reached,
    pub(crate) vendored: Vendored,
    pub(crate) lock: Option<&'a Lockfile>,
    pub(crate) age: Age,
    registry: Option<&'a str>,
    strictly: bool,
}

impl<'a> Project<'a> {
    pub(crate) fn new(
        context: &Context<'_>,
        request: &ToolsRequest,
        lock: Option<&'a Lockfile>,
        options: &'a InstallOptions,
    ) -> Result<Self, OpsError> {
        Ok(Self {
            reached: Reached::new(options.network),
            vendored: Vendored::of(&context.folder),
            lock,
            age: minimum_age(context, options.minimum_age_days, Some(request))?,
            registry: options.registry.as_deref(),
            strictly: options.locked,
        })
    }

    /// What the lock file holds of a package, where that fits.
    pub(crate) fn held<'b>(&self, name: &PackageName, requirement: &'b ToolRequirement) -> Option<Held<'b>>
    where
        'a: 'b,
    {
        let lock = self.lock?;
        let package = locked::find(lock, name).filter(|held| locked::gap(requirement, held, lock).is_none())?;
        Some(Held { lock, package, version: requirement.version(), strictly: self.strictly })
    }

    /// Chooses what is locked, else anew.
    pub(crate) fn choose(
        &self,
        context: &Context<'_>,
        name: &PackageName,
        requirement: &ToolRequirement,
    ) -> Result<Chosen, OpsError> {
        match self.held(name, requirement) {
            Some(held) => choose_held(context, &self.reached, &self.vendored, &held, self.age),
            None => self.choose_anew(context, name, requirement, (requirement.version(), None)),
        }
    }

    /// Chooses the highest version that fits, from the registry that the project names, or that it took the package from before.
    pub(crate) fn choose_anew(
        &self,
        context: &Context<'_>,
        name: &PackageName,
        requirement: &ToolRequirement,
        (version, held): (&VersionReq, Option<&Version>),
    ) -> Result<Chosen, OpsError> {
        let registries = self.lock.map(|lock| lock.registries.as_slice()).unwrap_or_default();
        let before = self.lock.and_then(|lock| registry_of(lock, locked::find(lock, name)?));
        let listed = match requirement.registry() {
            Some(named) => registries.iter().find(|registry| registry.name == named),
            None => before,
        };
        let registry = match (listed, requirement.registry().or(self.registry)) {
            (Some(listed), _) => Some(must_know(context, listed)?),
            (None, Some(named)) => Some(context.home.registry(Some(named))?),
            (None, None) => None,
        };
        let chosen = choose(context, &self.reached, (name, version), registry, (held, self.age))?;
        let listed = registries.iter().find(|registry| registry.id == chosen.registry.id);
        Ok(Chosen { registry: listed.unwrap_or(&chosen.registry).clone(), ..chosen })
    }
}

/// The lock file of what was verified.
pub(crate) fn lock_of(all: &[Arrived]) -> Lockfile {
    let mut lock = Lockfile { mpp: FormatVersion::CURRENT, registries: Vec::new(), packages: Vec::new() };
    for one in all {
        lock.packages.push(one.locked());
        if !lock.registries.iter().any(|registry| registry.id == one.chosen.registry.id) {
            lock.registries.push(one.chosen.registry.clone());
        }
    }
    lock.registries.sort_by(|a, b| a.name.cmp(&b.name));
    lock.packages.sort_by(|a, b| a.name.cmp(&b.name));
    lock
}
