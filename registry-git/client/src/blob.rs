//! Fetching one package file: the commit that the statement names, and nothing else (spec/index.md IDX-50 to IDX-52).

use crate::{
    Location, Registry, RegistryError, Snapshot, commit,
    error::{binding, check_digest},
    repository,
    scratch::Scratch,
    store::WORK,
};
use gix::ObjectId;
use mpp_package::limits::FILE_BYTES_MAX;
use mpp_schema::{Coded as _, Digest, PackageName, index::Release};

/// The bytes of a package file as the index names it. Nobody has checked a signature in it yet.
#[derive(Debug, Clone)]
pub struct FetchedPackage {
    bytes: Vec<u8>,
}

impl FetchedPackage {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Registry {
    /// Fetches the file of a release, and checks that it is the one that the release names: size, digest of the file, digest of
    /// the package, name and version inside.
    ///
    /// # Errors
    /// When it cannot be reached, or is another file.
    pub fn fetch_blob(&self, name: &PackageName, release: &Release) -> Result<FetchedPackage, RegistryError> {
        let elsewhere = || RegistryError::BlobsElsewhere { name: name.clone(), version: release.version.clone() };
        let commit = release.commit.as_deref().ok_or_else(elsewhere)?;
        let commit = ObjectId::from_hex(commit.as_bytes())
            .map_err(|error| RegistryError::git("read the id of a commit", self.repository_path(), error))?;
        if release.size > FILE_BYTES_MAX {
            return Err(RegistryError::TooLarge { expected: FILE_BYTES_MAX, found: release.size });
        }
        let bytes = match &self.location {
            Location::Path(path) => read(&Snapshot::open(path, commit)?, name, release)?,
            Location::Address { .. } => self.fetch_commit(name, release, commit)?,
        };
        check(name, release, &bytes)?;
        Ok(FetchedPackage { bytes })
    }

    /// Fetches one commit into a repository that is thrown away, so that no small packs pile up.
    fn fetch_commit(&self, name: &PackageName, release: &Release, commit: ObjectId) -> Result<Vec<u8>, RegistryError> {
        let transport = self.transport.as_ref().expect("an address has a transport");
        let scratch = Scratch::new(self.store.folder(), WORK)?;
        let path = scratch.path();
        repository::init_bare(&path)?;
        transport.fetch_package(&path, commit, &commit::package_reference(name))?;
        read(&Snapshot::open(&path, commit)?, name, release)
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

fn check(name: &PackageName, release: &Release, bytes: &[u8]) -> Result<(), RegistryError> {
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
