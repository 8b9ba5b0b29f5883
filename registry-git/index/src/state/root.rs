//! The chain of roots: each next one is signed by the thresholds of the one before and of its own (spec/index.md IDX-31, IDX-32).

use super::TrustedState;
use crate::{Files, IndexError, document, keys::Keys, layout};
use mpp_package::signature::Purpose;
use mpp_schema::{
    Code, Coded, Digest, Instant, codes,
    index::{LogPoint, Root, Signed},
};

/// What a chain of roots comes to.
pub(crate) struct Chain {
    pub(crate) root: Root,
    pub(crate) pin: Digest,
    /// The earliest point from which a root that is new to the client lets the log go on.
    pub(crate) resume: Option<LogPoint>,
}

/// Follows the chain from what is believed, or from the first root.
pub(crate) fn follow(
    files: &dyn Files,
    before: Option<&TrustedState>,
    pin: Option<Digest>,
    now: Instant,
) -> Result<Chain, IndexError> {
    let mut chain = match before {
        Some(before) => Chain { root: before.root.clone(), pin: before.pin, resume: None },
        None => first(files, pin)?,
    };
    if let Some(expected) = pin.filter(|pin| *pin != chain.pin) {
        return Err(IndexError::RootPin { expected, found: chain.pin });
    }
    while let Some(next) = next(files, &chain.root)? {
        let earlier = chain.resume.into_iter().chain(next.resume).min_by_key(|point| point.length);
        chain = Chain { root: next, resume: earlier, ..chain };
    }
    match now < chain.root.expires {
        true => Ok(chain),
        false => Err(IndexError::RootExpired { version: chain.root.version, expired: chain.root.expires, now }),
    }
}

/// Reads the first root, which signs itself and is known by its fingerprint.
pub(crate) fn first(files: &dyn Files, pin: Option<Digest>) -> Result<Chain, IndexError> {
    let path = layout::root(1);
    let file = files.read(&path)?.ok_or_else(|| IndexError::Removed { path: path.clone(), what: "the first root" })?;
    let signed = document::envelope(&path, &file)?;
    let found = layout::fingerprint(&signed);
    if let Some(expected) = pin.filter(|pin| *pin != found) {
        return Err(IndexError::RootPin { expected, found });
    }
    let root = self_signed(&path, &signed)?;
    match root.version {
        1 => Ok(Chain { root, pin: found, resume: None }),
        version => Err(IndexError::RootInvalid { version, reason: "expected version 1 in the first root".into() }),
    }
}

/// Verifies the roots that are believed already. Done where their files are not known to be the same as before, because what later
/// documents say may have to be signed by the keys of any of them.
pub(crate) fn verify_again(files: &dyn Files, before: &TrustedState) -> Result<(), IndexError> {
    let mut root = first(files, Some(before.pin))?.root;
    while root.version < before.root.version {
        let version = root.version + 1;
        let gone = || IndexError::Removed { path: layout::root(version), what: "a root that was there before" };
        root = next(files, &root)?.ok_or_else(gone)?;
    }
    match root == before.root {
        true => Ok(()),
        false => {
            let reason = "it is not the one that was seen before".to_owned();
            Err(IndexError::RootInvalid { version: root.version, reason })
        }
    }
}

fn next(files: &dyn Files, root: &Root) -> Result<Option<Root>, IndexError> {
    let Some(version) = root.version.checked_add(1) else { return Ok(None) };
    let path = layout::root(version);
    let Some(file) = files.read(&path)? else { return Ok(None) };
    let signed = document::envelope(&path, &file)?;
    let claimed = claim(&path, &signed, root)?;
    accept(&path, &signed, &claimed, &[root, &claimed]).map(Some)
}

/// A root that its own root keys signed, whoever they are.
pub(crate) fn self_signed(path: &str, signed: &Signed) -> Result<Root, IndexError> {
    let claimed: Root = document::parse(path, signed.signed.as_bytes())?;
    accept(path, signed, &claimed, &[&claimed])
}

/// What a root says that would follow another one. Its signatures are not looked at.
pub(crate) fn claim(path: &str, signed: &Signed, before: &Root) -> Result<Root, IndexError> {
    let claimed: Root = document::parse(path, signed.signed.as_bytes())?;
    if claimed.registry != before.registry {
        let (expected, found) = (before.registry, claimed.registry);
        return Err(IndexError::OtherRegistry { path: path.to_owned(), expected, found });
    }
    match before.version.checked_add(1) {
        Some(version) if version == claimed.version => Ok(claimed),
        _ => {
            let reason = format!("`{path}` says that it is version {}", claimed.version);
            Err(IndexError::RootInvalid { version: before.version.saturating_add(1), reason })
        }
    }
}

/// Checks that the root keys of each of `by` signed.
pub(crate) fn accept(path: &str, signed: &Signed, claimed: &Root, by: &[&Root]) -> Result<Root, IndexError> {
    let purpose = Purpose::Root { registry: claimed.registry };
    Keys::new(path, &claimed.head_keys)?;
    for root in by {
        let keys = Keys::new(&layout::root(root.version), &root.root_keys)?;
        document::open::<Root>(path, signed, &purpose, &keys).map_err(|error| invalid(claimed.version, error))?;
    }
    Ok(claimed.clone())
}

/// What is wrong with the signatures of a root is one refusal; a signature for another purpose keeps its own.
fn invalid(version: u32, error: IndexError) -> IndexError {
    const KEPT: [Code; 1] = [codes::SIG_BINDING];
    match &error {
        IndexError::Signature { source, .. } if !KEPT.contains(&error.code()) => {
            IndexError::RootInvalid { version, reason: source.to_string() }
        }
        _ => error,
    }
}
