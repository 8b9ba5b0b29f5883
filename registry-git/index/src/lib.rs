//! What a registry's index says, and how it is proven: layout, log, shard table, root, head, namespaces, statements.
//!
//! Pure: no git, file, clock or socket. Reading goes through [`Files`], writing is a plan ([`plan::IndexEdit`]) that somebody else
//! carries out, time is a parameter. The rules are in `spec/index.md`.

mod authority;
mod collision;
mod document;
mod error;
mod files;
mod history;
mod keys;
mod log;
mod namespace;
mod shards;
mod statements;
mod texts;
#[cfg(test)]
mod world;

pub mod advisories;
pub mod config;
pub mod layout;
pub mod locked;
pub mod package;
pub mod plan;
pub mod resolve;
pub mod search;
pub mod state;

pub use error::IndexError;
pub use files::{Files, FilesError, MemoryFiles, Overlay};
