//! What a store is made of: rows of bytes in order, changed in batches that happen wholly or not at all.

use crate::error::KvError;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows to put and rows to remove.
pub(crate) type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Rows of bytes in order.
pub(crate) trait Table: Send + Sync {
    /// The row.
    fn get(&self, row: &[u8]) -> Result<Option<Vec<u8>>, KvError>;
    /// The names of rows after `row` that begin with `prefix`, at most `count`.
    fn after(&self, row: &[u8], prefix: &[u8], count: usize) -> Result<Vec<Vec<u8>>, KvError>;
    /// How many bytes there is room for.
    fn room(&self) -> Result<u64, KvError>;
    /// There is no room for as many bytes.
    fn no_room(&self, needed: u64) -> KvError;
    /// All of it or nothing.
    fn apply(&self, batch: Batch) -> Result<(), KvError>;
    /// What was applied outlives the process.
    fn flush(&self) -> Result<(), KvError>;
    /// What was flushed outlives a loss of power.
    fn sync(&self) -> Result<(), KvError>;
    /// Something that cannot be what was written.
    fn damaged(&self, what: String) -> KvError;
}

/// Rows in memory.
#[derive(Default)]
pub(crate) struct MemoryTable {
    rows: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryTable {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table for MemoryTable {
    fn get(&self, row: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.rows().get(row).cloned())
    }
    fn after(&self, row: &[u8], prefix: &[u8], count: usize) -> Result<Vec<Vec<u8>>, KvError> {
        let rows = self.rows();
        let range = rows.range::<[u8], _>((Bound::Excluded(row), Bound::Unbounded));
        let found = range.take_while(|(row, _)| row.starts_with(prefix)).take(count);
        Ok(found.map(|(row, _)| row.clone()).collect())
    }
    fn room(&self) -> Result<u64, KvError> {
        Ok(u64::MAX)
    }
    fn no_room(&self, needed: u64) -> KvError {
        KvError::NoRoom { path: "(memory)".into(), needed }
    }
    fn apply(&self, batch: Batch) -> Result<(), KvError> {
        let mut rows = self.rows();
        for (row, value) in batch {
            match value {
                Some(value) => rows.insert(row, value),
                None => rows.remove(&row),
            };
        }
        Ok(())
    }
    fn flush(&self) -> Result<(), KvError> {
        Ok(())
    }
    fn sync(&self) -> Result<(), KvError> {
        Ok(())
    }
    fn damaged(&self, what: String) -> KvError {
        KvError::Damaged { path: "(memory)".into(), what }
    }
}
