//! What can go wrong with a store: what the tool asked for is refused, or the store itself fails.

use crate::quota::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use mpp_schema::{Code, Coded, codes};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// What was asked for cannot be: the store is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// A key is too long.
    #[error("a key has {found} bytes, expected at most {KEY_BYTES_MAX}")]
    Key {
        /// Its bytes.
        found: u64,
    },
    /// A value is too long.
    #[error("a value has {found} bytes, expected at most {VALUE_BYTES_MAX}")]
    Value {
        /// Its bytes.
        found: u64,
    },
    /// The package would keep too many bytes.
    #[error("the package would keep {wanted} bytes, expected at most {limit}")]
    Bytes {
        /// How many it would be.
        wanted: u64,
        /// How many it may be.
        limit: u64,
    },
    /// The package would keep too many keys.
    #[error("the package would keep {wanted} keys, expected at most {limit}")]
    Keys {
        /// How many it would be.
        wanted: u64,
        /// How many it may be.
        limit: u64,
    },
    /// One request names too much.
    #[error("one request is for more than {limit} {what}")]
    AtOnce {
        /// Of what.
        what: AtOnce,
        /// How much it may be.
        limit: u64,
    },
    /// A counter is not a number.
    #[error("the value that was to be counted up is not a number")]
    NotANumber,
    /// A counter would leave its range.
    #[error("the counter would leave its range")]
    OutOfRange,
}

/// What one request can name too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AtOnce {
    /// Bytes.
    Bytes,
    /// Keys.
    Keys,
}

impl std::fmt::Display for AtOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Keys => "keys",
        })
    }
}

/// Why something could not be done with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// The request is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The host has no store.
    #[error("the host keeps nothing for packages")]
    NoStore,
    /// A file or folder of the store.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The disk is so full that a write could fail half-way.
    #[error("the disk that holds `{}` has not the {needed} bytes free that a write may need", path.display())]
    NoRoom {
        /// The store.
        path: PathBuf,
        /// How many bytes must be free.
        needed: u64,
    },
    /// The data cannot be what was written.
    #[error("the store in `{}` is damaged: {what}", path.display())]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Others can reach into the folder, or it is somebody else's.
    #[error("the folder `{}` is not this user's alone", path.display())]
    NotPrivate {
        /// The folder.
        path: PathBuf,
    },
    /// The process that holds the store did not answer in time.
    #[error("the process that holds the store in `{}` did not answer in time", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
    /// The process that holds the store failed.
    #[error("the process that holds the store says: {0}")]
    Holder(String),
}

impl KvError {
    /// For `map_err`.
    pub(crate) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

impl Coded for KvError {
    fn code(&self) -> Code {
        match self {
            Self::Refused(Refusal::NotANumber | Refusal::OutOfRange) => codes::KV_NUMBER,
            Self::Refused(_) => codes::LIMIT_KV,
            Self::NoStore => codes::KV_DENIED,
            Self::Io { .. }
            | Self::NoRoom { .. }
            | Self::Damaged { .. }
            | Self::NotPrivate { .. }
            | Self::Busy { .. }
            | Self::Holder(_) => codes::KV_FAILED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoRoom { .. } => vec!["free some disk space and try again; what was kept is still there".to_owned()],
            Self::Io { path, .. } => vec![format!("ls -ld {}", path.display())],
            Self::NotPrivate { path } => vec![format!("chmod 700 {}", path.display())],
            Self::Damaged { path, .. } => {
                vec![format!("move `{}` aside; the package starts with nothing", path.display())]
            }
            _ => Vec::new(),
        }
    }
}
