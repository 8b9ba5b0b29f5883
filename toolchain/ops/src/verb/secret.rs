//! `mpp secret`: what packages may send to servers without seeing it.

use crate::{
    Context, OpsError,
    secrets::{Place, SecretError, SecretStore, checked},
};
use mpp_host::SecretValue;
use mpp_schema::{Ident, PackageName};
use serde::Serialize;
use std::io::{self, Read as _};
use zeroize::Zeroizing;

/// A secret as everybody may see it: everything but its value.
#[derive(Debug, Serialize)]
pub struct SecretReport {
    /// Whose it is.
    pub package: PackageName,
    /// What the package calls it.
    pub secret: Ident,
    /// Where it is kept.
    pub place: Place,
}

/// Where the value comes from. Never from the command line, which others on the machine can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Somebody at a terminal.
    Ask,
    /// Standard input; one line end at its end is not part of it.
    Stdin,
}

/// Stores a secret, in the place of an older one.
pub fn set(
    context: &Context<'_>,
    package: &PackageName,
    secret: &Ident,
    source: Source,
) -> Result<SecretReport, OpsError> {
    let value = match source {
        Source::Ask => context.passwords.secret(&format!("secret `{secret}` of {package}: ")),
        Source::Stdin => Some(from_stdin()?),
    };
    let value = value.ok_or_else(|| SecretError::NoValue { package: package.clone(), name: secret.clone() })?;
    let place = SecretStore::of(context).set(package, secret, &checked(value)?)?;
    Ok(SecretReport { package: package.clone(), secret: secret.clone(), place })
}

fn from_stdin() -> Result<SecretValue, SecretError> {
    let mut text = Zeroizing::new(String::new());
    // One byte more than may be stored, and a line end, tell a value that is too long.
    let most = u64::try_from(crate::secrets::VALUE_BYTES_MAX + 3).unwrap_or(u64::MAX);
    io::stdin().lock().take(most).read_to_string(&mut text).map_err(|_| SecretError::Value("it must be text"))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(SecretValue::new(line.to_owned()))
}

/// The secrets of this home, of one package or of all.
pub fn list(context: &Context<'_>, package: Option<&PackageName>) -> Result<Vec<SecretReport>, OpsError> {
    let all = SecretStore::of(context).list()?.into_iter();
    let wanted = all.filter(|(owner, ..)| package.is_none_or(|package| package == owner));
    Ok(wanted.map(|(package, secret, place)| SecretReport { package, secret, place }).collect())
}

/// Removes a secret, wherever it is kept.
pub fn remove(context: &Context<'_>, package: &PackageName, secret: &Ident) -> Result<(), OpsError> {
    if SecretStore::of(context).remove(package, secret)? {
        return Ok(());
    }
    Err(SecretError::Missing { package: package.clone(), name: secret.clone() }.into())
}
