//! `mpp registry`: making registries and getting to know them.

use crate::{
    Context, Event, OpsError,
    home::{installed::InstalledRecord, registries::KnownRegistry},
    project_files,
};
use mpp_package::key::{SecretKey, Signer as _};
use mpp_registry::{InitOptions, Location, Registry};
use mpp_schema::{Digest, Ident, KeyId, PackageName, RegistryId};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A registry that was made.
#[derive(Debug, Serialize)]
pub struct InitReport {
    /// Its repository.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub path: PathBuf,
    /// Its identity.
    pub id: RegistryId,
    /// SHA-256 of its first root: what users pin.
    pub root: Digest,
    /// The key that signs its roots and heads.
    pub key: KeyId,
    /// Where that key is kept.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub key_file: PathBuf,
}

/// How long a head stays fresh, unless its root says otherwise.
const HEAD_LIFETIME_DAYS: u16 = 7;
/// How long a root is accepted: ten years, until rotation makes a shorter life bearable.
pub(crate) const ROOT_LIFETIME_DAYS: u32 = 3650;

/// Makes a registry in the folder `path`, with a key of its own that this home keeps.
pub fn init(context: &Context<'_>, path: &Path) -> Result<InitReport, OpsError> {
    let path = context.path(path);
    let key = SecretKey::generate()?;
    let options = InitOptions {
        root_keys: &[&key],
        head_keys: &[&key],
        head_lifetime_days: HEAD_LIFETIME_DAYS,
        root_lifetime_days: ROOT_LIFETIME_DAYS,
    };
    let made = mpp_registry::init(&path, &options, context.now)?;
    if let Err(error) = context.home.add_registry_key(made.registry, &key) {
        // Nobody could ever sign for it. The folder was empty or not there, and the first error is the one to tell.
        let _ = std::fs::remove_dir_all(&path);
        return Err(error);
    }
    let key_file = context.home.registry_key_path(made.registry);
    Ok(InitReport { path, id: made.registry, root: made.root, key: key.public_key().id(), key_file })
}

/// Gets to know the registry at `url`: verifies it from its root on and pins that root. With `root` it must be that one.
pub fn add(context: &Context<'_>, name: &Ident, url: &str, root: Option<Digest>) -> Result<KnownRegistry, OpsError> {
    let url = absolute(context, url)?;
    if let Some(known) = context.home.registries()?.into_iter().find(|known| known.name == *name) {
        let same = known.url == url && root.is_none_or(|root| root == known.root);
        return if same {
            Ok(known)
        } else {
            Err(crate::home::registries::RegistriesError::Exists(name.clone()).into())
        };
    }
    (context.tell)(Event::Started { step: "verifying", what: format!("the registry {url}") });
    context.home.forget_leftovers(name)?;
    let mut registry = Registry::open(&url, context.home.registry_state(name))?;
    registry.update(root, context.now)?;
    (context.tell)(Event::Finished);
    let state = registry.trusted()?;
    let known = KnownRegistry::new(name.clone(), url, state.registry(), state.pin());
    context.home.add_registry(known.clone())?;
    Ok(known)
}

/// The registries of this home.
pub fn list(context: &Context<'_>) -> Result<Vec<KnownRegistry>, OpsError> {
    context.home.registries()
}

/// A registry that was forgotten.
#[derive(Debug, Serialize)]
pub struct RemoveReport {
    /// What was kept about it.
    pub registry: KnownRegistry,
    /// Packages from it that stay installed. Nobody says any more whether they were blocked.
    pub installed: Vec<PackageName>,
    /// Packages that the lock file of this folder takes from it.
    pub locked: Vec<PackageName>,
}

/// Forgets a registry. What was installed from it runs on, what it blocked stays blocked, and the names that were assigned to it are free.
pub fn remove(context: &Context<'_>, name: &Ident) -> Result<RemoveReport, OpsError> {
    let lock = project_files::read_lock(&context.folder)?;
    let registry = context.home.remove_registry(name)?;
    let from = |record: &InstalledRecord| record.source() == Some(registry.id);
    let installed = context.home.all_installed()?.into_iter().filter(from).map(|record| record.name).collect();
    let packages = lock.into_iter().flat_map(|lock| lock.packages);
    let locked = packages.filter(|held| held.registry == registry.id).map(|held| held.name).collect();
    Ok(RemoveReport { registry, installed, locked })
}

/// A path as seen from everywhere; an address as it is.
pub(crate) fn absolute(context: &Context<'_>, url: &str) -> Result<String, OpsError> {
    match Location::parse(url)? {
        Location::Path(path) => Ok(context.path(&path).display().to_string()),
        Location::Address { .. } | Location::Copy { .. } => Ok(url.to_owned()),
    }
}
