//! How an address is reached: the one trait that tests replace, and git's own programs behind it.
//!
//! What comes in is unverified. Nothing is ever pushed by force.

mod git_program;

pub use crate::repository::Move;
pub use git_program::{GitProgram, GitSettings};

use crate::RegistryError;
use gix::ObjectId;
use std::path::Path;

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// All references moved.
    Accepted,
    /// Somebody else was faster, and nothing moved.
    Raced,
}

/// Moves objects between a repository of this machine and one address.
pub trait Transport {
    /// Fetches what the reference `remote` of the address names into the bare repository `into`, as its reference `local`.
    ///
    /// # Errors
    /// When the address cannot be reached or sends something broken.
    fn fetch_index(&self, into: &Path, remote: &str, local: &str) -> Result<(), RegistryError>;

    /// Fetches one commit and its tree, without its history. `reference` is where it can be reached from.
    ///
    /// # Errors
    /// When the address cannot be reached, does not have the commit, or sends something broken.
    fn fetch_commit(&self, into: &Path, commit: ObjectId, reference: &str) -> Result<(), RegistryError>;

    /// What a reference of the address names.
    ///
    /// # Errors
    /// When the address cannot be reached.
    fn reference(&self, name: &str) -> Result<Option<ObjectId>, RegistryError>;

    /// Moves references of the address, all or none, each only forward.
    ///
    /// # Errors
    /// When the address cannot be reached, or refuses for another reason than a race.
    fn push(&self, from: &Path, moves: &[Move]) -> Result<Pushed, RegistryError>;
}
