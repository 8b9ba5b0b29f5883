//! `mpp outdated`: for what is installed, or locked in a project, which newer versions there are. Changes nothing.

use super::{
    install::{
        InstallOptions, Project,
        arrived::sentence,
        chosen::{Chosen, choose, minimum_age},
    },
    update::{allowed, not_lower},
};
use crate::{Context, OpsError, project_files, registries::Reached};
use mpp_index::{
    locked,
    package::PackageEntry,
    resolve::{self, Age, Requirement},
};
use mpp_schema::{Code, PackageName, Version, VersionReq, codes, lock::ToolsRequest};
use serde::Serialize;

/// What is newer.
#[derive(Debug, Default, Serialize)]
pub struct OutdatedReport {
    /// How many packages were looked at.
    pub packages: usize,
    /// Those for which there is something newer, or something to know.
    pub outdated: Vec<Outdated>,
    /// Packages that no registry of this home answers for.
    pub unknown: Vec<PackageName>,
}

/// A package for which there is something newer, or something to know.
#[derive(Debug, Serialize)]
pub struct Outdated {
    /// Its name.
    pub name: PackageName,
    /// The version that is installed or locked; nothing for a package of the project that is not locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<Version>,
    /// The version that an update takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<Version>,
    /// The highest version that may be chosen at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Version>,
    /// What people should know about the versions in between.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Looks for newer versions of the project's tools, or without a project of everything that is installed.
pub fn outdated(context: &Context<'_>, minimum_age_days: Option<u32>) -> Result<OutdatedReport, OpsError> {
    match project_files::read_request_if_there(&context.folder)? {
        Some(request) => of_project(context, &request, minimum_age_days),
        None => of_home(context, minimum_age_days),
    }
}

fn of_project(
    context: &Context<'_>,
    request: &ToolsRequest,
    minimum_age_days: Option<u32>,
) -> Result<OutdatedReport, OpsError> {
    let lock = project_files::read_lock(&context.folder)?;
    let install = InstallOptions { minimum_age_days, ..InstallOptions::default() };
    let project = Project::new(context, request, lock.as_ref(), &install)?;
    let mut report = OutdatedReport { packages: request.tools.len(), ..OutdatedReport::default() };
    for (name, requirement) in &request.tools {
        let present = lock.as_ref().and_then(|lock| locked::find(lock, name)).map(|held| held.version.clone());
        let version = requirement.version();
        let pick = |held: Option<&Version>| project.choose_anew(context, name, requirement, (version, held));
        let chosen = not_lower(pick, present.as_ref().filter(|held| version.matches(held)));
        report.outdated.extend(one(name, present, chosen, project.age)?);
    }
    Ok(report)
}

fn of_home(context: &Context<'_>, minimum_age_days: Option<u32>) -> Result<OutdatedReport, OpsError> {
    let (reached, age) = (Reached::default(), minimum_age(context, minimum_age_days, None)?);
    let mut report = OutdatedReport::default();
    for record in context.home.all_installed()? {
        report.packages += 1;
        let known = record.source().map(|id| context.home.registry_of_id(id)).transpose()?.flatten();
        let Some(known) = known else {
            report.unknown.push(record.name);
            continue;
        };
        let version = allowed(&record.version, false);
        let pick = |held: Option<&Version>| {
            choose(context, &reached, (&record.name, &version), Some(known.clone()), (held, age))
        };
        let chosen = not_lower(pick, Some(&record.version));
        report.outdated.extend(one(&record.name, Some(record.version), chosen, age)?);
    }
    Ok(report)
}

/// Refusals that say something about the versions of one package, and nothing about its registry.
const ABOUT_VERSIONS: [Code; 3] = [codes::PACKAGE_NOT_FOUND, codes::PACKAGE_TOO_YOUNG, codes::PKG_BLOCKED];

/// What there is to say about one package; nothing when it is the newest.
fn one(
    name: &PackageName,
    present: Option<Version>,
    chosen: Result<Chosen, OpsError>,
    age: Age,
) -> Result<Option<Outdated>, OpsError> {
    let name = name.clone();
    let chosen = match chosen {
        Ok(chosen) => chosen,
        Err(error) if ABOUT_VERSIONS.contains(&error.code()) => {
            let remarks = vec![format!("{} ({})", error.message(), error.code())];
            return Ok(Some(Outdated { name, present, update: None, newest: None, remarks }));
        }
        Err(error) => return Err(error),
    };
    let newest = chosen.entry().and_then(|entry| newest(entry, age));
    let update = Some(chosen.package.version.clone()).filter(|version| present.as_ref() != Some(version));
    let newest = newest.filter(|version| present.as_ref() != Some(version));
    let remarks: Vec<_> = chosen.remarks.iter().map(sentence).collect();
    let is_said = update.is_some() || newest.is_some() || !remarks.is_empty();
    Ok(is_said.then_some(Outdated { name, present, update, newest, remarks }))
}

/// The highest version that may be chosen.
fn newest(entry: &PackageEntry, age: Age) -> Option<Version> {
    let any = Requirement { version: VersionReq::STAR, locked: None };
    resolve::choose(entry, &any, age).ok().map(|signed| signed.release.version.clone())
}
