//! How much a package may keep, and how much it keeps.

use serde::{Deserialize, Serialize};

/// Bytes of one key.
pub const KEY_BYTES_MAX: usize = 512;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 1 << 20;
/// Keys of one package.
pub const KEYS_MAX: u64 = 10_000;

/// How much one package may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Bytes of all keys and values together.
    pub bytes: u64,
    /// Number of keys.
    pub keys: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { bytes: 16 << 20, keys: KEYS_MAX }
    }
}

/// How much a package keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes of all keys and values together.
    pub bytes: u64,
    /// Number of keys.
    pub keys: u64,
}

impl Usage {
    /// As it is kept in a store.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[8..].copy_from_slice(&self.keys.to_le_bytes());
        bytes
    }

    /// From what a store holds; nothing when it cannot be that.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (bytes, keys) = bytes.split_first_chunk::<8>()?;
        Some(Self { bytes: u64::from_le_bytes(*bytes), keys: u64::from_le_bytes(keys.try_into().ok()?) })
    }

    /// With one key less.
    pub(crate) fn without(self, key: &str, value_bytes: usize) -> Self {
        let bytes = (key.len() + value_bytes) as u64;
        Self { bytes: self.bytes.saturating_sub(bytes), keys: self.keys.saturating_sub(1) }
    }

    /// With one key more.
    pub(crate) fn with(self, key: &str, value_bytes: usize) -> Self {
        self.with_bytes(key.len() + value_bytes)
    }

    /// With one key more, which takes `bytes` with its value.
    pub(crate) fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes as u64), keys: self.keys.saturating_add(1) }
    }
}
