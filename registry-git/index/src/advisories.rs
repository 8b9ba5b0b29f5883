//! What people should know about some versions of a package (spec/index.md IDX-70, IDX-71).

use crate::{
    Files, IndexError,
    authority::{Authority, Speaker},
    document, layout, package, shards,
    state::TrustedState,
    texts,
};
use mpp_package::signature::Purpose;
use mpp_schema::{
    KeyId, PackageName, Version,
    index::{Advisory, Severity, Signed},
};

/// An advisory by those who may write it.
pub(crate) struct Verified {
    pub(crate) advisory: Advisory,
    pub(crate) signers: Vec<KeyId>,
    pub(crate) threshold: usize,
}

/// Reads one line.
pub(crate) fn advisory(
    name: &PackageName,
    authority: Authority<'_>,
    at: &str,
    line: &[u8],
) -> Result<Verified, IndexError> {
    let signed: Signed = document::parse_line(at, line)?;
    let advisory: Advisory = document::parse(at, signed.signed.as_bytes())?;
    let speaker = authority.speaker(at, advisory.owners, advisory.root)?;
    let registry = authority.registry;
    let signers = authority.open::<Advisory>(at, &signed, &Purpose::Advisory { registry }, &speaker)?;
    if advisory.registry != registry {
        return Err(IndexError::OtherRegistry { path: at.into(), expected: registry, found: advisory.registry });
    }
    if advisory.name != *name {
        return Err(IndexError::malformed(at, "an advisory about this package", format!("`{}`", advisory.name)));
    }
    check_texts(at, &advisory)?;
    let (Speaker::Publisher(keys) | Speaker::Registry(keys)) = &speaker;
    Ok(Verified { threshold: keys.threshold(), advisory, signers })
}

/// Refuses texts that hide something or are too long.
pub(crate) fn check_texts(at: &str, advisory: &Advisory) -> Result<(), IndexError> {
    texts::check_id(at, &advisory.id)?;
    texts::check_reason(at, &advisory.text)
}

/// The advisories about a package, each in its last form, in the order in which they were first written; withdrawn ones are left out.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn advisories(files: &dyn Files, state: &TrustedState, name: &PackageName) -> Result<Vec<Advisory>, IndexError> {
    let table = shards::table(files, state.head())?;
    let path = layout::advisories(name);
    let Some(digest) = shards::digest_of(files, &table, &path)? else { return Ok(Vec::new()) };
    let file = shards::read_exact(files, &path, digest)?;
    let namespace = package::namespace_in(files, state, &table, name.namespace(), state.proof())?;
    let namespace = namespace.ok_or_else(|| IndexError::NotOwner {
        path: path.clone(),
        namespace: name.namespace().clone(),
        reason: "nobody owns it".to_owned(),
    })?;
    let authority = package::authority(files, state, &table, &namespace, state.proof());
    let mut found: Vec<Advisory> = Vec::new();
    for (i, line) in document::lines(&path, &file)?.into_iter().enumerate() {
        let new = advisory(name, authority, &format!("{path}:{}", i + 1), line)?.advisory;
        match found.iter_mut().find(|old| old.id == new.id) {
            Some(old) => *old = new,
            None => found.push(new),
        }
    }
    found.retain(|advisory| advisory.severity != Severity::Withdrawn);
    Ok(found)
}

/// Whether an advisory is about a version. A pre-release is concerned like the version that it leads to.
pub fn concerns(advisory: &Advisory, version: &Version) -> bool {
    let plain = Version::new(version.major, version.minor, version.patch);
    let fixed = advisory.fixed_in.as_ref().is_some_and(|fixed| version >= fixed);
    !fixed && (advisory.versions.matches(version) || advisory.versions.matches(&plain))
}
