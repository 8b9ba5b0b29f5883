//! The shapes that MPP reads and writes, and the small value types inside them.
//!
//! Nothing is decided here: no file, clock, socket, key or policy. A type of this crate says what a document looks like; whether
//! it is true, signed or allowed is asked by the crates above. Documents whose bytes are signed refuse unknown fields and
//! duplicate keys; documents that are merely read tolerate unknown fields.

mod byte_size;
mod code;
mod digest;
mod format;
mod instant;
mod name;
mod strict_map;

pub mod audit;
pub mod consent;
pub mod grant;
pub mod index;
pub mod lock;
pub mod manifest;
pub mod permissions;
pub mod policy;
pub mod project;
pub mod text;
pub mod tools;

pub use byte_size::ByteSize;
pub use code::{CODES, Code, CodeEntry, Coded, Problem, Turn, codes};
pub use digest::{Digest, GrantId, HostId, KeyId, LedgerId, MessageKeyId, Nonce, ParseDigestError, RegistryId};
pub use format::{FORMAT_MAJOR, FormatVersion};
pub use instant::Instant;
pub use name::{Ident, PackageName, ParseNameError, ToolName};
pub use semver::{Version, VersionReq};
pub use strict_map::StrictMap;
