//! `mpp trust`: which publishers this home trusts.

use crate::{Context, OpsError, atomic_write, home::first_use::FirstUses, registries, verb::namespace::OwnerError};
use mpp_package::key::PublicKey;
use mpp_schema::{Code, Coded, Ident, KeyId, PackageName, codes};
use serde::Serialize;
use std::path::Path;

/// A pinned key.
#[derive(Debug, Serialize)]
pub struct TrustReport {
    /// What this home calls the publisher.
    pub name: String,
    /// The key's identity.
    pub id: KeyId,
    /// Its minisign text.
    pub public_key: String,
    /// Whether its packages may be granted what needs the highest trust level.
    pub elevated: bool,
}

/// How far a publisher is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// For what needs the levels sandboxed and limited.
    Limited,
    /// For everything that is granted to its packages.
    Elevated,
}

/// Pins a key, given as `RW…` or as the path of a `.pub` file; says whether it is new. A mark that was made before stays.
pub fn add(context: &Context<'_>, name: &Ident, key: &str, reach: Reach) -> Result<(TrustReport, bool), OpsError> {
    let key = parse_key(context, key)?;
    let new = context.home.trust(name, &key)?;
    if reach == Reach::Elevated {
        context.home.mark(name, true)?;
    }
    let elevated = context.home.marked()?.contains(name);
    Ok((report(name.as_str(), &key, elevated), new))
}

/// Marks a pinned publisher; says whether that changed something.
pub fn mark(context: &Context<'_>, name: &Ident, reach: Reach) -> Result<bool, OpsError> {
    context.home.mark(name, reach == Reach::Elevated)
}

/// The pins, sorted by name.
pub fn list(context: &Context<'_>) -> Result<Vec<TrustReport>, OpsError> {
    let marked = context.home.marked()?;
    let is_marked = |name: &str| marked.iter().any(|marked| marked.as_str() == name);
    let trusted = context.home.trusted()?;
    Ok(trusted.iter().map(|pin| report(&pin.name, &pin.key, is_marked(&pin.name))).collect())
}

/// Takes a pin away.
pub fn remove(context: &Context<'_>, name: &Ident) -> Result<(), OpsError> {
    context.home.distrust(name)
}

/// A namespace that is pinned.
#[derive(Debug, Serialize)]
pub struct PinReport {
    /// The namespace.
    pub namespace: Ident,
    /// The key's identity.
    pub id: KeyId,
    /// Its minisign text.
    pub public_key: String,
}

fn pin_report(namespace: &Ident, key: &PublicKey) -> PinReport {
    PinReport { namespace: namespace.clone(), id: key.id(), public_key: key.to_base64() }
}

/// Pins a namespace to a key: the one that is given, or the only one that owns it now; says whether the pin is new.
pub fn pin(
    context: &Context<'_>,
    namespace: &Ident,
    key: Option<&str>,
    registry: Option<&str>,
) -> Result<(PinReport, bool), OpsError> {
    let key = match key {
        Some(key) => parse_key(context, key)?,
        None => only_owner(context, namespace, registry)?,
    };
    let new = context.home.pin(namespace, &key)?;
    Ok((pin_report(namespace, &key), new))
}

fn only_owner(context: &Context<'_>, namespace: &Ident, registry: Option<&str>) -> Result<PublicKey, OpsError> {
    let open = registries::open_updated(context, context.home.registry(registry)?)?;
    let state = open.registry.trusted()?;
    let entry = open.registry.with_files(|files| mpp_index::package::namespace(files, state, namespace))?;
    let record = entry.and_then(|mut entry| entry.records.pop());
    let record = record.ok_or_else(|| OwnerError::Unknown(namespace.clone()))?;
    match record.keys.as_slice() {
        [only] => Ok(*only),
        several => {
            let keys = several.iter().map(PublicKey::to_base64).collect();
            Err(SeveralOwners { namespace: namespace.clone(), keys }.into())
        }
    }
}

/// A namespace with several owners is pinned to one that is named.
#[derive(Debug, thiserror::Error)]
#[error("could not choose the key to pin the namespace `{namespace}` to: it has {} owners", keys.len())]
pub struct SeveralOwners {
    namespace: Ident,
    keys: Vec<String>,
}

impl Coded for SeveralOwners {
    fn code(&self) -> Code {
        codes::USAGE
    }
    fn hints(&self) -> Vec<String> {
        self.keys.iter().map(|key| format!("mpp trust pin {} {key}", self.namespace)).collect()
    }
}

/// The namespaces that are pinned, sorted.
pub fn pins(context: &Context<'_>) -> Result<Vec<PinReport>, OpsError> {
    Ok(context.home.pins()?.iter().map(|(namespace, key)| pin_report(namespace, key)).collect())
}

/// Takes the pin of a namespace away.
pub fn unpin(context: &Context<'_>, namespace: &Ident) -> Result<(), OpsError> {
    context.home.unpin(namespace)
}

/// Who signed the first loose file of each package that was used here.
pub fn first_uses(context: &Context<'_>) -> Result<FirstUses, OpsError> {
    context.home.first_uses()
}

/// Forgets who signed a package first: the next file of that name is the first one.
pub fn forget(context: &Context<'_>, package: &PackageName) -> Result<(), OpsError> {
    context.home.forget_first_use(package)
}

/// A public key given as `RW…` or as the path of a `.pub` file.
pub(crate) fn parse_key(context: &Context<'_>, key: &str) -> Result<PublicKey, OpsError> {
    match atomic_write::read_text_if_there(&context.path(Path::new(key))) {
        Ok(Some(text)) => Ok(PublicKey::from_file_text(&text)?),
        _ => Ok(PublicKey::from_base64(key)?),
    }
}

fn report(name: &str, key: &PublicKey, elevated: bool) -> TrustReport {
    TrustReport { name: name.to_owned(), id: key.id(), public_key: key.to_base64(), elevated }
}
