//! `mpp vendor`: everything that a project needs, in a folder of it, so that it can be installed where there is no network
//! (spec/project.md PROJ-8).

use super::install::{InstallOptions, LockError, Network, Project, arrived::arrive, lock_of};
use crate::{Context, OpsError, project_files};
use mpp_index::locked::check_locked;
use mpp_package::key::PublicKey;
use mpp_schema::{PackageName, Version};
use serde::Serialize;
use std::{collections::BTreeSet, path::PathBuf};

/// What was put there.
#[derive(Debug, Serialize)]
pub struct VendorReport {
    /// The folder.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub folder: PathBuf,
    /// The packages in it.
    pub packages: Vec<VendoredPackage>,
    /// How many files were written now.
    pub written: usize,
    /// How many were removed, because the lock file does not name them any more.
    pub removed: usize,
}

/// A package that is in the folder.
#[derive(Debug, Serialize)]
pub struct VendoredPackage {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Size of its file in bytes.
    pub size: u64,
}

/// Verifies everything that `mpp.lock` names, and puts it into the project's folder of vendored files. Installs nothing.
pub fn vendor(context: &Context<'_>, network: Network) -> Result<VendorReport, OpsError> {
    let request = project_files::read_request(&context.folder)?;
    let lock = project_files::read_lock(&context.folder)?.ok_or(LockError::Missing)?;
    check_locked(&request, &lock)?;
    let options = InstallOptions { locked: true, network, ..InstallOptions::default() };
    let project = Project::new(context, &request, Some(&lock), &options)?;
    let all = request.tools.iter().map(|(name, requirement)| project.choose(context, name, requirement));
    let arrived = arrive(context, Some(&project.vendored), all.collect::<Result<Vec<_>, _>>()?)?;
    if lock_of(&arrived) != lock {
        return Err(LockError::Differs.into());
    }
    let (mut written, mut files, mut keys) = (0, BTreeSet::new(), BTreeSet::new());
    for one in &arrived {
        let signed_by = |key: &&PublicKey| one.described.signers.contains(&key.id());
        for key in one.chosen.trust()?.publishers.iter().map(|trusted| &trusted.key).filter(signed_by) {
            written += usize::from(project.vendored.put_key(key)?);
            keys.insert(key.id());
        }
        written += usize::from(project.vendored.put_package(one.chosen.package.file, one.bytes())?);
        files.insert(one.chosen.package.file);
    }
    let removed = project.vendored.keep_only(&files, &keys)?;
    let packages = arrived.iter().map(|one| VendoredPackage {
        name: one.described.manifest.name.clone(),
        version: one.described.manifest.version.clone(),
        size: one.described.size,
    });
    Ok(VendorReport { folder: project.vendored.folder().to_owned(), packages: packages.collect(), written, removed })
}
