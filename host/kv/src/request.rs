//! What can be asked of a store, and what it answers: the same for a caller in this process and for one behind a socket.

use crate::quota::Usage;
use serde::{Deserialize, Serialize};

/// Keys that one answer lists at most.
pub(crate) const PAGE_KEYS: usize = 1_000;
/// Keys or changes in one request.
pub(crate) const KEYS_AT_ONCE: usize = 10_000;
/// Bytes of values in one answer, and of keys and values in one request.
pub(crate) const BYTES_AT_ONCE: usize = 8 << 20;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// This key has this value.
    Set(String, #[serde(with = "serde_bytes")] Vec<u8>),
    /// This key is not there.
    Delete(String),
}

impl Change {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Set(key, _) | Self::Delete(key) => key,
        }
    }
}

/// How far a counter goes. A counter is decimal text; a key that is not there counts as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Up, in the numbers of `u64`.
    Unsigned(u64),
    /// Up or down, in the numbers of `s64`.
    Signed(i64),
}

impl Step {
    /// The number after `value`; nothing when it leaves the range.
    pub(crate) fn after(self, value: i128) -> Option<i128> {
        let (next, range) = match self {
            Self::Unsigned(step) => (value + i128::from(step), 0..=i128::from(u64::MAX)),
            Self::Signed(step) => (value + i128::from(step), i128::from(i64::MIN)..=i128::from(i64::MAX)),
        };
        (range.contains(&value) && range.contains(&next)).then_some(next)
    }
}

/// Some of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPage {
    /// In the order of their bytes.
    pub keys: Vec<String>,
    /// Whether there are more after the last of them.
    pub more: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    Get(Vec<String>),
    Exists(String),
    Keys { after: Option<String> },
    Usage,
    Write(Vec<Change>),
    Increment(String, Step),
    Swap { key: String, expected: Option<serde_bytes::ByteBuf>, value: serde_bytes::ByteBuf },
    Clear,
    Sync,
    Leave,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    Values(Vec<Option<serde_bytes::ByteBuf>>),
    Yes(bool),
    Keys(KeyPage),
    Usage(Usage),
    Done,
    Number(i128),
}
