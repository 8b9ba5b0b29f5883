//! `mpp uninstall`: forgetting an installed package, and what it keeps.

use super::kv::{self, KvEntry};
use crate::{Context, OpsError, home::installed::InstalledRecord, package_file};
use mpp_schema::PackageName;
use serde::Serialize;

/// What becomes of what the package keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// It is removed too.
    Remove,
    /// It stays, for when the package is installed again.
    Keep,
}

/// What was forgotten.
#[derive(Debug, Serialize)]
pub struct UninstallReport {
    /// The package.
    #[serde(flatten)]
    pub record: InstalledRecord,
    /// What it kept, when that was removed.
    pub removed_data: Option<KvEntry>,
}

/// Forgets the package called `name`. Its data goes first: a removal that fails leaves a package that can be uninstalled again.
pub fn uninstall(context: &Context<'_>, name: &PackageName, data: Data) -> Result<UninstallReport, OpsError> {
    let record = context.home.installed(name)?;
    let removed_data = match data {
        Data::Keep => None,
        Data::Remove => {
            let trust = package_file::trust_for_installed(&record)?;
            let publishers = trust.publishers.iter().map(|publisher| publisher.key.id()).collect();
            kv::remove_of(context, name, publishers)?
        }
    };
    Ok(UninstallReport { record: context.home.forget(name)?, removed_data })
}
