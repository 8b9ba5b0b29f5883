//! Who owns a namespace: a chain of records, each signed by the owners before it and by its own (spec/index.md IDX-17).

use crate::{IndexError, document, keys::Keys, layout, package::Proof};
use mpp_package::signature::Purpose;
use mpp_schema::{
    Ident, RegistryId,
    index::{NamespaceRecord, Signed},
};

/// The owners of a namespace, record by record.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    name: Ident,
    owners: Vec<Keys>,
}

impl Namespace {
    /// Reads the whole chain in a file of records.
    pub(crate) fn read(registry: RegistryId, name: &Ident, file: &[u8], proof: Proof) -> Result<Self, IndexError> {
        let path = layout::namespace(name);
        let mut namespace = Self { name: name.clone(), owners: Vec::new() };
        for (i, line) in document::lines(&path, file)?.into_iter().enumerate() {
            let at = format!("{path}:{}", i + 1);
            let signed: Signed = document::parse_line(&at, line)?;
            let keys = namespace.accept(registry, &at, &signed, proof)?;
            namespace.owners.push(keys);
        }
        match namespace.owners.is_empty() {
            true => Err(IndexError::malformed(&path, "at least one record", "none")),
            false => Ok(namespace),
        }
    }

    fn accept(&self, registry: RegistryId, at: &str, signed: &Signed, proof: Proof) -> Result<Keys, IndexError> {
        // Who must sign stands in the text, so the text is read first and believed only once its own owners are known to have signed it.
        let claimed: NamespaceRecord = document::parse(at, signed.signed.as_bytes())?;
        let keys = Keys::new(at, &claimed.owners)?;
        if proof == Proof::Signatures {
            let purpose = Purpose::Namespace { registry };
            for signers in self.owners.last().into_iter().chain([&keys]) {
                document::open::<NamespaceRecord>(at, signed, &purpose, signers)?;
            }
        }
        if claimed.registry != registry {
            return Err(IndexError::OtherRegistry { path: at.into(), expected: registry, found: claimed.registry });
        }
        let version = self.owners.len() as u64 + 1;
        if claimed.namespace != self.name || u64::from(claimed.version) != version {
            let found = format!("record {} of `{}`", claimed.version, claimed.namespace);
            return Err(IndexError::malformed(at, "the next record of this namespace", found));
        }
        Ok(keys)
    }

    /// The version of the record in force.
    pub(crate) fn version(&self) -> u32 {
        self.owners.len() as u32
    }

    /// The owners in the record of this version.
    pub(crate) fn owners(&self, version: u32) -> Option<&Keys> {
        self.owners.get(usize::try_from(version).ok()?.checked_sub(1)?)
    }

    /// The owners in force.
    pub(crate) fn current(&self) -> &Keys {
        self.owners.last().expect("a namespace has at least one record")
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.name
    }
}
