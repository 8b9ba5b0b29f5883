//! One registry, as one home sees it.

use crate::{
    Location, RegistryError, Snapshot,
    store::{Believed, Store},
    transport::{Address, Settings, Transport},
};
use mpp_index::{
    package::PackageEntry,
    search::{self, Found},
    state::TrustedState,
};
use mpp_schema::{Instant, PackageName, lock::LockedRegistry};
use std::path::PathBuf;

/// A registry: where it is, and what this home believes about it.
pub struct Registry {
    pub(crate) location: Location,
    pub(crate) store: Store,
    pub(crate) transport: Option<Box<dyn Transport>>,
    pub(crate) believed: Option<Believed>,
}

impl Registry {
    /// A registry at a path or an address, with the folder in which this home keeps what it knows about it. Touches no network.
    ///
    /// # Errors
    /// When the location is not one, or the folder holds something damaged.
    pub fn open(location: &str, folder: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        let location = Location::parse(location)?;
        let transport: Option<Box<dyn Transport>> = match &location {
            Location::Path(_) => None,
            Location::Address { .. } => Some(Box::new(Address::new(&location, Settings::default())?)),
        };
        Self::with_transport(location, folder, transport)
    }

    /// The same with another way to reach an address: for tests, and for other settings.
    ///
    /// # Errors
    /// When the folder holds something damaged.
    pub fn with_transport(
        location: Location,
        folder: impl Into<PathBuf>,
        transport: Option<Box<dyn Transport>>,
    ) -> Result<Self, RegistryError> {
        let store = Store::new(folder.into());
        let believed = store.read()?;
        Ok(Self { location, store, transport, believed })
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// What is believed about it; nothing before the first update.
    pub fn state(&self) -> Option<&TrustedState> {
        self.believed.as_ref().map(|believed| &believed.state)
    }

    /// What is believed about it.
    ///
    /// # Errors
    /// When it was never updated.
    pub fn trusted(&self) -> Result<&TrustedState, RegistryError> {
        self.believed().map(|believed| &believed.state)
    }

    /// Whether the trusted head is fresh: asked before resolving and before installing something new.
    ///
    /// # Errors
    /// When it has expired, the clock went back, or there is none.
    pub fn check_fresh(&self, now: Instant) -> Result<(), RegistryError> {
        Ok(self.trusted()?.check_fresh(now)?)
    }

    /// Looks a package up in the trusted state, and verifies what is said about it.
    ///
    /// # Errors
    /// When the registry was never updated, or what is there is not what the trusted head says.
    pub fn package(&self, name: &PackageName) -> Result<Option<PackageEntry>, RegistryError> {
        let believed = self.believed()?;
        Ok(mpp_index::package::package(&self.snapshot()?, &believed.state, name)?)
    }

    /// The packages whose name, description or tools hold every word, best first.
    ///
    /// # Errors
    /// As [`Registry::package`].
    pub fn search(&self, text: &str) -> Result<Vec<Found>, RegistryError> {
        let believed = self.believed()?;
        Ok(search::search(&self.snapshot()?, &believed.state, text)?)
    }

    /// How a lock file names this registry.
    ///
    /// # Errors
    /// When it was never updated.
    pub fn locked(&self, name: &str) -> Result<LockedRegistry, RegistryError> {
        let state = self.trusted()?;
        let url = self.location.to_string();
        Ok(LockedRegistry { name: name.to_owned(), id: state.registry(), root: state.pin(), url })
    }

    /// The files of the trusted commit.
    ///
    /// # Errors
    /// When the registry was never updated, or the repository cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, RegistryError> {
        Snapshot::open(&self.repository_path(), self.believed()?.commit)
    }

    pub(crate) fn believed(&self) -> Result<&Believed, RegistryError> {
        let never = || RegistryError::NeverUpdated { location: self.location.to_string() };
        self.believed.as_ref().ok_or_else(never)
    }

    /// The repository that the index is read from: the registry's own at a path, else the clone.
    pub(crate) fn repository_path(&self) -> PathBuf {
        match &self.location {
            Location::Path(path) => path.clone(),
            Location::Address { .. } => self.store.clone_path(),
        }
    }
}
