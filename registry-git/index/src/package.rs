//! One package, proven from a trusted head by a handful of small reads (spec/index.md IDX-23).

use crate::{
    Files, IndexError,
    authority::{Authority, Roots},
    history, layout,
    namespace::Namespace,
    shards,
    state::TrustedState,
    statements,
};
use mpp_package::key::PublicKey;
use mpp_schema::{Digest, Ident, Instant, KeyId, PackageName, RegistryId, Version, VersionReq, index::Release};
use semver::{Comparator, Op};

/// A package as its publisher describes it in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageEntry {
    /// Its name.
    pub name: PackageName,
    /// Who owns its namespace now.
    pub owners: Vec<PublicKey>,
    /// Who owned its namespace when.
    pub namespace: NamespaceEntry,
    /// Its versions, in the order in which they were published.
    pub releases: Vec<SignedRelease>,
}

/// A namespace: who owned it, record by record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceEntry {
    /// Its name.
    pub name: Ident,
    /// The first is the claim, the last is in force.
    pub records: Vec<Ownership>,
}

/// One record of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The owners.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: usize,
    /// When it was signed.
    pub issued: Instant,
    /// Why the registry gave the namespace to these owners, where the owners before did not.
    pub reset: Option<String>,
}

impl Ownership {
    fn holds(&self, key: KeyId) -> bool {
        self.keys.iter().any(|owner| owner.id() == key)
    }

    /// Whether the others are not enough to sign without it.
    fn needs(&self, key: KeyId) -> bool {
        self.keys.iter().filter(|owner| owner.id() != key).count() < self.threshold
    }
}

impl NamespaceEntry {
    /// Checks that the namespace is in the hands of whoever holds a pinned key, or of others to whom its owners gave it since (IDX-73).
    ///
    /// # Errors
    /// When the key never owned it, or the registry gave it to others after.
    pub fn check_pin(&self, pinned: KeyId) -> Result<(), IndexError> {
        let contradicted = |reason: String| IndexError::Pinned { namespace: self.name.clone(), pinned, reason };
        // A public key can be named in a record by anybody: what the registry gave away beside it was not given by it.
        let first = self.records.iter().position(|record| record.holds(pinned));
        let first = first.ok_or_else(|| contradicted("that key never owned it".to_owned()))?;
        let held = |(_, record): &(usize, &Ownership)| {
            record.holds(pinned) && (record.reset.is_none() || record.needs(pinned))
        };
        let mut later = self.records.iter().enumerate().skip(first + 1).filter(held).map(|(nth, _)| nth);
        let owned = later.next_back().unwrap_or(first);
        match self.records[owned + 1..].iter().find_map(|record| record.reset.as_ref().map(|why| (record, why))) {
            Some((record, why)) => {
                let why = mpp_schema::text::excerpt(why);
                Err(contradicted(format!("the registry gave it to others at {} (\"{why}\")", record.issued)))
            }
            None => Ok(()),
        }
    }
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
    /// All owners at that time: the keys that may have signed the package itself.
    pub owners: Vec<PublicKey>,
    /// What was said about it since.
    pub standing: Standing,
}

/// What was said about a version after its release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// It is not to be chosen anew.
    pub yanked: Option<Said>,
    /// Something else should be used.
    pub deprecated: Option<Said>,
    /// It must not run.
    pub blocked: Option<Said>,
    /// Others who vouch for exactly this file.
    pub co_signers: Vec<KeyId>,
}

impl Standing {
    /// Whether it may be chosen anew.
    pub fn is_free(&self) -> bool {
        self.yanked.is_none() && self.blocked.is_none()
    }
}

/// A notice about a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Why. Somebody else's words: show them escaped.
    pub reason: String,
    /// When it was said.
    pub issued: Instant,
    /// Whether the registry said it, and not the publisher.
    pub by_registry: bool,
}

impl PackageEntry {
    /// The release of exactly this version, build metadata aside.
    pub fn release(&self, version: &Version) -> Option<&SignedRelease> {
        self.releases.iter().find(|signed| history::same_version(&signed.release.version, version))
    }

    /// The version that `version` must be able to stand in for (spec/tool.md TOOL-20): the highest lower one of its range, if there is one.
    pub fn predecessor(&self, version: &Version) -> Option<&SignedRelease> {
        let stands_in = |older: &Version| {
            older.pre.is_empty() && older < version && {
                // A pre-release stands in for what the version that it leads to stands in for.
                let plain = Version::new(version.major, version.minor, version.patch);
                caret(older).matches(&plain)
            }
        };
        let free = self.releases.iter().filter(|signed| signed.standing.is_free());
        free.filter(|signed| stands_in(&signed.release.version)).max_by_key(|signed| &signed.release.version)
    }

    /// The highest version; one that was yanked or blocked, or a pre-release, only when there is nothing else.
    pub fn latest(&self) -> Option<&SignedRelease> {
        self.releases.iter().max_by(|a, b| precedence(a).cmp(&precedence(b)))
    }
}

/// What `^version` requires.
fn caret(version: &Version) -> VersionReq {
    let comparator = Comparator {
        op: Op::Caret,
        major: version.major,
        minor: Some(version.minor),
        patch: Some(version.patch),
        pre: version.pre.clone(),
    };
    VersionReq { comparators: vec![comparator] }
}

/// The highest version of some, as [`PackageEntry::latest`].
pub(crate) fn latest(releases: Vec<SignedRelease>) -> Option<SignedRelease> {
    releases.into_iter().max_by(|a, b| precedence(a).cmp(&precedence(b)))
}

fn precedence(signed: &SignedRelease) -> (bool, bool, &Version) {
    let version = &signed.release.version;
    (signed.standing.is_free(), version.pre.is_empty(), version)
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
/// verified again: a lookup costs the same for a package with one version and with hundreds. Only a client that came to its head by
/// single files ([`crate::state::follow`]) verifies them here.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn package(
    files: &dyn Files,
    state: &TrustedState,
    name: &PackageName,
) -> Result<Option<PackageEntry>, IndexError> {
    let table = shards::table(files, state.head())?;
    package_in(files, state, &table, name, state.proof())
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
    let owners = namespace.current().keys().to_vec();
    let authority = authority(files, state, table, &namespace, proof);
    let releases = statements::read(name, authority, &file)?;
    Ok(Some(PackageEntry { name: name.clone(), owners, namespace: namespace_entry(&namespace), releases }))
}

/// Looks a namespace up: who owns it, and who did before.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn namespace(files: &dyn Files, state: &TrustedState, name: &Ident) -> Result<Option<NamespaceEntry>, IndexError> {
    let table = shards::table(files, state.head())?;
    let namespace = namespace_in(files, state, &table, name, state.proof())?;
    Ok(namespace.as_ref().map(namespace_entry))
}

fn namespace_entry(namespace: &Namespace) -> NamespaceEntry {
    let records = namespace.records().iter().map(|record| Ownership {
        keys: record.keys.keys().to_vec(),
        threshold: record.keys.threshold(),
        issued: record.issued,
        reset: record.reset.as_ref().map(|reset| reset.reason.clone()),
    });
    NamespaceEntry { name: namespace.name().clone(), records: records.collect() }
}

/// Who may speak about the packages of a namespace in a trusted state.
pub(crate) fn authority<'a>(
    files: &'a dyn Files,
    state: &TrustedState,
    table: &'a [Option<Digest>],
    namespace: &'a Namespace,
    proof: Proof,
) -> Authority<'a> {
    Authority { registry: state.registry(), namespace, roots: roots(files, state, table), proof }
}

fn roots<'a>(files: &'a dyn Files, state: &TrustedState, table: &'a [Option<Digest>]) -> Roots<'a> {
    Roots { files, table, newest: state.head().root }
}

pub(crate) fn namespace_in(
    files: &dyn Files,
    state: &TrustedState,
    table: &[Option<Digest>],
    name: &Ident,
    proof: Proof,
) -> Result<Option<Namespace>, IndexError> {
    let path = layout::namespace(name);
    let Some(digest) = shards::digest_of(files, table, &path)? else { return Ok(None) };
    let file = shards::read_exact(files, &path, digest)?;
    let registry: RegistryId = state.registry();
    Namespace::read(registry, name, &file, roots(files, state, table), proof).map(Some)
}

#[cfg(test)]
mod tests;
