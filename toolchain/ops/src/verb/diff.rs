//! `mpp diff`: what changes between two packages, whole (spec/project.md PROJ-20). Two files, two versions in a registry, what is installed, or a mix.
//!
//! A file may be anybody's, so it is only described, and its signers are those that it claims; the report says which side was verified.

use super::install::{
    arrived::{arrive, here},
    chosen::{choose, minimum_age},
};
use crate::{
    Context, OpsError, atomic_write::IoError, home::installed::InstalledRecord, package_file, registries::Reached,
};
use mpp_package::limits::FILE_BYTES_MAX;
use mpp_registry_web::difference::{Described, PackageDifference};
use mpp_schema::{PackageName, Version, VersionReq};
use serde::Serialize;
use std::{fs, io::Read as _, path::PathBuf};

/// One side of a comparison.
#[derive(Debug, Clone)]
pub enum Target {
    /// A package file.
    File(PathBuf),
    /// A package: the version that fits, or without a requirement the installed one, and where it is not installed the newest.
    Package(PackageName, Option<VersionReq>),
}

/// What changes.
#[derive(Debug, Serialize)]
pub struct DiffReport {
    /// Whether the signatures of the older one were verified.
    pub from_verified: bool,
    /// Whether those of the newer one were.
    pub to_verified: bool,
    /// Whether nothing changes.
    pub same: bool,
    /// What changes.
    #[serde(flatten)]
    pub difference: PackageDifference,
}

/// Compares two packages; without a second one, an installed package with the newest of its name.
pub fn diff(
    context: &Context<'_>,
    from: &Target,
    to: Option<&Target>,
    registry: Option<&str>,
) -> Result<DiffReport, OpsError> {
    let reached = Reached::default();
    let look = |target: &Target| look(context, &reached, target, registry);
    let (older, from_verified) = look(from)?;
    let (newer, to_verified) = match to {
        Some(to) => look(to)?,
        None => in_registry(context, &reached, &older.manifest.name, &VersionReq::STAR, registry)?,
    };
    let difference = PackageDifference::between(Some(&older), &newer);
    Ok(DiffReport { from_verified, to_verified, same: difference.is_empty(), difference })
}

/// A package, and whether its signatures were verified.
fn look(
    context: &Context<'_>,
    reached: &Reached,
    target: &Target,
    registry: Option<&str>,
) -> Result<(Described, bool), OpsError> {
    match target {
        Target::File(path) => {
            let path = context.path(path);
            let file = fs::File::open(&path).map_err(IoError::on("open", &path))?;
            let mut bytes = Vec::new();
            file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(IoError::on("read", &path))?;
            Ok((Described::peeked(&bytes, None)?, false))
        }
        Target::Package(name, asked) => {
            let fits = |version: &Version| asked.as_ref().is_none_or(|asked| asked.matches(version));
            let mut records = context.home.history(name)?;
            records.extend(context.home.installed(name).ok());
            let installed = records.last().filter(|record| asked.is_none() && fits(&record.version));
            let named = records.iter().rev().find(|record| is_exactly(asked.as_ref(), &record.version));
            match installed.or(named) {
                Some(record) => kept(context, record),
                None => in_registry(context, reached, name, asked.as_ref().unwrap_or(&VersionReq::STAR), registry),
            }
        }
    }
}

/// Whether one version is asked for, and this is it: then what is kept of it need not be looked for elsewhere.
fn is_exactly(asked: Option<&VersionReq>, version: &Version) -> bool {
    asked.is_some_and(|asked| format!("={version}").parse::<VersionReq>().is_ok_and(|exact| exact == *asked))
}

/// A package of which this home keeps the file.
fn kept(context: &Context<'_>, record: &InstalledRecord) -> Result<(Described, bool), OpsError> {
    let path = context.home.package_path(record.file);
    let package = package_file::open_verified(context, &path, &package_file::trust_for_installed(record)?)?;
    let signers: Vec<_> = package.signers().iter().map(|signer| signer.key).collect();
    let bytes = match here(context, None, record.file)? {
        Some(bytes) => bytes,
        None => fs::read(&path).map_err(IoError::on("read", &path))?,
    };
    Ok((Described::peeked(&bytes, Some(&signers))?, true))
}

fn in_registry(
    context: &Context<'_>,
    reached: &Reached,
    name: &PackageName,
    version: &VersionReq,
    registry: Option<&str>,
) -> Result<(Described, bool), OpsError> {
    let registry = registry.map(|name| context.home.registry(Some(name))).transpose()?;
    // Looking is not choosing: no version is too young to be looked at.
    let age = minimum_age(context, Some(0), None)?;
    let chosen = choose(context, reached, (name, version), registry, (None, age))?;
    let mut arrived = arrive(context, None, vec![chosen])?;
    let one = arrived.pop().ok_or_else(|| crate::registries::FindError::None(name.clone()))?;
    Ok((one.described, true))
}
