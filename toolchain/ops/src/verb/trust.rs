//! `mpp trust`: which publishers this home trusts.

use crate::{Context, OpsError, atomic_write};
use mpp_package::key::PublicKey;
use mpp_schema::{Ident, KeyId};
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
