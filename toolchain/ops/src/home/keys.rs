//! The signing keys of this home: minisign key files, one pair a name, readable by their owner only.
//!
//! One name is not for people: `development`, made on first use, without a password; packages signed with it run in this home only.

use super::Home;
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
    context::Passwords,
};
use mpp_host::SecretValue;
use mpp_package::key::{PublicKey, SecretKey};
use mpp_schema::{Code, Coded, Ident, codes};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The name of the development key.
pub const DEVELOPMENT: &str = "development";

/// What can be wrong with a key of this home.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// There is none.
    #[error("could not find the key `{0}` in this home")]
    NotFound(String),
    /// There is one.
    #[error("could not make the key `{0}`: a key of that name is already there")]
    Exists(String),
    /// The name is taken by the development key.
    #[error("could not use the name `{DEVELOPMENT}`: it belongs to this home's development key")]
    Reserved,
    /// Others could read the secret.
    #[error("could not use the key file `{}`: its mode is {mode:o}, expected 600", path.display())]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

impl Coded for KeyStoreError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => codes::KEY_NOT_FOUND,
            Self::Exists(_) | Self::Reserved => codes::KEY_EXISTS,
            Self::Permissions { .. } => codes::KEY_PERMISSIONS,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound(name) if name.parse::<Ident>().is_ok() => {
                vec!["mpp key list".to_owned(), format!("mpp key new {name}")]
            }
            Self::NotFound(_) => vec!["mpp key list".to_owned()],
            Self::Exists(name) => vec![format!("mpp key show {name}")],
            Self::Reserved => vec!["choose another name: mpp key new release".to_owned()],
            Self::Permissions { path, .. } => vec![format!("chmod 600 {}", path.display())],
        }
    }
}

/// A key of this home, as far as everybody may see it.
#[derive(Debug)]
pub struct KeyEntry {
    /// Its name.
    pub name: String,
    /// Its public half.
    pub public: PublicKey,
    /// Whether its file holds the secret half.
    pub has_secret: bool,
}

impl Home {
    fn keys_folder(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// One error for each secret key file, also of registries, that others could read.
    pub fn exposed_key_files(&self) -> Result<Vec<OpsError>, OpsError> {
        let mut exposed = Vec::new();
        for folder in [self.keys_folder(), self.registry_keys_folder()] {
            let names = list_if_there(&folder)?.into_iter().filter(|name| name.ends_with(".key"));
            exposed.extend(names.filter_map(|name| check_mode(&folder.join(name)).err()));
        }
        Ok(exposed)
    }

    fn secret_path(&self, name: &str) -> PathBuf {
        self.keys_folder().join(format!("{name}.key"))
    }

    fn public_path(&self, name: &str) -> PathBuf {
        self.keys_folder().join(format!("{name}.pub"))
    }

    /// Keeps a key under `name`; with `password` its file is locked.
    pub fn add_key(&self, name: &Ident, key: &SecretKey, password: Option<&str>) -> Result<(), OpsError> {
        if name.as_str() == DEVELOPMENT {
            return Err(KeyStoreError::Reserved.into());
        }
        self.store_key(name.as_str(), key, password)
    }

    fn store_key(&self, name: &str, key: &SecretKey, password: Option<&str>) -> Result<(), OpsError> {
        let secret = key.to_file_text(password)?;
        if !atomic_write::create(&self.secret_path(name), secret.as_bytes(), Readable::ByOwner)? {
            return Err(KeyStoreError::Exists(name.to_owned()).into());
        }
        let public = mpp_package::key::Signer::public_key(key).to_file_text();
        Ok(atomic_write::write(&self.public_path(name), public.as_bytes(), Readable::ByAll)?)
    }

    /// The public half of the key called `name`.
    pub fn public_key(&self, name: &str) -> Result<PublicKey, OpsError> {
        check_name(name)?;
        let text = atomic_write::read_text_if_there(&self.public_path(name))?;
        let text = text.ok_or_else(|| KeyStoreError::NotFound(name.to_owned()))?;
        Ok(PublicKey::from_file_text(&text)?)
    }

    /// The key called `name`, unlocked.
    pub fn secret_key(&self, name: &str, passwords: &dyn Passwords) -> Result<SecretKey, OpsError> {
        check_name(name)?;
        let path = self.secret_path(name);
        if !path.exists() {
            return Err(KeyStoreError::NotFound(name.to_owned()).into());
        }
        read_secret_key(&path, passwords)
    }

    /// The text of the key file of `name`, still locked if it was.
    pub fn export_key(&self, name: &str) -> Result<String, OpsError> {
        check_name(name)?;
        let text = atomic_write::read_text_if_there(&self.secret_path(name))?;
        Ok(text.ok_or_else(|| KeyStoreError::NotFound(name.to_owned()))?)
    }

    /// Every key but the development key, sorted by name.
    pub fn keys(&self) -> Result<Vec<KeyEntry>, OpsError> {
        let folder = self.keys_folder();
        let mut names = Vec::new();
        for entry in list_if_there(&folder)? {
            if let Some(name) = entry.strip_suffix(".pub").filter(|name| *name != DEVELOPMENT) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        let entry = |name: String| {
            let public = self.public_key(&name)?;
            Ok(KeyEntry { has_secret: self.secret_path(&name).exists(), public, name })
        };
        names.into_iter().map(entry).collect()
    }

    /// The development key, if this home has made one.
    pub fn development_public_key(&self) -> Result<Option<PublicKey>, OpsError> {
        match atomic_write::read_text_if_there(&self.public_path(DEVELOPMENT))? {
            Some(text) => Ok(Some(PublicKey::from_file_text(&text)?)),
            None => Ok(None),
        }
    }

    /// The development key, made now if there was none; says whether it was made.
    pub fn development_key(&self) -> Result<(SecretKey, bool), OpsError> {
        let path = self.secret_path(DEVELOPMENT);
        let made = !path.exists();
        if made {
            let key = SecretKey::generate()?;
            match self.store_key(DEVELOPMENT, &key, None) {
                // Another process was faster: its key is the home's.
                Err(error) if error.code() == codes::KEY_EXISTS => {}
                other => other?,
            }
        }
        let key = read_secret_key(&path, &NoPasswords)?;
        // A crash between the two files must not leave a key that verifies nowhere.
        let public = mpp_package::key::Signer::public_key(&key).to_file_text();
        atomic_write::create(&self.public_path(DEVELOPMENT), public.as_bytes(), Readable::ByAll)?;
        Ok((key, made))
    }
}

/// A name is a word and never a path out of the folder of keys.
fn check_name(name: &str) -> Result<(), KeyStoreError> {
    name.parse::<Ident>().map(|_| ()).map_err(|_| KeyStoreError::NotFound(name.to_owned()))
}

struct NoPasswords;

impl Passwords for NoPasswords {
    fn password(&self, _: &str) -> Option<String> {
        None
    }
    fn new_password(&self, _: &str) -> Option<String> {
        None
    }
    fn secret(&self, _: &str) -> Option<SecretValue> {
        None
    }
}

/// Reads and unlocks the key file at `path`, asking for a password only if it is locked.
pub fn read_secret_key(path: &Path, passwords: &dyn Passwords) -> Result<SecretKey, OpsError> {
    check_mode(path)?;
    let text = fs::read_to_string(path).map_err(IoError::on("read the key file", path))?;
    match SecretKey::from_file_text(&text, None) {
        Err(error) if error.code() == codes::KEY_PASSWORD => {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let Some(password) = passwords.password(&name) else { return Err(error.into()) };
            Ok(SecretKey::from_file_text(&text, Some(&password))?)
        }
        other => Ok(other?),
    }
}

/// Refuses a secret that others could read.
#[cfg(unix)]
pub(crate) fn check_mode(path: &Path) -> Result<(), OpsError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(IoError::on("read the key file", path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyStoreError::Permissions { path: path.to_owned(), mode }.into());
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn check_mode(_: &Path) -> Result<(), OpsError> {
    Ok(())
}

fn list_if_there(folder: &Path) -> Result<Vec<String>, IoError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(IoError::new("list the folder", folder, error)),
    };
    entries
        .map(|entry| {
            Ok(entry.map_err(IoError::on("list the folder", folder))?.file_name().to_string_lossy().into_owned())
        })
        .collect()
}
