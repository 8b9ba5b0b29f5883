//! Why a file is not a package container. Each variant has one code.

use mpp_schema::{
    Code, Coded, Digest, codes,
    text::{escaped, excerpt},
};

/// Why a container is refused.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The bytes could not be read.
    #[error("read the package file at byte {at}")]
    Io {
        /// Where.
        at: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file does not begin as a package does.
    #[error("read the package file: expected it to begin with the entry `mpp.json`, found something else")]
    Magic,
    /// The file ends inside of something.
    #[error("read {what} at byte {at}: expected {expected} bytes, found {found}")]
    Length {
        /// What was read.
        what: String,
        /// Where it begins.
        at: u64,
        /// How long it should be.
        expected: u64,
        /// How much there is.
        found: u64,
    },
    /// Content continues where its header says that it ended.
    #[error("read the entry `{}`: expected zeros after its {size} bytes, found other bytes", escaped(name))]
    Padding {
        /// The entry.
        name: String,
        /// Its size.
        size: u64,
    },
    /// Something follows the end.
    #[error("read the end of the package at byte {at}: expected two blocks of zeros and nothing after, found more")]
    Trailing {
        /// Where the surplus begins.
        at: u64,
    },
    /// A header block is not the one that the writer writes.
    #[error(
        "read the header of the entry `{}` at byte {at}: expected the canonical block for its name and size, found another",
        escaped(name)
    )]
    Header {
        /// Where the block begins.
        at: u64,
        /// The entry.
        name: String,
    },
    /// An entry is not a plain file.
    #[error("read the header of the entry `{}`: expected a plain file (type `0`), found type `{}`", escaped(name), kind.escape_ascii())]
    EntryType {
        /// The entry.
        name: String,
        /// Tar's type flag.
        kind: u8,
    },
    /// A name that a package may not hold.
    #[error("read the name `{}`: {reason}", excerpt(name))]
    Path {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two names that are one on some file system.
    #[error("read the name `{}`: it cannot stand beside `{}`", escaped(name), escaped(other))]
    Duplicate {
        /// The name.
        name: String,
        /// The other name.
        other: String,
    },
    /// Entries out of order.
    #[error("read the entry `{}`: expected {}", escaped(name), escaped(expected))]
    Order {
        /// The entry.
        name: String,
        /// What should stand at this place.
        expected: String,
    },
    /// An entry that the manifest does not list.
    #[error("read the entry `{}`: the manifest does not list it", escaped(name))]
    Unlisted {
        /// The entry.
        name: String,
    },
    /// An entry that the manifest lists is not in the file.
    #[error("looked for the entry `{}` of the manifest: the file ends before it", escaped(name))]
    Absent {
        /// The entry.
        name: String,
    },
    /// An entry has another size than the manifest lists.
    #[error("read the entry `{}`: expected {expected} bytes as the manifest lists, found {found}", escaped(name))]
    Size {
        /// The entry.
        name: String,
        /// As listed.
        expected: u64,
        /// As found.
        found: u64,
    },
    /// An entry holds other bytes than the manifest lists.
    #[error("hashed the entry `{}`: expected {expected} as the manifest lists, found {found}", escaped(name))]
    Digest {
        /// The entry.
        name: String,
        /// As listed.
        expected: Digest,
        /// As found.
        found: Digest,
    },
    /// The manifest is too large.
    #[error("read the manifest: expected at most {limit} bytes, found {found}")]
    ManifestLimit {
        /// The limit.
        limit: u64,
        /// As stated.
        found: u64,
    },
    /// The file is too large.
    #[error("read the package file: expected at most {limit} bytes, found more")]
    FileLimit {
        /// The limit.
        limit: u64,
    },
}

impl Coded for ContainerError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => codes::IO_FAILED,
            Self::Magic => codes::PKG_MAGIC,
            Self::Length { .. } | Self::Padding { .. } => codes::PKG_LENGTH,
            Self::Trailing { .. } => codes::PKG_TRAILING,
            Self::Header { .. } => codes::PKG_HEADER,
            Self::EntryType { .. } => codes::PKG_ENTRY_TYPE,
            Self::Path { .. } => codes::PKG_PATH,
            Self::Duplicate { .. } => codes::PKG_DUPLICATE,
            Self::Order { .. } => codes::PKG_ORDER,
            Self::Unlisted { .. } | Self::Absent { .. } | Self::Size { .. } | Self::Digest { .. } => {
                codes::PKG_MANIFEST_MISMATCH
            }
            Self::ManifestLimit { .. } => codes::LIMIT_MANIFEST,
            Self::FileLimit { .. } => codes::LIMIT_FILE,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Io { .. } => return Vec::new(),
            Self::Magic => "a package is a file that `mpp build` made; its name ends in .mpp",
            Self::Length { .. } => "get the file again: it is incomplete, or was changed",
            _ => "get the file again, or build it again with `mpp build`",
        };
        vec![hint.to_owned()]
    }
}
