//! The installed packages as a running tool may call them, looked up when it does.

use super::shelves::Shelves;
use mpp_host::{Host, LoadedPackage, NoCallee, Tools};
use mpp_policy::Grants;
use mpp_schema::{PackageName, consent::Level};
use std::sync::{Arc, OnceLock, Weak};

/// Asks the shelves, which are there once the host is.
#[derive(Default)]
pub(super) struct Lent(OnceLock<Weak<Shelves>>);

impl Lent {
    pub(super) fn from(&self, shelves: &Arc<Shelves>) {
        self.0.get_or_init(|| Arc::downgrade(shelves));
    }

    fn shelves(&self, package: &PackageName) -> Result<Arc<Shelves>, NoCallee> {
        self.0.get().and_then(Weak::upgrade).ok_or_else(|| NoCallee::not_installed(package))
    }
}

impl Tools for Lent {
    fn grants(&self, package: &PackageName, tool: &str) -> Result<Arc<Grants>, NoCallee> {
        self.shelves(package)?.lent(package, tool)
    }

    fn level(&self, package: &PackageName, tool: &str) -> Result<Level, NoCallee> {
        self.shelves(package)?.level_within(package, tool)
    }

    fn load(&self, _: &Host, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee> {
        self.shelves(package)?.loaded_for_tool(package)
    }
}
