//! One address: read by gix in process, written by the `git` program.

use super::{
    Move, Pushed, Settings, Transport,
    git_program::GitProgram,
    read::{Conversation, Wanted},
};
use crate::{Location, RegistryError, repository::MAIN};
use gix::ObjectId;
use std::path::Path;

/// One address.
#[derive(Debug, Clone)]
pub struct Address {
    url: String,
    protocol: &'static str,
    settings: Settings,
}

impl Address {
    /// The address of a location, reached as the settings say.
    ///
    /// # Errors
    /// When the location is a path, which is read and written in place.
    pub fn new(location: &Location, settings: Settings) -> Result<Self, RegistryError> {
        match location {
            Location::Address { url, protocol } => Ok(Self { url: url.clone(), protocol, settings }),
            Location::Path(_) | Location::Copy { .. } => {
                Err(RegistryError::Location { text: location.to_string(), reason: "it is not reached by git" })
            }
        }
    }

    fn begin(&self) -> Result<Conversation, RegistryError> {
        Conversation::begin(&self.url, &self.settings)
    }
}

impl Transport for Address {
    fn reference(&self, name: &str) -> Result<Option<ObjectId>, RegistryError> {
        self.begin()?.reference(name)
    }

    fn references(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, RegistryError> {
        self.begin()?.references(prefix)
    }

    fn remove(&self, from: &Path, references: &[(String, ObjectId)]) -> Result<(), RegistryError> {
        GitProgram::new(&self.url, self.protocol, &self.settings).remove(from, references)
    }

    fn fetch_index(&self, into: &Path, commit: ObjectId, have: Option<ObjectId>) -> Result<(), RegistryError> {
        self.begin()?.fetch(into, "fetched the index", &Wanted::index(commit, have, MAIN))
    }

    fn fetch_package(&self, into: &Path, commit: ObjectId, reference: &str) -> Result<(), RegistryError> {
        self.begin()?.fetch(into, "fetched a package", &Wanted::package(commit, reference))
    }

    fn push(&self, from: &Path, moves: &[Move]) -> Result<Pushed, RegistryError> {
        GitProgram::new(&self.url, self.protocol, &self.settings).push(from, moves)
    }
}
