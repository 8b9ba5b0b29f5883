//! Changing a registry: which one, and with which keys.

use crate::{
    Context, Event, OpsError,
    home::{keys::KeyStoreError, registry_keys::NoRegistryKey},
    registries::{self, OpenRegistry},
    verb::sign::find_key,
};
use mpp_index::{IndexError, plan::IndexEdit, state::TrustedState};
use mpp_package::key::{SecretKey, Signer};
use mpp_registry::{Edited, Snapshot};
use mpp_schema::{Code, Coded, Ident, codes};
use serde::Serialize;

/// Where to, and with which keys. Each key is the name of a key of this home or the path of a minisign key file.
#[derive(Debug, Default, Clone)]
pub struct Writing {
    /// The registry; nothing for the only one.
    pub registry: Option<String>,
    /// Publisher keys; none for the only one of this home.
    pub keys: Vec<String>,
    /// Head keys; none for the key that this home keeps for the registry.
    pub head_keys: Vec<String>,
    /// Root keys; none for the key that this home keeps for the registry.
    pub root_keys: Vec<String>,
}

/// A change of a registry.
#[derive(Debug, Serialize)]
pub struct WriteReport {
    /// The registry.
    pub registry: Ident,
    /// What was done, in one line.
    pub summary: String,
    /// Whether something was done; otherwise it was so already.
    pub changed: bool,
    /// The sequence number of the head from then on.
    pub seq: u64,
}

impl Writing {
    /// The registry, opened.
    pub(crate) fn open(&self, context: &Context<'_>) -> Result<OpenRegistry, OpsError> {
        registries::open(context, context.home.registry(self.registry.as_deref())?)
    }

    /// The publisher keys: those named, else the only one of this home.
    pub(crate) fn publishers(&self, context: &Context<'_>) -> Result<Vec<SecretKey>, OpsError> {
        if !self.keys.is_empty() {
            return self.keys.iter().map(|name| find_key(context, name)).collect();
        }
        match context.home.keys()?.as_slice() {
            [only] => Ok(vec![context.home.secret_key(&only.name, context.passwords)?]),
            [] => Err(KeyStoreError::NotFound("publisher".to_owned()).into()),
            several => Err(SeveralKeys(several.iter().map(|key| key.name.clone()).collect()).into()),
        }
    }

    /// The head keys.
    pub(crate) fn heads(&self, context: &Context<'_>, open: &OpenRegistry) -> Result<Vec<SecretKey>, OpsError> {
        registry_keys(context, open, &self.head_keys)
    }

    /// The root keys.
    pub(crate) fn roots(&self, context: &Context<'_>, open: &OpenRegistry) -> Result<Vec<SecretKey>, OpsError> {
        registry_keys(context, open, &self.root_keys)
    }
}

fn registry_keys(context: &Context<'_>, open: &OpenRegistry, named: &[String]) -> Result<Vec<SecretKey>, OpsError> {
    if !named.is_empty() {
        return named.iter().map(|name| find_key(context, name)).collect();
    }
    match context.home.registry_key(open.known.id, context.passwords) {
        Ok(key) => Ok(vec![key]),
        Err(error) if error.code() == NoRegistryKey(open.known.id).code() => {
            Err(error.hint("or name its key files: --head-key FILE, --root-key FILE"))
        }
        Err(error) => Err(error),
    }
}

/// Keys as those who sign.
pub(crate) fn signers(keys: &[SecretKey]) -> Vec<&dyn Signer> {
    keys.iter().map(|key| key as &dyn Signer).collect()
}

/// Carries out an edit.
pub(crate) fn edit(
    context: &Context<'_>,
    open: &mut OpenRegistry,
    plan: impl FnMut(&Snapshot, &TrustedState) -> Result<Option<IndexEdit>, IndexError>,
) -> Result<WriteReport, OpsError> {
    (context.tell)(Event::Started { step: "changing", what: format!("the registry `{}`", open.known.name) });
    let done = open.registry.edit(context.now, plan)?;
    (context.tell)(Event::Finished);
    report(open, done)
}

/// What became of an edit.
pub(crate) fn report(open: &OpenRegistry, done: Option<Edited>) -> Result<WriteReport, OpsError> {
    let registry = open.known.name.clone();
    let seq = open.registry.trusted()?.head().seq;
    Ok(match done {
        Some(done) => WriteReport { registry, summary: done.summary, changed: true, seq: done.head.seq },
        None => WriteReport { registry, summary: "nothing to do: it is so already".to_owned(), changed: false, seq },
    })
}

/// The home has several keys and none was named.
#[derive(Debug, thiserror::Error)]
#[error("could not choose a key: this home has {}", .0.join(", "))]
pub struct SeveralKeys(Vec<String>);

impl Coded for SeveralKeys {
    fn code(&self) -> Code {
        codes::KEY_NOT_FOUND
    }
    fn hints(&self) -> Vec<String> {
        self.0.iter().map(|name| format!("say which one: --key {name}")).collect()
    }
}
