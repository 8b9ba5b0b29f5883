//! One registry as the pages see it: the trusted state of one moment, and the package files that were looked into.
//!
//! A file is opened by its digest, verified against the keys that owned its namespace when it was published, and kept: what was verified once
//! does not change. How many are kept is bounded.

use crate::opened::Opened;
use mpp_index::{
    advisories,
    package::{self, NamespaceEntry, PackageEntry, SignedRelease},
    search::{self, Answer, Finder, Found},
    state::TrustedState,
};
use mpp_registry::{Registry, RegistryError};
use mpp_schema::{Code, Coded, Digest, Ident, KeyId, PackageName, Version, codes, index::Advisory};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// How many opened packages are kept. Each takes about as much as its README and its schemas.
const KEPT_MAX: usize = 1_024;
/// What is shown of a package that was found is kept too, for so many packages.
const FOUND_MAX: usize = 16_384;

/// A registry to be shown.
pub struct Catalog {
    /// What it is called here.
    pub name: String,
    url: Option<String>,
    registry: Registry,
    kept: Mutex<Kept>,
    finder: OnceLock<Finder>,
    found: Mutex<BTreeMap<PackageName, Found>>,
    namespaces: OnceLock<Vec<Ident>>,
    names: OnceLock<Vec<PackageName>>,
    keys: OnceLock<BTreeMap<KeyId, Vec<Ident>>>,
    files: OnceLock<BTreeMap<Digest, PackageName>>,
}

/// Opened packages by the digests of their files, the oldest first out.
#[derive(Clone, Default)]
struct Kept {
    opened: BTreeMap<Digest, Arc<Opened>>,
    order: VecDeque<Digest>,
}

/// Why something could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The registry could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A package file is not what the index says, or none.
    #[error("opened the file of `{name}@{version}`")]
    Package {
        /// The package.
        name: PackageName,
        /// Its version.
        version: Version,
        /// Why.
        source: Box<mpp_package::verify::VerifyError>,
    },
    /// The folder of a static site cannot be written.
    #[error("wrote `{}`", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Coded for SiteError {
    fn code(&self) -> Code {
        match self {
            Self::Registry(error) => error.code(),
            Self::Package { source, .. } => source.code(),
            Self::Write { .. } => codes::IO_FAILED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Registry(error) => error.hints(),
            Self::Package { .. } | Self::Write { .. } => Vec::new(),
        }
    }
}

impl Catalog {
    /// The trusted state of a registry that was updated before.
    pub fn new(name: impl Into<String>, registry: Registry) -> Self {
        Self {
            name: name.into(),
            url: None,
            registry,
            kept: Mutex::default(),
            finder: OnceLock::new(),
            found: Mutex::default(),
            namespaces: OnceLock::new(),
            names: OnceLock::new(),
            keys: OnceLock::new(),
            files: OnceLock::new(),
        }
    }

    /// The same registry in a newer state. What was opened stays open.
    #[must_use]
    pub fn renewed(&self, registry: Registry) -> Self {
        let kept = Mutex::new(self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        Self { kept, url: self.url.clone(), ..Self::new(self.name.clone(), registry) }
    }

    /// What is believed about the registry.
    ///
    /// # Errors
    /// When it was never updated.
    pub fn state(&self) -> Result<&TrustedState, SiteError> {
        Ok(self.registry.trusted()?)
    }

    /// Says where others reach the registry; without it, where it is read from here.
    #[must_use]
    pub fn reached_at(self, url: Option<String>) -> Self {
        Self { url, ..self }
    }

    /// Where others reach the registry.
    pub fn location(&self) -> String {
        self.url.clone().unwrap_or_else(|| self.registry.location().to_string())
    }

    /// The packages that hold every word.
    ///
    /// # Errors
    /// When what is there is not what the trusted head says, as for all that follow.
    pub fn search(&self, text: &str, most: usize) -> Result<Answer, SiteError> {
        self.finder()?.search(text, most, |names| self.found(names))
    }

    /// What a search looks at, read once for this state.
    fn finder(&self) -> Result<&Finder, SiteError> {
        if let Some(finder) = self.finder.get() {
            return Ok(finder);
        }
        let read = self.registry.finder()?;
        Ok(self.finder.get_or_init(|| read))
    }

    /// What this state proves of packages that were found, read where it was not read before.
    fn found(&self, names: &[PackageName]) -> Result<Vec<Found>, SiteError> {
        let mut known: BTreeMap<PackageName, Found> = {
            let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            names.iter().filter_map(|name| found.get(name).cloned()).map(|found| (found.name.clone(), found)).collect()
        };
        let missing: Vec<_> = names.iter().filter(|name| !known.contains_key(*name)).cloned().collect();
        if !missing.is_empty() {
            let state = self.state()?;
            let proven = self.registry.with_files(|files| search::proven(files, state, &missing))?;
            known.extend(proven.into_iter().map(|found| (found.name.clone(), found)));
            self.keep_found(&known);
        }
        Ok(names.iter().filter_map(|name| known.remove(name)).collect())
    }

    fn keep_found(&self, known: &BTreeMap<PackageName, Found>) {
        // A list of everything is made once; it is not what people look for.
        if known.len() > FOUND_MAX / 8 {
            return;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() + known.len() > FOUND_MAX {
            found.clear();
        }
        found.extend(known.iter().map(|(name, found)| (name.clone(), found.clone())));
    }

    /// One package.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn package(&self, name: &PackageName) -> Result<Option<PackageEntry>, SiteError> {
        Ok(self.registry.package(name)?)
    }

    /// What people should know about some versions of it.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn advisories(&self, name: &PackageName) -> Result<Vec<Advisory>, SiteError> {
        let state = self.state()?;
        Ok(self.registry.with_files(|files| advisories::advisories(files, state, name))?)
    }

    /// Who owns a namespace, and who did.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn namespace(&self, name: &Ident) -> Result<Option<NamespaceEntry>, SiteError> {
        let state = self.state()?;
        Ok(self.registry.with_files(|files| package::namespace(files, state, name))?)
    }

    /// All namespaces, sorted.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn namespaces(&self) -> Result<&[Ident], SiteError> {
        if self.namespaces.get().is_none() {
            let state = self.state()?;
            let read = self.registry.with_files(|files| search::namespaces(files, state))?;
            return Ok(self.namespaces.get_or_init(|| read));
        }
        Ok(self.namespaces.get().map(Vec::as_slice).unwrap_or_default())
    }

    /// All packages, sorted.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn names(&self) -> Result<&[PackageName], SiteError> {
        if self.names.get().is_none() {
            let state = self.state()?;
            let mut read = self.registry.with_files(|files| search::names(files, state))?;
            read.sort();
            return Ok(self.names.get_or_init(|| read));
        }
        Ok(self.names.get().map(Vec::as_slice).unwrap_or_default())
    }

    /// The packages of a namespace, sorted.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn names_in(&self, namespace: &Ident) -> Result<Vec<PackageName>, SiteError> {
        Ok(self.names()?.iter().filter(|name| name.namespace() == namespace).cloned().collect())
    }

    /// The namespaces that each key owns.
    ///
    /// # Errors
    /// As [`Catalog::search`].
    pub fn keys(&self) -> Result<&BTreeMap<KeyId, Vec<Ident>>, SiteError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let mut owned: BTreeMap<KeyId, Vec<Ident>> = BTreeMap::new();
        for name in self.namespaces()? {
            let records = self.namespace(name)?.map(|entry| entry.records).unwrap_or_default();
            // A key that owned something once has a page too: releases that it signed name it.
            for key in records.iter().flat_map(|record| &record.keys) {
                owned.entry(key.id()).or_default();
            }
            for key in records.last().map(|record| record.keys.as_slice()).unwrap_or_default() {
                owned.entry(key.id()).or_default().push(name.clone());
            }
        }
        Ok(self.keys.get_or_init(|| owned))
    }

    /// The file of a version, verified and read.
    ///
    /// # Errors
    /// When the file cannot be had, or its signatures do not hold.
    pub fn open(&self, name: &PackageName, signed: &SignedRelease) -> Result<Arc<Opened>, SiteError> {
        let file = signed.release.file;
        if let Some(opened) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).opened.get(&file) {
            return Ok(Arc::clone(opened));
        }
        let bytes = self.file(name, signed)?;
        let opened = Arc::new(Opened::read(&bytes, name, signed)?);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).keep(file, &opened);
        Ok(opened)
    }

    /// The bytes of a file, which have the digest that the index gives them.
    ///
    /// # Errors
    /// When the file cannot be had.
    pub fn file(&self, name: &PackageName, signed: &SignedRelease) -> Result<Vec<u8>, SiteError> {
        Ok(self.registry.fetch_blob(name, &signed.release)?.into_bytes())
    }

    /// The package file of this digest, wherever it is kept. The first question reads all packages.
    ///
    /// # Errors
    /// As [`Catalog::search`], and when the file cannot be had.
    pub fn file_of(&self, file: Digest) -> Result<Option<Vec<u8>>, SiteError> {
        let Some(name) = self.files()?.get(&file) else { return Ok(None) };
        let releases = self.package(name)?.map(|entry| entry.releases).unwrap_or_default();
        let signed = releases.iter().find(|signed| signed.release.file == file);
        signed.map(|signed| self.file(name, signed)).transpose()
    }

    fn files(&self) -> Result<&BTreeMap<Digest, PackageName>, SiteError> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let mut files = BTreeMap::new();
        for name in self.names()? {
            let releases = self.package(name)?.map(|entry| entry.releases).unwrap_or_default();
            files.extend(releases.iter().map(|signed| (signed.release.file, name.clone())));
        }
        Ok(self.files.get_or_init(|| files))
    }
}

impl Kept {
    fn keep(&mut self, file: Digest, opened: &Arc<Opened>) {
        if self.opened.insert(file, Arc::clone(opened)).is_none() {
            self.order.push_back(file);
        }
        while self.order.len() > KEPT_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.opened.remove(&oldest);
            }
        }
    }
}
