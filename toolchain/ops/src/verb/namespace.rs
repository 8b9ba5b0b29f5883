//! `mpp owner list|add|remove|transfer|reset`: who owns a namespace, and giving it to others.
//!
//! The owners before sign, and so do enough of the new ones. Somebody who is elsewhere is added by an owner, and removes the owners
//! before with a key of their own.

use crate::{
    Context, OpsError, registries,
    verb::trust::parse_key,
    writing::{self, WriteReport, Writing},
};
use mpp_index::{
    IndexError,
    package::{NamespaceEntry, Ownership},
    plan::{self, Owners, Reset},
};
use mpp_package::key::PublicKey;
use mpp_schema::{Code, Coded, Ident, Instant, KeyId, codes};
use serde::Serialize;

/// Who owns a namespace.
#[derive(Debug, Serialize)]
pub struct OwnersReport {
    /// The namespace.
    pub namespace: Ident,
    /// The registry.
    pub registry: Ident,
    /// Its records; the last is in force.
    pub records: Vec<OwnershipReport>,
}

/// One record.
#[derive(Debug, Serialize)]
pub struct OwnershipReport {
    /// Its number.
    pub version: usize,
    /// The owners.
    pub owners: Vec<OwnerReport>,
    /// How many of them must sign.
    pub threshold: usize,
    /// When it was signed.
    pub issued: Instant,
    /// Why the registry gave the namespace away, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
}

/// One owner.
#[derive(Debug, Serialize)]
pub struct OwnerReport {
    /// The key's identity.
    pub id: KeyId,
    /// Its minisign text.
    pub public_key: String,
}

/// How the owners change.
#[derive(Debug)]
pub enum Change {
    /// One more.
    Add(String),
    /// One less.
    Remove(String),
    /// Only this one from now on.
    Transfer(String),
    /// Only this one from now on, by the registry, for a reason.
    Reset(String, String),
}

/// A change that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// Nobody owns the namespace.
    #[error("could not find the namespace `{0}` in the registry")]
    Unknown(Ident),
    /// The key is no owner.
    #[error("could not remove key {key} from the owners of `{namespace}`: it is none of them")]
    NotAnOwner {
        /// The namespace.
        namespace: Ident,
        /// The key.
        key: KeyId,
    },
}

impl Coded for OwnerError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown(_) => codes::PACKAGE_NOT_FOUND,
            Self::NotAnOwner { .. } => codes::KEY_NOT_FOUND,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unknown(namespace) => vec![format!("mpp search {namespace}")],
            Self::NotAnOwner { namespace, .. } => vec![format!("mpp owner list {namespace}")],
        }
    }
}

/// Who owns a namespace, and who did.
pub fn list(context: &Context<'_>, namespace: &Ident, registry: Option<&str>) -> Result<OwnersReport, OpsError> {
    let open = registries::open_updated(context, context.home.registry(registry)?)?;
    let state = open.registry.trusted()?;
    let entry = open.registry.with_files(|files| mpp_index::package::namespace(files, state, namespace))?;
    let entry = entry.ok_or_else(|| OwnerError::Unknown(namespace.clone()))?;
    let records = entry.records.iter().enumerate().map(|(i, record)| ownership(i + 1, record)).collect();
    Ok(OwnersReport { namespace: entry.name, registry: open.known.name, records })
}

fn ownership(version: usize, record: &Ownership) -> OwnershipReport {
    let owner = |key: &PublicKey| OwnerReport { id: key.id(), public_key: key.to_base64() };
    OwnershipReport {
        version,
        owners: record.keys.iter().map(owner).collect(),
        threshold: record.threshold,
        issued: record.issued,
        reset: record.reset.clone(),
    }
}

/// Changes the owners. `threshold` is how many of them must sign from then on; as many as before when nothing is said, and never more
/// than there are.
pub fn change(
    context: &Context<'_>,
    namespace: &Ident,
    change: &Change,
    threshold: Option<u8>,
    writing: &Writing,
) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let (Change::Add(key) | Change::Remove(key) | Change::Transfer(key) | Change::Reset(key, _)) = change;
    let key = parse_key(context, key)?;
    let mut keys = writing.publishers(context)?;
    let reset = match change {
        Change::Reset(_, reason) => {
            keys.extend(writing.roots(context, &open)?);
            Reset::ByRegistry(reason.clone())
        }
        _ => Reset::ByOwners,
    };
    let heads = writing.heads(context, &open)?;
    let (signers, head_keys) = (writing::signers(&keys), writing::signers(&heads));
    // Asked on the newest state, so that nobody's change is lost.
    open.registry.update(None, context.now)?;
    let entry = mpp_index::package::namespace(&open.registry.snapshot()?, open.registry.trusted()?, namespace)?;
    let entry = entry.ok_or_else(|| OwnerError::Unknown(namespace.clone()))?;
    let new = owners_after(&entry, change, key)?;
    let before = entry.records.last().map_or(1, |record| record.threshold);
    let threshold = threshold.unwrap_or(before.min(new.len()) as u8);
    let known = entry.records.len();
    writing::edit(context, &mut open, |files, state| {
        refuse_overtaken(files, state, namespace, known)?;
        let owners = plan::set_of(&new, threshold);
        let reset = reset.clone();
        let plan = Owners { namespace, owners, reset, signers: &signers, head_keys: &head_keys, now: context.now };
        plan::owners(files, state, &plan).map(Some)
    })
}

/// Refuses when somebody else changed the owners since they were looked at.
fn refuse_overtaken(
    files: &mpp_registry::Snapshot,
    state: &mpp_index::state::TrustedState,
    namespace: &Ident,
    known: usize,
) -> Result<(), IndexError> {
    let now = mpp_index::package::namespace(files, state, namespace)?.map_or(0, |entry| entry.records.len());
    match now == known {
        true => Ok(()),
        false => Err(IndexError::NotOwner {
            path: mpp_index::layout::namespace(namespace),
            namespace: namespace.clone(),
            reason: "its owners changed at the same time".to_owned(),
        }),
    }
}

fn owners_after(entry: &NamespaceEntry, change: &Change, key: PublicKey) -> Result<Vec<PublicKey>, OwnerError> {
    let mut owners = entry.records.last().map_or(Vec::new(), |record| record.keys.clone());
    match change {
        Change::Add(_) if owners.iter().any(|owner| owner.id() == key.id()) => {}
        Change::Add(_) => owners.push(key),
        Change::Transfer(_) | Change::Reset(..) => owners = vec![key],
        Change::Remove(_) => {
            let before = owners.len();
            owners.retain(|owner| owner.id() != key.id());
            if owners.len() == before {
                return Err(OwnerError::NotAnOwner { namespace: entry.name.clone(), key: key.id() });
            }
        }
    }
    Ok(owners)
}
