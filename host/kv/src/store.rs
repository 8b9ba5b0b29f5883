//! The seam: a store gives buckets, a bucket is what one call has of it.

use crate::claim::Claim;
use crate::error::KvError;
use crate::quota::{Quota, Usage};
use crate::request::{Change, KeyPage, Step};
use std::time::Instant;

/// Under which terms a bucket is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// How much the package may keep.
    pub quota: Quota,
    /// Until when anything may wait; without it, as long as the store has patience.
    pub deadline: Option<Instant>,
}

/// Where packages keep things.
pub trait Store: Send + Sync {
    /// Opens what belongs to a claim; what nobody claimed yet is claimed by its first key.
    fn open(&self, claim: &Claim, terms: Terms) -> Result<Box<dyn Bucket>, KvError>;
}

/// What one package keeps, as one call uses it. Each method is done wholly or not at all.
pub trait Bucket: Send {
    /// The values of keys, in their order.
    fn get(&mut self, keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, KvError>;
    /// Whether a key is there.
    fn exists(&mut self, key: String) -> Result<bool, KvError>;
    /// The keys after `after`, or the first ones.
    fn keys(&mut self, after: Option<String>) -> Result<KeyPage, KvError>;
    /// How much is kept.
    fn usage(&mut self) -> Result<Usage, KvError>;
    /// Makes changes, all of them or none; of two changes of one key the later one counts.
    fn write(&mut self, changes: Vec<Change>) -> Result<(), KvError>;
    /// Counts a key up; gives the new number.
    fn increment(&mut self, key: String, step: Step) -> Result<i128, KvError>;
    /// Sets a key if its value is still `expected`; says whether it did.
    fn swap(&mut self, key: String, expected: Option<Vec<u8>>, value: Vec<u8>) -> Result<bool, KvError>;
    /// Removes all keys.
    fn clear(&mut self) -> Result<(), KvError>;
    /// After this, what was written outlives the process.
    fn flush(&mut self) -> Result<(), KvError>;
    /// After this, what was written outlives a loss of power.
    fn sync(&mut self) -> Result<(), KvError>;
}

/// No package keeps anything.
#[derive(Debug, Clone, Copy)]
pub struct NoStore;

impl Store for NoStore {
    fn open(&self, _: &Claim, _: Terms) -> Result<Box<dyn Bucket>, KvError> {
        Err(KvError::NoStore)
    }
}
