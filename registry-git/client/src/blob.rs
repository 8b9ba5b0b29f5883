//! Fetching package files: from the commit that a release names, or from where the registry says that files are, several at once
//! (spec/index.md IDX-50 to IDX-58).

use crate::{
    Location, Registry, RegistryError, Snapshot, commit,
    error::{binding, check_digest},
    repository,
    scratch::Scratch,
    store::WORK,
    web::{Access, Download, Oci, Wrong},
};
use gix::ObjectId;
use mpp_index::config::{self, Place};
use mpp_package::limits::FILE_BYTES_MAX;
use mpp_schema::{Coded as _, Digest, PackageName, index::Release};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
    mpsc::{self, Sender},
};

/// How many files are fetched at once.
const AT_ONCE: usize = 4;

/// The bytes of a package file as the index names it. Nobody has checked a signature in it yet.
#[derive(Debug, Clone)]
pub struct FetchedPackage {
    bytes: Vec<u8>,
}

impl FetchedPackage {
    /// Bytes that came in another way, once they are those that a release names.
    ///
    /// # Errors
    /// When they are another file.
    pub fn of(name: &PackageName, release: &Release, bytes: Vec<u8>) -> Result<Self, RegistryError> {
        check(name, release, &bytes)?;
        Ok(Self { bytes })
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A file to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The package.
    pub name: &'a PackageName,
    /// Its release.
    pub release: &'a Release,
}

/// How much of a file is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Which of the wanted files.
    pub file: usize,
    /// How many of its bytes.
    pub bytes: u64,
}

impl Registry {
    /// Fetches the file of a release, and checks that it is the one that the release names: size, digest of the file, digest of
    /// the package, name and version inside.
    ///
    /// # Errors
    /// When it cannot be reached, or is another file.
    pub fn fetch_blob(&self, name: &PackageName, release: &Release) -> Result<FetchedPackage, RegistryError> {
        self.fetch(Wanted { name, release }, &mut |_| {})
    }

    /// The same for several files, some of them at a time. `tell` hears how much of which is here. Gives what became of each, in their order.
    pub fn fetch_blobs(
        &self,
        wanted: &[Wanted<'_>],
        tell: &mut dyn FnMut(Received),
    ) -> Vec<Result<FetchedPackage, RegistryError>> {
        let results: Vec<_> = wanted.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let (sender, received) = mpsc::channel();
        let work = |sender: Sender<Received>| {
            loop {
                let file = next.fetch_add(1, Ordering::Relaxed);
                let (Some(wanted), Some(result)) = (wanted.get(file), results.get(file)) else { return };
                let fetched = self.fetch(*wanted, &mut |bytes| {
                    // Nobody listens any more: then nobody needs to hear.
                    let _ = sender.send(Received { file, bytes });
                });
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..wanted.len().min(AT_ONCE) {
                let sender = sender.clone();
                scope.spawn(|| work(sender));
            }
            drop(sender);
            received.iter().for_each(tell);
        });
        let taken = results.into_iter().map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner));
        taken
            .map(|fetched| fetched.expect("the scope ends when each file was taken, and panics with a thread"))
            .collect()
    }

    /// Where the file of a release is.
    fn place(&self, name: &PackageName, release: &Release) -> Result<Place, RegistryError> {
        if release.size > FILE_BYTES_MAX {
            return Err(RegistryError::TooLarge { expected: FILE_BYTES_MAX, found: release.size });
        }
        match (&release.commit, &self.location) {
            (Some(_), Location::Copy { url }) => {
                let url = url.join(&format!("blobs/{}.mpp", release.file));
                let wrong = |_| RegistryError::Location { text: self.location.to_string(), reason: "it is no address" };
                Ok(Place::Address(url.map_err(wrong)?))
            }
            (Some(commit), _) => Ok(Place::Git(commit.clone())),
            (None, _) => {
                let config = self.config()?;
                Ok(config::place(&config, name, release)?)
            }
        }
    }

    fn fetch(&self, wanted: Wanted<'_>, tell: &mut dyn FnMut(u64)) -> Result<FetchedPackage, RegistryError> {
        let Wanted { name, release } = wanted;
        let bytes = match self.place(name, release)? {
            Place::Git(commit) => self.fetch_from_git(name, release, &commit)?,
            Place::Address(url) => self.download(wanted, &url, Default::default(), tell)?,
            Place::Oci { server, repository } => {
                let oci = Oci::open(self.web()?, &server, &repository, Access::Pull)?;
                self.download(wanted, &oci.blob(release.file)?, oci.rights(), tell)?
            }
        };
        let fetched = FetchedPackage::of(name, release, bytes)?;
        tell(release.size);
        Ok(fetched)
    }

    fn download(
        &self,
        wanted: Wanted<'_>,
        url: &url::Url,
        headers: ureq::http::HeaderMap,
        tell: &mut dyn FnMut(u64),
    ) -> Result<Vec<u8>, RegistryError> {
        let Wanted { name, release } = wanted;
        let folder = &self.store.downloads_path();
        let download = Download { url, headers, size: release.size, digest: release.file, folder };
        download.run(self.web()?, tell).map_err(|wrong| match wrong {
            Wrong::Failed(error) => error,
            Wrong::Other { what, expected, found } => binding(name, &release.version, what, expected, found),
        })
    }

    fn fetch_from_git(&self, name: &PackageName, release: &Release, commit: &str) -> Result<Vec<u8>, RegistryError> {
        let commit = ObjectId::from_hex(commit.as_bytes())
            .map_err(|error| RegistryError::git("read the id of a commit", self.repository_path(), error))?;
        match &self.transport {
            None => read(&Snapshot::open(&self.repository_path(), commit)?, name, release),
            // Fetched into a repository that is thrown away, so that no small packs pile up.
            Some(transport) => {
                let scratch = Scratch::new(self.store.folder(), WORK)?;
                let path = scratch.path();
                repository::init_bare(&path)?;
                transport.fetch_package(&path, commit, &commit::package_reference(name))?;
                read(&Snapshot::open(&path, commit)?, name, release)
            }
        }
    }
}

/// Reads the file of a release from a repository that holds its commit, and checks that it is the one that the release names.
pub(crate) fn read_checked(
    repository: &gix::Repository,
    commit: ObjectId,
    name: &PackageName,
    release: &Release,
) -> Result<Vec<u8>, RegistryError> {
    if release.size > FILE_BYTES_MAX {
        return Err(RegistryError::TooLarge { expected: FILE_BYTES_MAX, found: release.size });
    }
    let bytes = read(&Snapshot::new(repository.clone(), commit)?, name, release)?;
    check(name, release, &bytes)?;
    Ok(bytes)
}

/// Reads the file in a commit's tree; the size is compared before the content is unpacked.
fn read(snapshot: &Snapshot, name: &PackageName, release: &Release) -> Result<Vec<u8>, RegistryError> {
    let path = commit::file_name(name, &release.version);
    let others = snapshot.entries("", snapshot.tree())?.into_keys().find(|entry| *entry != path);
    if let Some(other) = others {
        let expected = format!("nothing but `{path}`");
        return Err(binding(name, &release.version, "the commit to hold", expected, format!("`{other}`")));
    }
    let blob = snapshot.find(&path)?.ok_or_else(|| {
        let expected = format!("`{path}`");
        binding(name, &release.version, "the commit to hold", expected, "no such file")
    })?;
    snapshot.object_within(&path, blob, gix::objs::Kind::Blob, release.size).map_err(|error| match error {
        mpp_index::FilesError::TooLarge { size, .. } => {
            binding(name, &release.version, "a size of", release.size, size)
        }
        other => other.into(),
    })
}

/// Checks that the bytes of a package file are those that a release names.
pub(crate) fn check(name: &PackageName, release: &Release, bytes: &[u8]) -> Result<(), RegistryError> {
    let version = &release.version;
    if bytes.len() as u64 != release.size {
        return Err(binding(name, version, "a size of", release.size, bytes.len()));
    }
    check_digest(name, version, "the file digest", release.file, Digest::of(bytes))?;
    let inside = mpp_package::peek(bytes)
        .map_err(|error| binding(name, version, "a package", "an accepted container", error.code()))?;
    check_digest(name, version, "the package digest", release.package, inside.digest)?;
    if inside.manifest.name != *name || inside.manifest.version != *version {
        let found = format!("{}@{}", inside.manifest.name, inside.manifest.version);
        return Err(binding(name, version, "the manifest of", format!("{name}@{version}"), found));
    }
    Ok(())
}
