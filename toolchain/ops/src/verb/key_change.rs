//! `mpp key rotate` and `mpp key revoke`: a publisher's key that gives way to another, and one that must not be believed any more.

use crate::{
    Context, OpsError,
    registries::OpenRegistry,
    verb::{sign::find_key, trust::parse_key},
    writing::{self, WriteReport, Writing},
};
use mpp_index::{
    IndexError,
    plan::{self, Owners, Reset, Revoke},
};
use mpp_package::key::Signer as _;
use mpp_schema::{Code, Coded, Ident, KeyId, codes};

/// The key owns nothing that could be rotated.
#[derive(Debug, thiserror::Error)]
#[error("could not rotate key {0}: it owns none of these namespaces")]
pub struct OwnsNothing(KeyId);

impl Coded for OwnsNothing {
    fn code(&self) -> Code {
        codes::KEY_NOT_FOUND
    }
    fn hints(&self) -> Vec<String> {
        vec!["mpp owner list NAMESPACE".to_owned()]
    }
}

/// Puts the key `new` in the place of `old` among the owners of namespaces: those named, or all of the registry that `old` owns.
pub fn rotate(
    context: &Context<'_>,
    old: &str,
    new: &str,
    namespaces: &[Ident],
    writing: &Writing,
) -> Result<Vec<WriteReport>, OpsError> {
    let mut open = writing.open(context)?;
    let (old, new) = (find_key(context, old)?, find_key(context, new)?);
    let mut keys = vec![old, new];
    keys.extend(writing.keys.iter().map(|name| find_key(context, name)).collect::<Result<Vec<_>, _>>()?);
    let heads = writing.heads(context, &open)?;
    let (signers, head_keys) = (writing::signers(&keys), writing::signers(&heads));
    let (from, to) = (*keys[0].public_key(), *keys[1].public_key());
    open.registry.update(None, context.now)?;
    let mut reports = Vec::new();
    for namespace in owned(&open, from.id(), namespaces)? {
        reports.push(writing::edit(context, &mut open, |files, state| {
            let entry = mpp_index::package::namespace(files, state, &namespace)?;
            let Some(record) = entry.as_ref().and_then(|entry| entry.records.last()) else { return Ok(None) };
            if !record.keys.iter().any(|key| key.id() == from.id()) {
                return Ok(None);
            }
            let mut owners: Vec<_> = record.keys.iter().filter(|key| key.id() != from.id()).copied().collect();
            if !owners.iter().any(|key| key.id() == to.id()) {
                owners.push(to);
            }
            let owners = plan::set_of(&owners, record.threshold as u8);
            let reset = Reset::ByOwners;
            let plan = Owners {
                namespace: &namespace,
                owners,
                reset,
                signers: &signers,
                head_keys: &head_keys,
                now: context.now,
            };
            plan::owners(files, state, &plan).map(Some)
        })?);
    }
    match reports.is_empty() {
        true => Err(OwnsNothing(from.id()).into()),
        false => Ok(reports),
    }
}

/// Those of the namespaces that a key owns; all of the registry's when none is named.
fn owned(open: &OpenRegistry, key: KeyId, named: &[Ident]) -> Result<Vec<Ident>, OpsError> {
    let (files, state) = (open.registry.snapshot()?, open.registry.trusted()?);
    let candidates = match named.is_empty() {
        true => mpp_index::search::namespaces(&files, state)?,
        false => named.to_vec(),
    };
    let mut found = Vec::new();
    for namespace in candidates {
        let entry = mpp_index::package::namespace(&files, state, &namespace)?;
        let current = entry.as_ref().and_then(|entry| entry.records.last());
        if current.is_some_and(|record| record.keys.iter().any(|owner| owner.id() == key)) {
            found.push(namespace);
        }
    }
    Ok(found)
}

/// Revokes a key, by the key itself where this home holds it, else by the registry's root keys.
pub fn revoke(context: &Context<'_>, key: &str, reason: &str, writing: &Writing) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let (public, keys) = match find_key(context, key) {
        Ok(secret) => (*secret.public_key(), vec![secret]),
        Err(_) => (parse_key(context, key)?, writing.roots(context, &open)?),
    };
    let heads = writing.heads(context, &open)?;
    let new = Revoke {
        key: &public,
        reason: reason.to_owned(),
        signers: &writing::signers(&keys),
        head_keys: &writing::signers(&heads),
        now: context.now,
    };
    writing::edit(context, &mut open, |files, state| -> Result<_, IndexError> { plan::revoke(files, state, &new) })
}
