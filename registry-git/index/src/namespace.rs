//! Who owns a namespace: a chain of records, each signed by the owners before it and by its own, or given away by the registry
//! (spec/index.md IDX-17, IDX-61).

use crate::{
    IndexError,
    authority::{self, Roots},
    document,
    keys::Keys,
    layout,
    package::Proof,
    texts,
};
use mpp_package::signature::Purpose;
use mpp_schema::{
    Coded as _, Ident, Instant, KeyId, RegistryId, codes,
    index::{NamespaceRecord, Reset, Signed},
};

/// The owners of a namespace, record by record.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    name: Ident,
    records: Vec<Record>,
}

/// One record, once its signatures hold.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) keys: Keys,
    pub(crate) issued: Instant,
    pub(crate) reset: Option<Reset>,
    /// Those of the owners before who signed, and those of its own; nothing when the signatures were verified before.
    signers: Option<(Vec<KeyId>, Vec<KeyId>)>,
}

impl Namespace {
    /// Reads the whole chain in a file of records.
    pub(crate) fn read(
        registry: RegistryId,
        name: &Ident,
        file: &[u8],
        roots: Roots<'_>,
        proof: Proof,
    ) -> Result<Self, IndexError> {
        let path = layout::namespace(name);
        let mut namespace = Self { name: name.clone(), records: Vec::new() };
        for (i, line) in document::lines(&path, file)?.into_iter().enumerate() {
            let at = format!("{path}:{}", i + 1);
            let signed: Signed = document::parse_line(&at, line)?;
            let record = namespace.accept(registry, &at, &signed, roots, proof)?;
            namespace.records.push(record);
        }
        match namespace.records.is_empty() {
            true => Err(IndexError::malformed(&path, "at least one record", "none")),
            false => Ok(namespace),
        }
    }

    fn accept(
        &self,
        registry: RegistryId,
        at: &str,
        signed: &Signed,
        roots: Roots<'_>,
        proof: Proof,
    ) -> Result<Record, IndexError> {
        // Who must sign stands in the text, so the text is read first and believed only once its own owners are known to have signed it.
        let claimed: NamespaceRecord = document::parse(at, signed.signed.as_bytes())?;
        let keys = Keys::new(at, &claimed.owners)?;
        if self.records.is_empty() && claimed.reset.is_some() {
            return Err(IndexError::malformed(at, "a first record that is no reset", "a reset"));
        }
        let signers = match proof {
            Proof::Update => None,
            Proof::Signatures => {
                let purpose = Purpose::Namespace { registry };
                let open =
                    |keys: &Keys| document::open::<NamespaceRecord>(at, signed, &purpose, keys).map(|(_, by)| by);
                let before = match (&claimed.reset, self.records.last()) {
                    (Some(reset), _) => open(&roots.keys(at, reset.root)?).map_err(|error| match error.code() {
                        codes::SIG_BINDING => error,
                        _ => authority::not_root(at, error),
                    })?,
                    (None, Some(last)) => open(&last.keys)?,
                    (None, None) => Vec::new(),
                };
                Some((before, open(&keys)?))
            }
        };
        if claimed.registry != registry {
            return Err(IndexError::OtherRegistry { path: at.into(), expected: registry, found: claimed.registry });
        }
        let version = self.records.len() as u64 + 1;
        if claimed.namespace != self.name || u64::from(claimed.version) != version {
            let found = format!("record {} of `{}`", claimed.version, claimed.namespace);
            return Err(IndexError::malformed(at, "the next record of this namespace", found));
        }
        if let Some(reset) = &claimed.reset {
            texts::check_reason(at, &reset.reason)?;
        }
        Ok(Record { keys, issued: claimed.issued, reset: claimed.reset, signers })
    }

    /// Checks what depends on the place of a record in the log: which root was in force, and which keys were revoked.
    pub(crate) fn check_place(
        &self,
        version: usize,
        root: u32,
        mut is_revoked: impl FnMut(KeyId) -> Result<bool, IndexError>,
    ) -> Result<(), IndexError> {
        let at = format!("{}:{version}", layout::namespace(&self.name));
        let record = &self.records[version - 1];
        let Some((before, own)) = &record.signers else { return Ok(()) };
        match &record.reset {
            Some(reset) if reset.root != root => {
                let reason = format!("it names root {}, and root {root} was in force", reset.root);
                return Err(IndexError::NotRoot { path: at, reason });
            }
            Some(_) => {}
            None => {
                let threshold = version.checked_sub(2).map_or(0, |before| self.records[before].keys.threshold());
                authority::enough_are_left(&at, before, threshold, &mut is_revoked)?;
            }
        }
        authority::enough_are_left(&at, own, record.keys.threshold(), is_revoked)
    }

    /// The version of the record in force.
    pub(crate) fn version(&self) -> u32 {
        self.records.len() as u32
    }

    /// The owners in the record of this version.
    pub(crate) fn owners(&self, version: u32) -> Option<&Keys> {
        self.records.get(usize::try_from(version).ok()?.checked_sub(1)?).map(|record| &record.keys)
    }

    /// The owners in force.
    pub(crate) fn current(&self) -> &Keys {
        &self.records.last().expect("a namespace has at least one record").keys
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.name
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }
}
