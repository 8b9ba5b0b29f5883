//! `mpp rollback`: back to what was there before an update (spec/project.md PROJ-17).
//!
//! What is gone back to is verified again, and a blocked version is not gone back to. The way forward is remembered.

use super::{
    install::{
        InstallOptions, InstallReport, Project,
        arrived::{arrive, keep},
        lock_of,
    },
    update::{before_of, confirm, replace_lock},
    verify::check_content,
};
use crate::{
    Context, Event, OpsError,
    atomic_write::IoError,
    consent::changed_tools,
    home::{
        history::NoHistory,
        installed::{InstalledRecord, NotInstalled},
    },
    package_file, project_files, sentences, standing,
};
use mpp_index::locked;
use mpp_package::verify;
use mpp_registry_web::difference::{Described, PackageDifference, shown_together};
use mpp_schema::{
    PackageName, Version, VersionReq,
    lock::{Lockfile, ToolRequirement, ToolsRequest},
};
use serde::Serialize;
use std::{fs, io::Cursor};

/// What to go back to, and how.
#[derive(Debug, Default)]
pub struct RollbackOptions {
    /// The version; nothing for the one before.
    pub to: Option<Version>,
    /// Only show what would change.
    pub dry_run: bool,
    /// Do not ask.
    pub yes: bool,
}

/// What was gone back to.
#[derive(Debug, Serialize)]
pub struct RollbackReport {
    /// What changes.
    pub changes: Vec<PackageDifference>,
    /// What is installed again; nothing after a dry run.
    pub installed: Vec<InstallReport>,
    /// Whether something was changed.
    pub changed: bool,
}

/// Goes back to an earlier version of a package.
pub fn rollback(
    context: &Context<'_>,
    name: &PackageName,
    options: &RollbackOptions,
) -> Result<RollbackReport, OpsError> {
    let present = context.home.installed(name).map_err(|_| NotInstalled(name.clone()))?;
    let mut earlier = context.home.history(name)?;
    earlier.retain(|record| options.to.as_ref().is_none_or(|version| record.version == *version));
    let record = earlier.pop().ok_or_else(|| NoHistory(format!("`{name}` was")))?;
    standing::refuse_blocked(context, record.digest)?;
    let path = context.home.package_path(record.file);
    let file = fs::read(&path).map_err(IoError::on("read", &path))?;
    let now = verified(&file, &record)?;
    let present_path = context.home.package_path(present.file);
    let was = fs::read(&present_path).ok();
    let before = before_of(context, &present);
    let was = was.and_then(|bytes| Described::peeked(&bytes, Some(before.signers())).ok());
    let changes = vec![PackageDifference::between(was.as_ref(), &now)];
    if options.dry_run {
        return Ok(RollbackReport { changes, installed: Vec::new(), changed: false });
    }
    confirm(context, &shown_together(&changes), options.yes, "go back to this? [y/N] ")?;
    context.home.keep(&InstalledRecord { installed: context.now, ..record }, &file)?;
    if let Some(note) = lock_disagrees(context, &now)? {
        (context.tell)(Event::Note(note));
    }
    let installed = vec![report(&now, &changes[0], present.version)];
    Ok(RollbackReport { changes, installed, changed: true })
}

/// Verifies a file that was kept, against the keys that made it acceptable when it was installed.
fn verified(file: &[u8], record: &InstalledRecord) -> Result<Described, OpsError> {
    let mut package = verify::open(Cursor::new(file), &package_file::trust_for_installed(record)?)?;
    if package.digest() != record.digest {
        return Err(NoHistory(format!("`{}` was, with this digest,", record.name)).into());
    }
    check_content(&mut package)?;
    let signers = package.signers().iter().map(|signer| signer.key).collect();
    let (manifest, digest, tools) = (package.manifest().clone(), package.digest(), package.tools()?);
    Ok(Described { manifest, digest, tools, size: file.len() as u64, signers })
}

/// What to say when the project here holds another version.
fn lock_disagrees(context: &Context<'_>, now: &Described) -> Result<Option<String>, OpsError> {
    let lock = project_files::read_lock(&context.folder)?;
    let held = lock.as_ref().and_then(|lock| locked::find(lock, &now.manifest.name));
    let other = held.filter(|held| held.digest != now.digest);
    Ok(other
        .map(|held| format!("mpp.lock here still says {}@{}; to go back in it: mpp rollback", held.name, held.version)))
}

fn report(now: &Described, difference: &PackageDifference, replaced: Version) -> InstallReport {
    let manifest = &now.manifest;
    InstallReport {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: now.digest,
        replaced: Some(replaced),
        tools: now.tools.tools.iter().map(|tool| tool.name.clone()).collect(),
        asks_for: sentences(&manifest.permissions),
        unusual: difference.unusual.clone(),
        newly_asks_for: difference.newly_asks_for.clone(),
        no_longer_asks_for: difference.no_longer_asks_for.clone(),
        changed_tools: changed_tools(&difference.tools),
        signers_before: difference.other_signers_before().to_vec(),
        remarks: Vec::new(),
    }
}

/// Goes back to the lock file that the project had before, and installs what it says. What is kept is taken from here.
pub fn rollback_project(context: &Context<'_>, options: &RollbackOptions) -> Result<RollbackReport, OpsError> {
    let present = project_files::read_lock(&context.folder)?;
    let earlier = context.home.lock_history(&context.folder)?;
    let lock = earlier.last().ok_or_else(|| NoHistory("`mpp.lock` here said".to_owned()))?;
    let install = InstallOptions { locked: true, ..InstallOptions::default() };
    let request = exactly(lock);
    let project = Project::new(context, &request, Some(lock), &install)?;
    let all = request.tools.iter().map(|(name, requirement)| project.choose(context, name, requirement));
    let arrived = arrive(context, Some(&project.vendored), all.collect::<Result<Vec<_>, _>>()?)?;
    let changes = super::update::differences(context, Some(&project.vendored), &arrived, |one| {
        locked::find(present.as_ref()?, &one.chosen.package.name).map(Into::into)
    })?;
    if options.dry_run {
        return Ok(RollbackReport { changes, installed: Vec::new(), changed: false });
    }
    confirm(context, &shown_together(&changes), options.yes, "go back to these? [y/N] ")?;
    let installed = arrived.iter().map(|one| keep(context, one)).collect::<Result<_, _>>()?;
    replace_lock(context, present.as_ref(), &lock_of(&arrived))?;
    Ok(RollbackReport { changes, installed, changed: true })
}

/// A request for exactly what a lock file says.
fn exactly(lock: &Lockfile) -> ToolsRequest {
    let exact = |version: &Version| format!("={version}").parse().unwrap_or(VersionReq::STAR);
    let tools =
        lock.packages.iter().map(|package| (package.name.clone(), ToolRequirement::Version(exact(&package.version))));
    ToolsRequest { tools: tools.collect(), ..ToolsRequest::default() }
}
