//! One registry, as one home sees it.

use crate::{
    Location, RegistryError, Snapshot,
    copy::CopyFiles,
    sections::KeptSections,
    store::{Believed, Store},
    transport::{Address, Settings, Transport},
    web::Web,
};
use mpp_index::{
    Files, IndexError, config,
    package::PackageEntry,
    search::{self, Answer, Depth, Finder, Query},
    state::TrustedState,
};
use mpp_schema::{Instant, PackageName, index::Config, lock::LockedRegistry};
use std::{path::PathBuf, sync::OnceLock};

/// A registry: where it is, and what this home believes about it.
pub struct Registry {
    pub(crate) location: Location,
    pub(crate) store: Store,
    pub(crate) transport: Option<Box<dyn Transport>>,
    pub(crate) believed: Option<Believed>,
    settings: Settings,
    web: OnceLock<Web>,
    main: Option<String>,
}

impl Registry {
    /// A registry at a path or an address, with the folder in which this home keeps what it knows about it. Touches no network.
    ///
    /// # Errors
    /// When the location is not one, or the folder holds something damaged.
    pub fn open(location: &str, folder: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        Self::open_with(location, folder, Settings::default())
    }

    /// The same, reached as the settings say.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub fn open_with(location: &str, folder: impl Into<PathBuf>, settings: Settings) -> Result<Self, RegistryError> {
        let location = Location::parse(location)?;
        let transport: Option<Box<dyn Transport>> = match &location {
            Location::Path(_) | Location::Copy { .. } => None,
            Location::Address { .. } => Some(Box::new(Address::new(&location, settings.clone())?)),
        };
        let registry = Self::with_transport(location, folder, transport)?;
        Ok(Self { settings, ..registry })
    }

    /// The same registry, of which lock files say that it is elsewhere: this is a mirror of it.
    #[must_use]
    pub fn mirror_of(self, main: &str) -> Self {
        Self { main: Some(main.to_owned()), ..self }
    }

    pub(crate) fn of(
        location: Location,
        store: Store,
        transport: Option<Box<dyn Transport>>,
        believed: Option<Believed>,
    ) -> Self {
        let (settings, web, main) = (Settings::default(), OnceLock::new(), None);
        Self { location, store, transport, believed, settings, web, main }
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
        Ok(Self::of(location, store, transport, believed))
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
        let state = &self.believed()?.state;
        self.with_files(|files| mpp_index::package::package(files, state, name))
    }

    /// The names of packages that begin with a text, `most` of them at most, as the trusted state has them.
    ///
    /// # Errors
    /// As [`Registry::package`].
    pub fn names(&self, text: &str, most: usize) -> Result<Vec<PackageName>, RegistryError> {
        let state = &self.believed()?.state;
        self.with_files(|files| search::beginning(files, state, text, most))
    }

    /// The packages whose name, description or tools hold every word, best first; of a copy, those whose name does. `most` of them are wanted.
    ///
    /// # Errors
    /// As [`Registry::package`].
    pub fn search(&self, text: &str, most: usize) -> Result<Answer, RegistryError> {
        let state = &self.believed()?.state;
        let sections = KeptSections::in_folder(self.store.search_path());
        let query = Query { text, depth: self.depth(), most };
        self.with_files(|files| search::search(files, state, &sections, &query))
    }

    /// The same search for whoever asks again and again: what it looks at is read once.
    ///
    /// # Errors
    /// As [`Registry::package`].
    pub fn finder(&self) -> Result<Finder, RegistryError> {
        let state = &self.believed()?.state;
        let sections = KeptSections::in_folder(self.store.search_path());
        self.with_files(|files| Finder::read(files, state, self.depth(), &sections))
    }

    fn depth(&self) -> Depth {
        match self.location {
            Location::Copy { .. } => Depth::Names,
            Location::Path(_) | Location::Address { .. } => Depth::Texts,
        }
    }

    /// How a lock file names this registry.
    ///
    /// # Errors
    /// When it was never updated.
    pub fn locked(&self, name: &str) -> Result<LockedRegistry, RegistryError> {
        let state = self.trusted()?;
        let url = self.main.clone().unwrap_or_else(|| self.location.to_string());
        Ok(LockedRegistry { name: name.to_owned(), id: state.registry(), root: state.pin(), url })
    }

    /// How the registry is to be used, as it says in the trusted state.
    ///
    /// # Errors
    /// As [`Registry::package`].
    pub fn config(&self) -> Result<Config, RegistryError> {
        let state = &self.believed()?.state;
        self.with_files(|files| config::config(files, state))
    }

    /// Reads files of the trusted state, wherever they are.
    ///
    /// # Errors
    /// When the registry was never updated, its files cannot be reached, or what they say is refused.
    pub fn with_files<T>(&self, read: impl FnOnce(&dyn Files) -> Result<T, IndexError>) -> Result<T, RegistryError> {
        let Location::Copy { url } = &self.location else { return Ok(read(&self.snapshot()?)?) };
        let head = self.believed()?.state.signed_head();
        let files = CopyFiles::open(self.web()?, url, self.store.copy_path(), Some(head));
        let answer = read(&files)?;
        if !files.brought_something() {
            return Ok(answer);
        }
        let _lock = self.store.lock()?;
        // Another process may have moved on meanwhile: what was shown under an older head is not remembered under the newer one.
        if self.store.read()?.is_some_and(|now| now.state.signed_head() == head) {
            files.again().keep(head, None)?;
        }
        Ok(answer)
    }

    /// Who sends requests for files.
    pub(crate) fn web(&self) -> Result<&Web, RegistryError> {
        if let Some(web) = self.web.get() {
            return Ok(web);
        }
        let location = match &self.location {
            Location::Path(_) => None,
            Location::Address { url, .. } => Some(url.clone()),
            Location::Copy { url } => Some(url.to_string()),
        };
        let web = Web::new(location.as_deref(), &self.settings)?;
        Ok(self.web.get_or_init(|| web))
    }

    pub(crate) fn refuse_copy(&self) -> Result<(), RegistryError> {
        match &self.location {
            Location::Copy { .. } => Err(RegistryError::ReadOnly { location: self.location.to_string() }),
            _ => Ok(()),
        }
    }

    /// The files of the trusted commit, which a copy does not have.
    ///
    /// # Errors
    /// When the registry was never updated, is a copy, or the repository cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, RegistryError> {
        self.refuse_copy()?;
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
            Location::Address { .. } | Location::Copy { .. } => self.store.clone_path(),
        }
    }
}
