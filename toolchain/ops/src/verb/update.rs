//! `mpp update`: newer versions, shown whole before anything happens (spec/project.md PROJ-15, PROJ-16).
//!
//! Everything is fetched and verified first. Then the difference is shown and a person is asked, and only then the first package is kept.

use super::install::{
    InstallOptions, InstallReport, Project,
    arrived::{Arrived, arrive, here, keep, sentence},
    chosen::{Chosen, Voucher, choose, minimum_age},
    lock_of,
};
use crate::{
    Context, OpsError,
    home::installed::{InstalledRecord, NotInstalled},
    package_file, project_files,
    registries::Reached,
    vendored::Vendored,
};
use mpp_index::locked;
use mpp_registry::Wanted;
use mpp_registry_web::difference::{Described, PackageDifference, shown_together};
use mpp_schema::{
    Code, Coded, Digest, KeyId, PackageName, Version, VersionReq, codes,
    lock::{LockedPackage, Lockfile, ToolsRequest},
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// What to update, and how.
#[derive(Debug, Default)]
pub struct UpdateOptions {
    /// The packages, each with the versions that may be taken; none for all.
    pub packages: Vec<(PackageName, Option<VersionReq>)>,
    /// How long ago a version must have been signed, in days; nothing for what the policy and the project say.
    pub minimum_age_days: Option<u32>,
    /// Outside a project, also versions that are not compatible with the present one.
    pub incompatible: bool,
    /// Only show what would change.
    pub dry_run: bool,
    /// Do not ask.
    pub yes: bool,
}

/// What was, or would be, updated.
#[derive(Debug, Serialize)]
pub struct UpdateReport {
    /// What changes.
    pub changes: Vec<PackageDifference>,
    /// What the lock file held and the project asks for no longer. It stays installed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// What was installed; nothing after a dry run.
    pub installed: Vec<InstallReport>,
    /// What people should know about versions that were passed over or left.
    pub remarks: Vec<String>,
    /// Whether something was changed.
    pub changed: bool,
}

/// A package that leaves a lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The package.
    pub name: PackageName,
    /// The version that was locked.
    pub version: Version,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} leaves mpp.lock: mpp-tools.toml does not ask for it", self.name, self.version)
    }
}

/// What one lock file names and the next does not.
pub(crate) fn dropped(old: Option<&Lockfile>, new: &Lockfile) -> Vec<Dropped> {
    let gone = old.into_iter().flat_map(|old| &old.packages).filter(|held| locked::find(new, &held.name).is_none());
    gone.map(|held| Dropped { name: held.name.clone(), version: held.version.clone() }).collect()
}

/// The answer was not yes.
#[derive(Debug, thiserror::Error)]
pub enum Declined {
    /// Somebody said no, or nothing.
    #[error("changed nothing: the answer was not yes")]
    No,
    /// There is nobody to ask.
    #[error("changed nothing: there is no terminal to ask on")]
    Nobody,
}

impl Coded for Declined {
    fn code(&self) -> Code {
        codes::UPDATE_DECLINED
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::No => Vec::new(),
            Self::Nobody => {
                vec!["see what would change: mpp update --dry-run".to_owned(), "then: mpp update --yes".to_owned()]
            }
        }
    }
}

/// Updates the tools of the project in the context's folder, or without one the installed packages.
pub fn update(context: &Context<'_>, options: &UpdateOptions) -> Result<UpdateReport, OpsError> {
    let request = project_files::read_request_if_there(&context.folder)?;
    match request.filter(|request| options.packages.iter().all(|(name, _)| request.tools.contains_key(name))) {
        Some(request) => update_project(context, &request, options),
        None => update_home(context, options),
    }
}

fn update_project(
    context: &Context<'_>,
    request: &ToolsRequest,
    options: &UpdateOptions,
) -> Result<UpdateReport, OpsError> {
    let lock = project_files::read_lock(&context.folder)?;
    let install = InstallOptions { minimum_age_days: options.minimum_age_days, ..InstallOptions::default() };
    let project = Project::new(context, request, lock.as_ref(), &install)?;
    let mut all = Vec::new();
    for (name, requirement) in &request.tools {
        let named = options.packages.iter().find(|(named, _)| named == name);
        if named.is_none() && !options.packages.is_empty() {
            all.push(project.choose(context, name, requirement)?);
            continue;
        }
        let mut version = requirement.version().clone();
        // What is asked for now must fit as well as what the project asks for.
        version
            .comparators
            .extend(named.iter().filter_map(|(_, asked)| asked.clone()).flat_map(|asked| asked.comparators));
        let held = project.held(name, requirement).map(|held| &held.package.version);
        let present = held.filter(|_| named.is_none_or(|(_, asked)| asked.is_none()));
        all.push(not_lower(|held| project.choose_anew(context, name, requirement, (&version, held)), present)?);
    }
    let arrived = arrive(context, Some(&project.vendored), all)?;
    let new = lock_of(&arrived);
    let before = |one: &Arrived| locked::find(lock.as_ref()?, &one.chosen.package.name).map(Before::from);
    let changes = differences(context, Some(&project.vendored), &arrived, before)?;
    let mut report = report(&arrived, changes);
    report.dropped = dropped(lock.as_ref(), &new);
    if lock.as_ref() == Some(&new) || !ask(context, &mut report, options)? {
        return Ok(report);
    }
    report.installed = arrived.iter().map(|one| keep(context, one)).collect::<Result<_, _>>()?;
    replace_lock(context, lock.as_ref(), &new)?;
    report.changed = true;
    Ok(report)
}

/// Writes another lock file, and remembers the present one.
pub(crate) fn replace_lock(context: &Context<'_>, old: Option<&Lockfile>, new: &Lockfile) -> Result<(), OpsError> {
    if let Some(old) = old {
        context.home.remember_lock(&context.folder, old, new)?;
    }
    project_files::write_lock(&context.folder, new)
}

fn update_home(context: &Context<'_>, options: &UpdateOptions) -> Result<UpdateReport, OpsError> {
    let reached = Reached::default();
    let age = minimum_age(context, options.minimum_age_days, None)?;
    let mut records = context.home.all_installed()?;
    if !options.packages.is_empty() {
        records.retain(|record| options.packages.iter().any(|(name, _)| *name == record.name));
        let missing = options.packages.iter().find(|(name, _)| !records.iter().any(|record| record.name == *name));
        if let Some((name, _)) = missing {
            return Err(NotInstalled(name.clone()).into());
        }
    }
    let (mut all, mut before, mut remarks) = (Vec::new(), BTreeMap::new(), Vec::new());
    for record in records {
        let known = record.source().map(|id| context.home.registry_of_id(id)).transpose()?.flatten();
        let Some(known) = known else {
            remarks.push(format!("{} stays as it is: no registry of this home answers for it", record.name));
            continue;
        };
        let named = options.packages.iter().find(|(name, _)| *name == record.name).and_then(|(_, asked)| asked.clone());
        let version = named.clone().unwrap_or_else(|| allowed(&record.version, options.incompatible));
        let present = Some(&record.version).filter(|_| named.is_none());
        let pick = |held: Option<&Version>| {
            choose(context, &reached, (&record.name, &version), Some(known.clone()), (held, age))
        };
        all.push(not_lower(pick, present)?);
        before.insert(record.name.clone(), record);
    }
    all.retain(|one| before.get(&one.package.name).is_none_or(|record| record.file != one.package.file));
    let arrived = arrive(context, None, all)?;
    let installed = |one: &Arrived| before.get(&one.chosen.package.name).map(|record| before_of(context, record));
    let changes = differences(context, None, &arrived, installed)?;
    let mut report = report(&arrived, changes);
    report.remarks.splice(0..0, remarks);
    if report.changes.is_empty() || !ask(context, &mut report, options)? {
        return Ok(report);
    }
    report.installed = arrived.iter().map(|one| keep(context, one)).collect::<Result<_, _>>()?;
    report.changed = true;
    Ok(report)
}

/// The versions that may take the place of this one without being asked for: those compatible with it.
pub(crate) fn allowed(present: &Version, incompatible: bool) -> VersionReq {
    match (incompatible, format!("^{}.{}.{}", present.major, present.minor, present.patch).parse()) {
        _ if !present.pre.is_empty() && !incompatible => format!("^{present}").parse().unwrap_or(VersionReq::STAR),
        (false, Ok(version)) => version,
        _ => VersionReq::STAR,
    }
}

/// An update never goes to a lower version while the present one may still be chosen; a yank, for one, is a reason to go. Where everything is
/// too young to be chosen anew, the present version stays (PROJ-10). `choose` is given the version that is held.
pub(crate) fn not_lower(
    choose: impl Fn(Option<&Version>) -> Result<Chosen, OpsError>,
    present: Option<&Version>,
) -> Result<Chosen, OpsError> {
    let newest = choose(None);
    let stays = match (&newest, present) {
        (Ok(chosen), Some(present)) => *present > chosen.package.version && is_free(chosen, present),
        (Err(error), Some(_)) => error.code() == codes::PACKAGE_TOO_YOUNG,
        (_, None) => false,
    };
    if stays { choose(present) } else { newest }
}

fn is_free(chosen: &Chosen, version: &Version) -> bool {
    let signed = chosen.entry().and_then(|entry| entry.release(version));
    signed.is_some_and(|signed| signed.standing.is_free())
}

/// What is there before an update.
pub(crate) struct Before {
    version: Version,
    file: Digest,
    signers: Vec<KeyId>,
}

impl From<&LockedPackage> for Before {
    fn from(held: &LockedPackage) -> Self {
        Self { version: held.version.clone(), file: held.file, signers: held.signers.clone() }
    }
}

impl Before {
    /// Who signed.
    pub(crate) fn signers(&self) -> &[KeyId] {
        &self.signers
    }
}

pub(crate) fn before_of(context: &Context<'_>, record: &InstalledRecord) -> Before {
    // A file that was damaged has no signers any more: the next version is then shown as signed by new ones.
    let trust = package_file::trust_for_installed(record).ok();
    let path = context.home.package_path(record.file);
    let package = trust.and_then(|trust| package_file::open_verified(context, &path, &trust).ok());
    let signers = package.iter().flat_map(|package| package.signers()).map(|signer| signer.key).collect();
    Before { version: record.version.clone(), file: record.file, signers }
}

/// What changes, package by package; what stays as it is, is left out.
pub(crate) fn differences(
    context: &Context<'_>,
    vendored: Option<&Vendored>,
    arrived: &[Arrived],
    before: impl Fn(&Arrived) -> Option<Before>,
) -> Result<Vec<PackageDifference>, OpsError> {
    let mut all = Vec::new();
    for one in arrived {
        let before = before(one)
            .filter(|before| before.file != one.chosen.package.file || before.signers != one.described.signers);
        let is_new = |name: &PackageName| {
            context.home.installed(name).map_or(true, |record| record.file != one.chosen.package.file)
        };
        let older = match &before {
            Some(before) => older(context, vendored, one, before)?,
            None if is_new(&one.chosen.package.name) => None,
            None => continue,
        };
        all.push(PackageDifference::between(older.as_ref(), &one.described));
    }
    all.retain(|difference| !difference.is_empty());
    Ok(all)
}

/// The package that another takes the place of, from here or from its registry. It is only described, so nothing but its digest is checked.
fn older(
    context: &Context<'_>,
    vendored: Option<&Vendored>,
    one: &Arrived,
    before: &Before,
) -> Result<Option<Described>, OpsError> {
    if let Some(bytes) = here(context, vendored, before.file)? {
        return Ok(Some(Described::peeked(&bytes, Some(&before.signers))?));
    }
    let Voucher::Registry(open, entry) = &one.chosen.voucher else { return Ok(None) };
    let Some(signed) = entry.release(&before.version).filter(|signed| signed.release.file == before.file) else {
        return Ok(None);
    };
    let wanted = [Wanted { name: &entry.name, release: &signed.release }];
    let fetched = crate::registries::fetch(context, open, &wanted)?.pop();
    Ok(fetched.map(|file| Described::peeked(file.bytes(), Some(&before.signers))).transpose()?)
}

fn report(arrived: &[Arrived], changes: Vec<PackageDifference>) -> UpdateReport {
    let remarks = arrived.iter().flat_map(|one| &one.chosen.remarks).map(sentence).collect();
    UpdateReport { changes, dropped: Vec::new(), installed: Vec::new(), remarks, changed: false }
}

/// Whether what was shown may happen.
fn ask(context: &Context<'_>, report: &mut UpdateReport, options: &UpdateOptions) -> Result<bool, OpsError> {
    if options.dry_run {
        return Ok(false);
    }
    let dropped = report.dropped.iter().map(|dropped| format!("{dropped}\n"));
    let shown: String = std::iter::once(shown_together(&report.changes)).chain(dropped).collect();
    confirm(context, &shown, options.yes, "update these? [y/N] ")?;
    Ok(true)
}

/// Shows what changes on the terminal, and asks; without one it must have been said before.
pub(crate) fn confirm(context: &Context<'_>, changes: &str, yes: bool, question: &str) -> Result<(), OpsError> {
    if yes || changes.is_empty() {
        return Ok(());
    }
    if !context.terminal.is_there() {
        return Err(Declined::Nobody.into());
    }
    match context.terminal.ask(changes, question).as_deref().map(str::trim) {
        Some("y" | "Y" | "yes") => Ok(()),
        _ => Err(Declined::No.into()),
    }
}
