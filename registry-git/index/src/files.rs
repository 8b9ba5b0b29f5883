//! Reading the files of one state of an index, wherever they are.

use crate::layout::FILE_BYTES_MAX;
use mpp_schema::{Code, Coded, Digest, codes};
use std::collections::BTreeMap;

/// The files of one commit of an index. What is read may be hostile; nothing is believed before it is checked.
pub trait Files {
    /// The whole content of a file, or nothing when there is none. Refuses files larger than [`FILE_BYTES_MAX`].
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError>;

    /// The same for a file whose digest is known before: who holds such bytes need not ask for them. What is given is compared by the caller.
    fn read_known(&self, path: &str, _digest: Digest) -> Result<Option<Vec<u8>>, FilesError> {
        self.read(path)
    }
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The store is damaged, or holds something that is not a plain file.
    #[error("reading `{path}` of the index: {detail}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// The file is larger than a reader accepts.
    #[error("reading `{path}` of the index: expected at most {FILE_BYTES_MAX} bytes, found {size}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        size: u64,
    },
    /// Whoever was asked for it answered with something else.
    #[error("reading `{path}` of the index: {detail}")]
    Answer {
        /// The file.
        path: String,
        /// Which refusal it is.
        code: Code,
        /// What came instead.
        detail: String,
    },
    /// The store could not be reached.
    #[error("reading `{path}` of the index")]
    Unreachable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl Coded for FilesError {
    fn code(&self) -> Code {
        match self {
            Self::Damaged { .. } => codes::INDEX_GIT,
            Self::TooLarge { .. } => codes::LIMIT_INDEX,
            Self::Answer { code, .. } => *code,
            Self::Unreachable { .. } => codes::REGISTRY_UNREACHABLE,
        }
    }
}

/// Files in memory: what a plan writes, and what tests damage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryFiles(pub BTreeMap<String, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        Ok(self.0.get(path).cloned())
    }
}

/// Some files laid over others: an index as it would be after an edit.
pub struct Overlay<'a> {
    /// The files below.
    pub base: &'a dyn Files,
    /// The files that replace them.
    pub writes: &'a BTreeMap<String, Vec<u8>>,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        match self.writes.get(path) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.base.read(path),
        }
    }
}
