//! The privacy filter of this home with its filter packages: those that the policy names, and those that a command is given (PRIV-60 to PRIV-66).
//!
//! A filter that cannot be loaded is an error, never passed over: whoever named it counts on it.

use crate::{
    Context, OpsError,
    compile_process::{ChildCompiler, CompileLimits},
    package_file, standing,
};
use mpp_host::{FilterHost, FilterOptions, FilterPackage, Privacy};
use mpp_policy::Policy;
use mpp_privacy::Detector;
use mpp_schema::{PackageName, policy::PrivacyPolicy};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What this home's policy wants looked for, with its filters ready to be asked.
pub(crate) fn privacy(context: &Context<'_>, policy: &Policy) -> Result<Privacy, OpsError> {
    privacy_with(context, policy, &[])
}

/// The same, and these package files are asked as well: those of this home's own keys and of publishers whom it trusts.
pub(crate) fn privacy_with(context: &Context<'_>, policy: &Policy, files: &[PathBuf]) -> Result<Privacy, OpsError> {
    let written = &policy.file().privacy;
    let mut detectors: Vec<Box<dyn Detector>> = Vec::new();
    if !written.filters.is_empty() || !files.is_empty() {
        let host = start(context)?;
        for (name, package) in written.filters.iter() {
            detectors.push(installed(context, &host, package)?.named(name.clone()));
        }
        for file in files {
            let filter = loose(context, &host, file)?;
            let name = filter.name().name().as_str().to_uppercase();
            detectors.push(filter.named(name));
        }
    }
    context.home.privacy(written, detectors)
}

/// The packages that a changed file can change the filter of.
pub(crate) fn places(context: &Context<'_>, written: &PrivacyPolicy) -> Vec<PathBuf> {
    written.filters.values().map(|package| context.home.record_path(package)).collect()
}

fn start(context: &Context<'_>) -> Result<FilterHost, OpsError> {
    // Without a cache that can be used it works all the same; whoever starts the host of the tools says so.
    let cache = context.home.code_cache().ok().map(|cache| Arc::new(cache) as _);
    let compiler = Arc::new(ChildCompiler::new(context.program.clone(), CompileLimits::default()));
    Ok(FilterHost::new(FilterOptions { compiler, cache, ..FilterOptions::default() })?)
}

fn installed(context: &Context<'_>, host: &FilterHost, package: &PackageName) -> Result<FilterPackage, OpsError> {
    let record = context.home.installed(package).map_err(|error| named(error, package))?;
    standing::refuse_blocked(context, record.digest)?;
    let trust = package_file::trust_for_installed(&record)?;
    let kept = host.load_cached(record.digest, &trust).map_err(|error| named(error.into(), package))?;
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let mut opened = package_file::open_verified(context, &context.home.package_path(record.file), &trust)?;
    host.load(&mut opened).map_err(|error| named(error.into(), package))
}

/// Says in which line of the policy the package stands.
fn named(error: OpsError, package: &PackageName) -> OpsError {
    error.last_hint(format!("policy.toml names `{package}` as a filter; correct it, then: mpp policy check"))
}

fn loose(context: &Context<'_>, host: &FilterHost, file: &Path) -> Result<FilterPackage, OpsError> {
    let trust = package_file::trust_for_files(context)?;
    let mut package = package_file::open_verified(context, file, &trust)?;
    standing::refuse_blocked(context, package.digest())?;
    Ok(host.load(&mut package)?)
}
