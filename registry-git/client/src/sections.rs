//! Where a home keeps what a search looks at, one file for each shard (spec/index.md IDX-28).
//!
//! Nothing here is the truth: a file that is missing, old or damaged is made anew by the next search, so nothing is synced and nobody is locked out,
//! and a home whose disk is full or read-only still searches.

use crate::atomic_write;
use mpp_index::{layout::Shard, search::Sections};
use std::{fs, path::PathBuf};

/// The folder.
pub(crate) struct KeptSections(PathBuf);

impl KeptSections {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn path(&self, shard: Shard) -> PathBuf {
        self.0.join(shard.to_string())
    }
}

impl Sections for KeptSections {
    fn read(&self, shard: Shard) -> Option<Vec<u8>> {
        fs::read(self.path(shard)).ok()
    }

    fn keep(&self, shard: Shard, section: &[u8]) {
        // What cannot be kept is made again the next time.
        let _ = atomic_write::replace(&self.path(shard), section);
    }
}
