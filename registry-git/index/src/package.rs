//! One package, proven from a trusted head by a handful of small reads (spec/index.md IDX-23).

use crate::{Files, IndexError, layout, namespace::Namespace, shards, state::TrustedState, statements};
use mpp_package::key::PublicKey;
use mpp_schema::{
    Digest, Instant, KeyId, PackageName, Version,
    index::{Release, Says},
};

/// A package as its publisher describes it in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageEntry {
    /// Its name.
    pub name: PackageName,
    /// Who owns its namespace now.
    pub owners: Vec<PublicKey>,
    /// Its versions, in the order in which they were published.
    pub releases: Vec<SignedRelease>,
}

/// A version, and who said that it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRelease {
    /// What was said.
    pub release: Release,
    /// When it was said.
    pub issued: Instant,
    /// The owners who signed it.
    pub signers: Vec<KeyId>,
}

impl PackageEntry {
    /// The release of exactly this version, build metadata aside.
    pub fn release(&self, version: &Version) -> Option<&SignedRelease> {
        self.releases.iter().find(|signed| statements::same_version(&signed.release.version, version))
    }

    /// The highest version, and a pre-release only when there is nothing else.
    pub fn latest(&self) -> Option<&SignedRelease> {
        self.releases.iter().max_by_key(|signed| precedence(&signed.release))
    }
}

/// The highest version of some, and a pre-release only when there is nothing else.
pub(crate) fn latest(releases: Vec<Release>) -> Option<Release> {
    releases.into_iter().max_by(|a, b| precedence(a).cmp(&precedence(b)))
}

fn precedence(release: &Release) -> (bool, &Version) {
    (release.version.pre.is_empty(), &release.version)
}

/// What shows that the owners of a namespace said what a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The update that led to the trusted state: it verified every signature in every file that the trusted head names, and the
    /// file still has the digest that the head gives it.
    Update,
    /// The signatures, verified again.
    Signatures,
}

/// Looks a package up. Reads `shards.json`, two shard files, the namespace and the package, and nothing else.
///
/// Each file is compared with the trusted head. Its signatures were verified by the update that led to that head, and are not
/// verified again: a lookup costs the same for a package with one version and with hundreds.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn package(
    files: &dyn Files,
    state: &TrustedState,
    name: &PackageName,
) -> Result<Option<PackageEntry>, IndexError> {
    let table = shards::table(files, state.head())?;
    package_in(files, state, &table, name, Proof::Update)
}

/// The same with a shard table that was read before.
pub(crate) fn package_in(
    files: &dyn Files,
    state: &TrustedState,
    table: &[Option<Digest>],
    name: &PackageName,
    proof: Proof,
) -> Result<Option<PackageEntry>, IndexError> {
    let path = layout::package(name);
    let Some(digest) = shards::digest_of(files, table, &path)? else { return Ok(None) };
    let file = shards::read_exact(files, &path, digest)?;
    let namespace = namespace_in(files, state, table, name.namespace(), proof)?;
    let namespace = namespace.ok_or_else(|| IndexError::NotOwner {
        path,
        namespace: name.namespace().clone(),
        reason: "nobody owns it".to_owned(),
    })?;
    let statements = statements::read(state.registry(), name, &namespace, &file, proof)?;
    let owners = namespace.current().keys().to_vec();
    let releases = statements.into_iter().map(release).collect();
    Ok(Some(PackageEntry { name: name.clone(), owners, releases }))
}

fn release(verified: statements::Verified) -> SignedRelease {
    let issued = verified.statement.issued;
    let Says::Release(release) = verified.statement.says;
    SignedRelease { release, issued, signers: verified.signers }
}

pub(crate) fn namespace_in(
    files: &dyn Files,
    state: &TrustedState,
    table: &[Option<Digest>],
    name: &mpp_schema::Ident,
    proof: Proof,
) -> Result<Option<Namespace>, IndexError> {
    let path = layout::namespace(name);
    let Some(digest) = shards::digest_of(files, table, &path)? else { return Ok(None) };
    let file = shards::read_exact(files, &path, digest)?;
    Namespace::read(state.registry(), name, &file, proof).map(Some)
}

#[cfg(test)]
mod tests;
