//! Secrets of packages: in the keyring of the desktop where there is one, else in a file of the home.
//!
//! What is looked up is looked for in both, so that a secret which was stored before the keyring was there is still found.

mod file;
#[cfg(target_os = "linux")]
mod keyring;
#[cfg(not(target_os = "linux"))]
#[path = "no_keyring.rs"]
mod keyring;
#[cfg(all(test, target_os = "linux"))]
mod keyring_for_tests;
pub mod process;
#[cfg(test)]
mod tests;

use crate::home::Home;
use crate::{Context, OpsError};
use file::SecretFile;
use keyring::Keyring;
use mpp_host::{SecretValue, SecretsError};
use mpp_schema::{Code, Coded, Ident, PackageName, codes};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What the environment says about the store of secrets.
#[derive(Debug, Clone, Default)]
pub struct SecretSettings {
    /// The address of the session's D-Bus, where a keyring may listen.
    pub bus: Option<String>,
    /// The password that seals the file.
    pub password: Option<SecretValue>,
}

impl SecretSettings {
    /// What the surroundings of a command say. Without a variable for the session's bus, it is at the usual place, if there is one.
    pub(crate) fn of(context: &Context<'_>) -> Self {
        let variable = |name| context.surroundings.variable(name).filter(|value| !value.is_empty());
        let usual = || {
            let socket = Path::new(&variable("XDG_RUNTIME_DIR")?).join("bus");
            socket.exists().then(|| format!("unix:path={}", socket.display()))
        };
        Self {
            bus: variable("DBUS_SESSION_BUS_ADDRESS").or_else(usual),
            password: variable("MPP_SECRETS_PASSWORD").map(SecretValue::new),
        }
    }
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the keyring of the desktop.
    Keyring,
    /// In a file that a password seals.
    SealedFile,
    /// In a file that only its owner may read.
    File,
}

impl Place {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Keyring => "the keyring of the desktop",
            Self::SealedFile => "a file of this home, sealed with MPP_SECRETS_PASSWORD",
            Self::File => "a file of this home that only its owner may read, not encrypted",
        }
    }
}

/// What goes wrong with secrets. No text of it holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no such secret.
    #[error("could not find the secret `{name}` of `{package}`")]
    Missing {
        /// Whose.
        package: PackageName,
        /// Its name.
        name: Ident,
    },
    /// The package is installed, and asks for no such secret.
    #[error("could not store the secret `{name}`: `{package}` does not ask for it{}", asks_for(asked))]
    Unasked {
        /// Whose.
        package: PackageName,
        /// Its name.
        name: Ident,
        /// Those that it asks for.
        asked: Vec<Ident>,
    },
    /// No value came: nothing on stdin, and nobody to ask.
    #[error("could not store the secret `{name}`: no value was given")]
    NoValue {
        /// Whose.
        package: PackageName,
        /// Its name.
        name: Ident,
    },
    /// The value cannot be sent in a header.
    #[error("could not store the secret: {0}")]
    Value(&'static str),
    /// The keyring is there and did not do what it was asked.
    #[error("the keyring of the desktop did not answer: {0}")]
    Keyring(String),
    /// The file is sealed, and the password is missing or another one.
    #[error("could not open the file of secrets: it is sealed, and the password is missing or another one")]
    Sealed,
}

impl Coded for SecretError {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => codes::SECRET_MISSING,
            Self::Unasked { .. } => codes::SECRET_UNASKED,
            Self::NoValue { .. } | Self::Value(_) => codes::USAGE,
            Self::Keyring(_) | Self::Sealed => codes::SECRET_STORE,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { package, .. } => vec![format!("mpp secret list {package}")],
            Self::Unasked { package, asked, .. } if asked.is_empty() => vec![format!("mpp inspect {package}")],
            Self::Unasked { package, asked, .. } => {
                asked.iter().map(|name| format!("mpp secret set {package} {name}")).collect()
            }
            Self::NoValue { package, name } => vec![format!("mpp secret set {package} {name} - < file")],
            Self::Value(_) => Vec::new(),
            Self::Keyring(_) => vec!["unlock the keyring of the desktop and try again".to_owned()],
            Self::Sealed => vec!["export MPP_SECRETS_PASSWORD=…".to_owned()],
        }
    }
}

fn asks_for(asked: &[Ident]) -> String {
    let names: Vec<_> = asked.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { ", nor for any other".to_owned() } else { format!(", but for {}", names.join(", ")) }
}

/// The longest secret that is kept.
pub const VALUE_BYTES_MAX: usize = 8 << 10;

/// A value that can be sent in a header.
pub(crate) fn checked(value: SecretValue) -> Result<SecretValue, SecretError> {
    let text = value.expose();
    if text.is_empty() || text.len() > VALUE_BYTES_MAX {
        return Err(SecretError::Value("it must have 1 to 8,192 bytes"));
    }
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(SecretError::Value("it must be one line of printable ASCII, so that a header can carry it"));
    }
    Ok(value)
}

/// The secrets of one home.
pub struct SecretStore {
    keyring: Option<Keyring>,
    file: SecretFile,
}

impl SecretStore {
    /// The secrets of the context's home.
    pub(crate) fn of(context: &Context<'_>) -> Self {
        Self::open(&context.home, &SecretSettings::of(context))
    }

    /// Looks for the keyring; nothing is read yet.
    pub fn open(home: &Home, settings: &SecretSettings) -> Self {
        let keyring = settings.bus.as_deref().and_then(|bus| Keyring::connect(bus, home));
        Self { keyring, file: SecretFile::new(home, settings.password.clone()) }
    }

    /// Where a secret that is stored now is kept.
    pub fn place(&self) -> Place {
        if self.keyring.is_some() { Place::Keyring } else { self.file.place() }
    }

    /// Stores a secret, in the place of an older one.
    pub fn set(&self, package: &PackageName, name: &Ident, value: &SecretValue) -> Result<Place, OpsError> {
        match &self.keyring {
            Some(keyring) => {
                keyring.set(package, name, value)?;
                // One that was stored before the keyring was there would come to light again when the new one is removed.
                self.file.remove(package, name)?;
            }
            None => self.file.set(package, name, value)?,
        }
        Ok(self.place())
    }

    /// A secret; nothing when none is stored.
    pub fn get(&self, package: &PackageName, name: &Ident) -> Result<Option<SecretValue>, OpsError> {
        let found = match &self.keyring {
            Some(keyring) => keyring.get(package, name)?,
            None => None,
        };
        if found.is_some() { Ok(found) } else { self.file.get(package, name) }
    }

    /// The names of all secrets, sorted.
    pub fn list(&self) -> Result<Vec<(PackageName, Ident, Place)>, OpsError> {
        let mut all = match &self.keyring {
            Some(keyring) => keyring.list()?,
            None => Vec::new(),
        };
        all.extend(self.file.list()?);
        all.sort();
        Ok(all)
    }

    /// Removes a secret wherever it is; says whether there was one.
    pub fn remove(&self, package: &PackageName, name: &Ident) -> Result<bool, OpsError> {
        let in_keyring = match &self.keyring {
            Some(keyring) => keyring.remove(package, name)?,
            None => false,
        };
        Ok(self.file.remove(package, name)? || in_keyring)
    }
}

/// The secrets of a home for the host of one call: nothing is opened when none is granted.
pub(crate) struct HomeSecrets {
    program: PathBuf,
    home: Home,
    settings: SecretSettings,
    store: OnceLock<SecretStore>,
    known: Mutex<BTreeMap<(PackageName, Ident), Found>>,
}

/// A secret, or none; or why it cannot be had.
type Found = Result<Option<SecretValue>, String>;

impl HomeSecrets {
    pub(crate) fn of(context: &Context<'_>) -> Self {
        Self::new(context.program.clone(), context.home.clone(), SecretSettings::of(context))
    }

    fn new(program: PathBuf, home: Home, settings: SecretSettings) -> Self {
        Self { program, home, settings, store: OnceLock::new(), known: Mutex::default() }
    }

    /// Looks up what is granted to a package that will be called, before the process fences itself in and cannot look any more. What
    /// cannot be had is told when it is needed.
    pub(crate) fn know<'a>(&self, package: &PackageName, granted: impl Iterator<Item = &'a Ident>) {
        let mut known = self.known();
        let is_new = |name: &&Ident| !known.contains_key(&(package.clone(), (*name).clone()));
        let names: Vec<Ident> = granted.filter(is_new).cloned().collect();
        let found = self.look_up_all(package, &names);
        known.extend(names.into_iter().map(|name| (package.clone(), name)).zip(found));
    }

    /// Where there may be a keyring, another process asks it.
    fn look_up_all(&self, package: &PackageName, names: &[Ident]) -> Vec<Found> {
        if names.is_empty() || self.settings.bus.is_none() {
            return names.iter().map(|name| self.look_up(package, name)).collect();
        }
        process::ask(&self.program, &self.home, &self.settings, package, names).unwrap_or_else(|error| {
            let why = format!("the process that looks up secrets did not answer: {error}");
            names.iter().map(|_| Err(why.clone())).collect()
        })
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<(PackageName, Ident), Found>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, package: &PackageName, name: &Ident) -> Found {
        let store = self.store.get_or_init(|| SecretStore::open(&self.home, &self.settings));
        store.get(package, name).map_err(|error| error.message())
    }
}

impl mpp_host::Secrets for HomeSecrets {
    fn secret(&self, package: &PackageName, name: &Ident) -> Result<Option<SecretValue>, SecretsError> {
        let known = self.known().get(&(package.clone(), name.clone())).cloned();
        known.unwrap_or_else(|| self.look_up(package, name)).map_err(SecretsError)
    }
}
