//! The keys that a document names, as keys that can verify.

use crate::IndexError;
use mpp_package::key::PublicKey;
use mpp_schema::{KeyId, index::KeySet};

/// Distinct keys that passed the registration checks, and how many of them must sign.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    keys: Vec<PublicKey>,
    threshold: usize,
}

impl Keys {
    /// Refuses an empty set, a threshold that cannot be met or means nothing, and keys that are weak, repeated or unsorted.
    pub(crate) fn new(path: &str, set: &KeySet) -> Result<Self, IndexError> {
        let key_error = |source| IndexError::Key { path: path.to_owned(), source };
        let keys: Vec<_> =
            set.keys.iter().map(|text| PublicKey::from_base64(text).map_err(key_error)).collect::<Result<_, _>>()?;
        let threshold = usize::from(set.threshold);
        if threshold == 0 || threshold > keys.len() {
            let found = format!("a threshold of {threshold} with {} keys", keys.len());
            return Err(IndexError::malformed(path, "a threshold from 1 to the number of keys", found));
        }
        let repeated = keys.iter().enumerate().any(|(i, key)| keys[..i].iter().any(|other| other.id() == key.id()));
        if repeated || !set.keys.is_sorted() {
            return Err(IndexError::malformed(path, "sorted keys, each of them once", "other keys"));
        }
        Ok(Self { keys, threshold })
    }

    pub(crate) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    pub(crate) fn threshold(&self) -> usize {
        self.threshold
    }

    pub(crate) fn contains(&self, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id() == id)
    }
}

/// The set that one key makes alone.
pub(crate) fn sole(key: &PublicKey) -> KeySet {
    KeySet { keys: vec![key.to_base64()], threshold: 1 }
}
