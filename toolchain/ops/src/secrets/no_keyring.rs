//! Systems whose keyring is not spoken to: secrets are kept in the file.

use super::Place;
use crate::{OpsError, home::Home};
use mpp_host::SecretValue;
use mpp_schema::{Ident, PackageName};

/// There is none.
pub(super) enum Keyring {}

impl Keyring {
    pub(super) fn connect(_: &str, _: &Home) -> Option<Self> {
        None
    }
    pub(super) fn set(&self, _: &PackageName, _: &Ident, _: &SecretValue) -> Result<(), OpsError> {
        match *self {}
    }
    pub(super) fn get(&self, _: &PackageName, _: &Ident) -> Result<Option<SecretValue>, OpsError> {
        match *self {}
    }
    pub(super) fn list(&self) -> Result<Vec<(PackageName, Ident, Place)>, OpsError> {
        match *self {}
    }
    pub(super) fn remove(&self, _: &PackageName, _: &Ident) -> Result<bool, OpsError> {
        match *self {}
    }
}
