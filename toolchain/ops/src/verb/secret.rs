//! `mpp secret`: what packages may send to servers without seeing it.

use super::call::open_installed;
use crate::{
    Context, Event, OpsError,
    secrets::{Place, SecretError, SecretStore, checked},
};
use mpp_host::SecretValue;
use mpp_schema::{Ident, PackageName, codes};
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

/// Stores a secret, in the place of an older one. An installed package must ask for it; what one that is not installed asks for, nobody knows yet.
pub fn set(
    context: &Context<'_>,
    package: &PackageName,
    secret: &Ident,
    source: Source,
) -> Result<SecretReport, OpsError> {
    check_asked(context, package, secret)?;
    let value = match source {
        Source::Ask => context.passwords.secret(&format!("secret `{secret}` of {package}: ")),
        Source::Stdin => Some(from_stdin()?),
    };
    let value = value.ok_or_else(|| SecretError::NoValue { package: package.clone(), name: secret.clone() })?;
    let place = SecretStore::of(context).set(package, secret, &checked(value)?)?;
    Ok(SecretReport { package: package.clone(), secret: secret.clone(), place })
}

/// Before anybody types a value: a name that was misspelt would never be sent, and nobody would say why.
fn check_asked(context: &Context<'_>, package: &PackageName, secret: &Ident) -> Result<(), OpsError> {
    let record = match context.home.installed(package) {
        Ok(record) => record,
        Err(error) if error.code() == codes::PACKAGE_NOT_INSTALLED => {
            let note = format!("{package} is not installed: whether it asks for `{secret}` is seen when it is");
            (context.tell)(Event::Note(note));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let opened = open_installed(context, &record)?;
    let asked: Vec<Ident> = opened.manifest().permissions.secrets.keys().cloned().collect();
    if asked.contains(secret) {
        return Ok(());
    }
    Err(SecretError::Unasked { package: package.clone(), name: secret.clone(), asked }.into())
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
