//! What packages keep between calls: one key-value store for each publisher key and package name, with quotas.
//!
//! [`Store`] is the seam: whoever embeds the host may put another in its place. [`MemoryStore`] forgets when it is dropped.
//! [`SharedStore`] keeps its data in a folder, in sled, and any number of processes may use one folder at once: whoever first opens the
//! store of a package holds it and serves the others, and when that one goes away, however it goes, another takes over.
//!
//! This crate knows no engine and no package files, and it decides nothing about grants: the quota is handed in.
//!
//! Reading order: [`Store`] and [`Bucket`], [`Claim`], [`Quota`]; `table` and `core` for how a write is counted, remembered and made;
//! `wire`, `server`, `link` and [`SharedStore`] for several processes; `os` for what differs between systems. Rules HOST-60 to HOST-69.

mod asking;
mod brokered;
mod claim;
mod core;
mod error;
mod folder;
mod link;
mod memory;
mod os;
mod quota;
mod request;
mod server;
mod sled_table;
mod store;
mod table;
mod wire;

pub use brokered::SharedStore;
pub use claim::Claim;
pub use error::{KvError, Refusal};
pub use folder::Kept;
pub use memory::MemoryStore;
pub use quota::{KEY_BYTES_MAX, KEYS_MAX, Quota, Usage, VALUE_BYTES_MAX};
pub use request::{Change, KeyPage, Step};
pub use store::{Bucket, NoStore, Store, Terms};
