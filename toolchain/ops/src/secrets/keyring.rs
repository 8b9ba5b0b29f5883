//! The keyring of a Linux desktop: the Secret Service on the session's D-Bus.
//!
//! An item belongs to one home, one package and one name, which are its attributes. Values travel on the bus as they are: whoever can
//! listen there is the user, who can ask the keyring as well.

use super::{Place, SecretError};
use crate::{OpsError, home::Home};
use mpp_host::SecretValue;
use mpp_schema::{Ident, PackageName};
use secret_service::blocking::{Collection, Item, SecretService};
use secret_service::{EncryptionType, Error};
use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use zbus::blocking::{Connection, connection};
use zeroize::Zeroizing;

/// How long one question to the bus may take; a person who is asked for a password has all the time they need.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

const APPLICATION: &str = "mpp";

/// A keyring that answered.
pub(super) struct Keyring {
    connection: Connection,
    home: String,
}

impl Keyring {
    /// Nothing when there is no bus at this address, or no keyring on it.
    pub(super) fn connect(bus: &str, home: &Home) -> Option<Self> {
        Self::connect_within(bus, home, ANSWER_WITHIN)
    }

    /// A bus that accepts and says nothing has no time of its own after which it is given up, so another thread asks it.
    pub(super) fn connect_within(bus: &str, home: &Home, time: Duration) -> Option<Self> {
        let (bus, home) = (bus.to_owned(), home.data.display().to_string());
        let (answer, answered) = mpsc::channel();
        let ask = move || answer.send(Self::ask_bus(&bus, home, time));
        thread::Builder::new().spawn(ask).ok()?;
        answered.recv_timeout(time).ok().flatten()
    }

    fn ask_bus(bus: &str, home: String, time: Duration) -> Option<Self> {
        let connection = connection::Builder::address(bus).ok()?.method_timeout(time).build().ok()?;
        let keyring = Self { connection, home };
        // A keyring without any collection cannot keep anything.
        keyring.service().and_then(|service| service.get_any_collection().map(drop)).ok()?;
        Some(keyring)
    }

    pub(super) fn set(&self, package: &PackageName, name: &Ident, value: &SecretValue) -> Result<(), OpsError> {
        self.ask(|service| {
            let collection = service.get_any_collection()?;
            unlock(&collection)?;
            let (package, label) = (package.to_string(), format!("mpp: {name} of {package}"));
            let attributes = self.attributes(Some((&package, name)));
            collection.create_item(&label, attributes, value.expose().as_bytes(), true, "text/plain").map(drop)
        })
    }

    pub(super) fn get(&self, package: &PackageName, name: &Ident) -> Result<Option<SecretValue>, OpsError> {
        let found = self.ask(|service| {
            let package = package.to_string();
            let found = service.search_items(self.attributes(Some((&package, name))))?;
            match found.unlocked.first().or(found.locked.first()) {
                Some(item) => {
                    unlock_item(item)?;
                    item.get_secret().map(|bytes| Some(Zeroizing::new(bytes)))
                }
                None => Ok(None),
            }
        })?;
        let text = |bytes: Zeroizing<Vec<u8>>| {
            let text = std::str::from_utf8(&bytes).map(str::to_owned);
            text.map(SecretValue::new).map_err(|_| SecretError::Keyring("the value is not text".to_owned()))
        };
        Ok(found.map(text).transpose()?)
    }

    pub(super) fn list(&self) -> Result<Vec<(PackageName, Ident, Place)>, OpsError> {
        let all = self.ask(|service| {
            let found = service.search_items(self.attributes(None))?;
            found.unlocked.iter().chain(&found.locked).map(Item::get_attributes).collect::<Result<Vec<_>, _>>()
        })?;
        // What is not of our form was not stored by us.
        let named = |attributes: HashMap<String, String>| {
            let package = attributes.get("package")?.parse().ok()?;
            Some((package, attributes.get("secret")?.parse().ok()?, Place::Keyring))
        };
        Ok(all.into_iter().filter_map(named).collect())
    }

    pub(super) fn remove(&self, package: &PackageName, name: &Ident) -> Result<bool, OpsError> {
        self.ask(|service| {
            let package = package.to_string();
            let found = service.search_items(self.attributes(Some((&package, name))))?;
            let items = found.unlocked.iter().chain(&found.locked);
            items.map(Item::delete).collect::<Result<Vec<_>, _>>().map(|removed| !removed.is_empty())
        })
    }

    fn service(&self) -> Result<SecretService<'static>, Error> {
        SecretService::connect_with_existing(EncryptionType::Plain, self.connection.clone())
    }

    fn ask<T>(&self, question: impl FnOnce(&SecretService<'static>) -> Result<T, Error>) -> Result<T, OpsError> {
        let service = self.service().map_err(failed)?;
        Ok(question(&service).map_err(failed)?)
    }

    fn attributes<'a>(&'a self, of: Option<(&'a str, &'a Ident)>) -> HashMap<&'a str, &'a str> {
        let mut attributes = HashMap::from([("application", APPLICATION), ("home", self.home.as_str())]);
        if let Some((package, name)) = of {
            attributes.extend([("package", package), ("secret", name.as_str())]);
        }
        attributes
    }
}

fn unlock(collection: &Collection<'_>) -> Result<(), Error> {
    if collection.is_locked()? { collection.unlock() } else { Ok(()) }
}

fn unlock_item(item: &Item<'_>) -> Result<(), Error> {
    if item.is_locked()? { item.unlock() } else { Ok(()) }
}

fn failed(error: Error) -> SecretError {
    SecretError::Keyring(error.to_string())
}
