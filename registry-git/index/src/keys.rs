//! The keys that a document names, as keys that can verify.

use crate::IndexError;
use mpp_package::key::PublicKey;
use mpp_schema::{KeyId, index::KeySet};

/// The largest number of keys in a set. A document names its own keys, so they are looked at before anybody is known to have signed it.
const KEYS_MAX: usize = 64;

/// Distinct keys that passed the registration checks, and how many of them must sign.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    keys: Vec<PublicKey>,
    threshold: usize,
}

impl Keys {
    /// Refuses an empty set, a threshold that cannot be met or means nothing, and keys that are weak, repeated or unsorted.
    pub(crate) fn new(path: &str, set: &KeySet) -> Result<Self, IndexError> {
        if set.keys.len() > KEYS_MAX {
            return Err(IndexError::malformed(path, "at most 64 keys", format!("{}", set.keys.len())));
        }
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

impl Keys {
    /// The set that one key makes alone.
    pub(crate) fn alone(key: PublicKey) -> Self {
        Self { keys: vec![key], threshold: 1 }
    }

    /// Whether these signers are enough.
    pub(crate) fn are_met_by(&self, signers: &[&dyn mpp_package::key::Signer]) -> bool {
        self.keys.iter().filter(|key| signers.iter().any(|by| by.public_key().id() == key.id())).count()
            >= self.threshold
    }
}

/// The set that one key makes alone, as a document.
pub(crate) fn sole(key: &PublicKey) -> KeySet {
    KeySet { keys: vec![key.to_base64()], threshold: 1 }
}

#[cfg(test)]
mod tests {
    use super::{KEYS_MAX, Keys};
    use mpp_package::key::{SecretKey, Signer as _};
    use mpp_schema::{Coded as _, codes, index::KeySet};

    #[test]
    fn a_set_is_bounded() {
        let mut keys: Vec<_> =
            (0..=KEYS_MAX).map(|_| SecretKey::generate().unwrap().public_key().to_base64()).collect();
        keys.sort();
        let mut set = KeySet { keys, threshold: 1 };
        let refused = Keys::new("root/1.json", &set).unwrap_err();
        assert_eq!(refused.code(), codes::INDEX_MALFORMED);
        assert!(refused.to_string().contains("at most 64 keys"), "{refused}");
        set.keys.pop();
        assert!(Keys::new("root/1.json", &set).is_ok());
    }
}
