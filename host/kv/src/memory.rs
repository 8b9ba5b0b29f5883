//! Stores that forget when they are dropped: for tests, and for embedders that keep nothing.

use crate::asking::{Ask, Asking};
use crate::claim::Claim;
use crate::core::Core;
use crate::error::KvError;
use crate::quota::Quota;
use crate::request::{Answer, Request};
use crate::store::{Bucket, Store, Terms};
use crate::table::MemoryTable;
use mpp_schema::{KeyId, PackageName};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps everything in memory.
#[derive(Default)]
pub struct MemoryStore {
    stores: Mutex<HashMap<(KeyId, PackageName), Arc<Core>>>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn open(&self, claim: &Claim, terms: Terms) -> Result<Box<dyn Bucket>, KvError> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = |key: &KeyId| (*key, claim.package.clone());
        let found = claim.publishers.iter().find_map(|key| stores.get(&owner(key)).cloned());
        let core = match (found, claim.publishers.first()) {
            (Some(core), _) => core,
            (None, None) => return Err(KvError::NoStore),
            (None, Some(first)) => {
                let core = Arc::new(Core::open(Box::new(MemoryTable::default()))?);
                stores.insert(owner(first), Arc::clone(&core));
                core
            }
        };
        Ok(Box::new(Asking(MemoryBucket { core, quota: terms.quota })))
    }
}

struct MemoryBucket {
    core: Arc<Core>,
    quota: Quota,
}

impl Ask for MemoryBucket {
    fn ask(&mut self, request: Request) -> Result<Answer, KvError> {
        self.core.perform(&request, None, self.quota)
    }
    fn flush(&mut self) -> Result<(), KvError> {
        self.core.flush()
    }
}
