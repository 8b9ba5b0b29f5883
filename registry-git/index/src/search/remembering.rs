//! Files that are read once: the packages that a search found share shard files and namespaces.

use crate::{Files, FilesError};
use mpp_schema::Digest;
use std::{cell::RefCell, collections::BTreeMap};

/// Files, and what was read of them so far.
pub(super) struct Remembering<'a> {
    files: &'a dyn Files,
    read: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
}

impl<'a> Remembering<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, read: RefCell::default() }
    }

    fn once(
        &self,
        path: &str,
        read: impl FnOnce() -> Result<Option<Vec<u8>>, FilesError>,
    ) -> Result<Option<Vec<u8>>, FilesError> {
        if let Some(content) = self.read.borrow().get(path) {
            return Ok(content.clone());
        }
        let content = read()?;
        self.read.borrow_mut().insert(path.to_owned(), content.clone());
        Ok(content)
    }
}

impl Files for Remembering<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        self.once(path, || self.files.read(path))
    }

    fn read_known(&self, path: &str, digest: Digest) -> Result<Option<Vec<u8>>, FilesError> {
        self.once(path, || self.files.read_known(path, digest))
    }
}
