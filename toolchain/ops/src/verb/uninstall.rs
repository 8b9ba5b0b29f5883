//! `mpp uninstall`: forgetting an installed package.

use crate::{Context, OpsError, home::installed::InstalledRecord};
use mpp_schema::PackageName;

/// Forgets the package called `name`.
pub fn uninstall(context: &Context<'_>, name: &PackageName) -> Result<InstalledRecord, OpsError> {
    context.home.forget(name)
}
