//! Who may say something at a place in the log: the owners of a namespace, or the registry by its root keys (spec/index.md IDX-18, IDX-61).

use crate::{Files, IndexError, document, keys::Keys, layout, namespace::Namespace, package::Proof, shards};
use mpp_package::signature::{Purpose, SignatureText};
use mpp_schema::{
    Coded, Digest, KeyId, RegistryId, codes,
    index::{Root, Signed},
};
use serde::de::DeserializeOwned;

/// The roots that were verified, read through the shard table when one is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Roots<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) table: &'a [Option<Digest>],
    /// The version of the root in force: no later one was verified.
    pub(crate) newest: u32,
}

impl Roots<'_> {
    /// The root keys of a root.
    pub(crate) fn keys(&self, at: &str, version: u32) -> Result<Keys, IndexError> {
        Keys::new(&layout::root(version), &self.root(at, version)?.root_keys)
    }

    /// A root.
    pub(crate) fn root(&self, at: &str, version: u32) -> Result<Root, IndexError> {
        let unknown =
            || IndexError::NotRoot { path: at.to_owned(), reason: format!("there is no root {version} in force") };
        let path = layout::root(version);
        let digest = match version <= self.newest {
            true => shards::digest_of(self.files, self.table, &path)?,
            false => None,
        };
        let file = shards::read_exact(self.files, &path, digest.ok_or_else(unknown)?)?;
        document::parse(&path, document::envelope(&path, &file)?.signed.as_bytes())
    }
}

/// Who may speak about the packages of one namespace.
#[derive(Clone, Copy)]
pub(crate) struct Authority<'a> {
    pub(crate) registry: RegistryId,
    pub(crate) namespace: &'a Namespace,
    pub(crate) roots: Roots<'a>,
    pub(crate) proof: Proof,
}

/// Who has to sign a document.
pub(crate) enum Speaker {
    /// Owners of the namespace, or a key that the document names.
    Publisher(Keys),
    /// The registry.
    Registry(Keys),
}

impl Authority<'_> {
    /// Who has to sign a document that names a version of the owners and perhaps a root.
    pub(crate) fn speaker(&self, at: &str, owners: u32, root: Option<u32>) -> Result<Speaker, IndexError> {
        let keys = self
            .namespace
            .owners(owners)
            .ok_or_else(|| self.not_owner(at, format!("there is no version {owners} of its owners")))?;
        match root {
            None => Ok(Speaker::Publisher(keys.clone())),
            // Who follows the log has verified it; nobody else needs the keys.
            Some(root) if self.proof == Proof::Signatures => self.roots.keys(at, root).map(Speaker::Registry),
            Some(_) => Ok(Speaker::Registry(keys.clone())),
        }
    }

    /// Reads a document once those who have to sign it did. Gives those of them who signed.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        at: &str,
        signed: &Signed,
        purpose: &Purpose,
        speaker: &Speaker,
    ) -> Result<Vec<KeyId>, IndexError> {
        let (Speaker::Publisher(keys) | Speaker::Registry(keys)) = speaker;
        if self.proof == Proof::Update {
            return signers(at, signed, keys);
        }
        let opened = document::open::<T>(at, signed, purpose, keys);
        opened.map(|(_, signers)| signers).map_err(|error| match (error.code(), speaker) {
            (code, Speaker::Registry(_)) if code != codes::SIG_BINDING => not_root(at, error),
            (codes::TRUST_UNKNOWN_KEY, Speaker::Publisher(_)) => {
                self.not_owner(at, "it is signed by other keys".to_owned())
            }
            _ => error,
        })
    }

    pub(crate) fn not_owner(&self, at: &str, reason: String) -> IndexError {
        IndexError::NotOwner { path: at.to_owned(), namespace: self.namespace.name().clone(), reason }
    }
}

/// Too few root keys signed, or none.
pub(crate) fn not_root(at: &str, error: IndexError) -> IndexError {
    match error {
        IndexError::Signature { source, .. } => IndexError::NotRoot { path: at.to_owned(), reason: source.to_string() },
        other => other,
    }
}

/// Which of the keys signed, as the signatures name them. They were verified before.
fn signers(at: &str, signed: &Signed, keys: &Keys) -> Result<Vec<KeyId>, IndexError> {
    let mut signers = Vec::new();
    for text in &signed.signatures {
        let signature =
            SignatureText::parse(text).map_err(|source| IndexError::Signature { path: at.to_owned(), source })?;
        signers.extend(keys.contains(signature.key_id()).then(|| signature.key_id()));
    }
    Ok(signers)
}

/// Whether enough signers are left when those that were revoked are left out (spec/index.md IDX-68).
pub(crate) fn enough_are_left(
    at: &str,
    signers: &[KeyId],
    threshold: usize,
    mut is_revoked: impl FnMut(KeyId) -> Result<bool, IndexError>,
) -> Result<(), IndexError> {
    let mut left = 0;
    let mut revoked = None;
    for key in signers {
        match is_revoked(*key)? {
            true => revoked = revoked.or(Some(*key)),
            false => left += 1,
        }
    }
    match revoked {
        Some(key) if left < threshold => Err(IndexError::KeyRevoked { path: at.to_owned(), key }),
        _ => Ok(()),
    }
}
