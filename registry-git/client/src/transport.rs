//! How an address is reached: the one trait that tests replace, and what stands behind it.
//!
//! Reading is done in process by gix, over HTTP or over git's own `upload-pack` (for `file://` and ssh). Writing runs `git push`,
//! because gix cannot push. What comes in is unverified. Nothing is ever pushed by force.

mod address;
mod budget;
mod git_program;
mod http;
mod read;
mod settings;
mod spawned;

pub use crate::repository::Move;
pub use address::Address;
pub(crate) use http::tls_of;
pub use settings::Settings;

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
pub trait Transport: Send + Sync {
    /// What a reference of the address names.
    ///
    /// # Errors
    /// When the address cannot be reached.
    fn reference(&self, name: &str) -> Result<Option<ObjectId>, RegistryError>;

    /// The references whose names begin with `prefix`, and what they name.
    ///
    /// # Errors
    /// When the address cannot be reached.
    fn references(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, RegistryError>;

    /// Removes references that still name what is expected, each for itself: of proposals only.
    ///
    /// # Errors
    /// When the address cannot be reached, or refuses.
    fn remove(&self, from: &Path, references: &[(String, ObjectId)]) -> Result<(), RegistryError>;

    /// Brings one commit of the index and its tree into the bare repository `into`, without its history. Of a commit `have`, the
    /// repository holds the tree already, so only what differs needs to come.
    ///
    /// # Errors
    /// When the address cannot be reached, does not have the commit, or sends something broken.
    fn fetch_index(&self, into: &Path, commit: ObjectId, have: Option<ObjectId>) -> Result<(), RegistryError>;

    /// Brings one commit of a package file and its tree into the bare repository `into`, without its history. `reference` is where
    /// it can be reached from.
    ///
    /// # Errors
    /// As [`Transport::fetch_index`].
    fn fetch_package(&self, into: &Path, commit: ObjectId, reference: &str) -> Result<(), RegistryError>;

    /// Moves references of the address, all or none, each only forward.
    ///
    /// # Errors
    /// When the address cannot be reached, or refuses for another reason than a race.
    fn push(&self, from: &Path, moves: &[Move]) -> Result<Pushed, RegistryError>;
}
