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
}

/// Pins a key, given as `RW…` or as the path of a `.pub` file; says whether it is new.
pub fn add(context: &Context<'_>, name: &Ident, key: &str) -> Result<(TrustReport, bool), OpsError> {
    let key = parse_key(context, key)?;
    let new = context.home.trust(name, &key)?;
    Ok((report(name.as_str(), &key), new))
}

/// The pins, sorted by name.
pub fn list(context: &Context<'_>) -> Result<Vec<TrustReport>, OpsError> {
    Ok(context.home.trusted()?.iter().map(|trusted| report(&trusted.name, &trusted.key)).collect())
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

fn report(name: &str, key: &PublicKey) -> TrustReport {
    TrustReport { name: name.to_owned(), id: key.id(), public_key: key.to_base64() }
}
