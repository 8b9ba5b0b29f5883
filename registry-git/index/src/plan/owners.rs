//! Namespaces that change hands (spec/index.md IDX-17, IDX-61).

use super::{Draft, IndexEdit, life::is_registry, owners_sign};
use crate::{
    Files, IndexError, document,
    keys::Keys,
    layout,
    package::{self, Proof},
    shards,
    state::TrustedState,
    texts,
};
use mpp_package::{key::Signer, signature::Purpose};
use mpp_schema::{
    FormatVersion, Ident, Instant,
    index::{self, KeySet, NamespaceRecord},
};

/// New owners of a namespace.
pub struct Owners<'a> {
    /// The namespace.
    pub namespace: &'a Ident,
    /// Who owns it from now on.
    pub owners: KeySet,
    /// Whether its owners give it away, or the registry does.
    pub reset: Reset,
    /// Keys at hand: enough of the owners before (or root keys, for a reset), and enough of the new ones.
    pub signers: &'a [&'a dyn Signer],
    /// Head keys at hand.
    pub head_keys: &'a [&'a dyn Signer],
    /// The clock.
    pub now: Instant,
}

/// Who gives a namespace to new owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset {
    /// The owners before.
    ByOwners,
    /// The registry by its root keys, for a reason.
    ByRegistry(String),
}

/// Plans a record with new owners.
///
/// # Errors
/// When nobody owns the namespace, too few of the old or new keys are at hand, or no head key is at hand.
pub fn owners(files: &dyn Files, state: &TrustedState, new: &Owners<'_>) -> Result<IndexEdit, IndexError> {
    let table = shards::table(files, state.head())?;
    let path = layout::namespace(new.namespace);
    let not_owner = |reason: &str| IndexError::NotOwner {
        path: path.clone(),
        namespace: new.namespace.clone(),
        reason: reason.to_owned(),
    };
    let namespace = package::namespace_in(files, state, &table, new.namespace, Proof::Signatures)?;
    let namespace = namespace.ok_or_else(|| not_owner("nobody owns it"))?;
    let reset = match &new.reset {
        Reset::ByOwners => {
            owners_sign(&namespace, new.signers, &path)?;
            None
        }
        Reset::ByRegistry(reason) if is_registry(state, new.signers)? => {
            texts::check_reason(&path, reason)?;
            Some(index::Reset { root: state.root().version, reason: reason.clone() })
        }
        Reset::ByRegistry(_) => {
            let reason = "too few root keys are at hand".to_owned();
            return Err(IndexError::NotRoot { path, reason });
        }
    };
    if !Keys::new(&path, &new.owners)?.are_met_by(new.signers) {
        return Err(not_owner("too few of the new owners' keys are at hand"));
    }
    let record = NamespaceRecord {
        mpp: FormatVersion::CURRENT,
        registry: state.registry(),
        namespace: new.namespace.clone(),
        version: namespace.version() + 1,
        owners: new.owners.clone(),
        issued: new.now,
        reset,
    };
    let purpose = Purpose::Namespace { registry: state.registry() };
    let signed = document::seal(&path, &record, &purpose, new.signers)?;
    let mut draft = Draft::on(files, state, table)?;
    draft.append(path, &document::line(&signed))?;
    draft.finish(new.head_keys, new.now, format!("Change the owners of {}", new.namespace))
}
