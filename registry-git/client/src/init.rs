//! Starting a registry: a bare repository with the branch `main`, whose first commit holds a signed, empty index.

use crate::{
    RegistryError, commit, durable,
    repository::{self, MAIN},
    scratch::Scratch,
};
use mpp_index::plan;
use mpp_package::key::Signer;
use mpp_schema::{Digest, Instant, RegistryId, index::Blobs};
use std::{fs, path::Path};

/// Who runs the new registry, and how long its signatures last.
pub struct InitOptions<'a> {
    /// Who may sign the next root.
    pub root_keys: &'a [&'a dyn Signer],
    /// Who may sign heads: publishers who hold one of these publish directly.
    pub head_keys: &'a [&'a dyn Signer],
    /// How long a head is fresh.
    pub head_lifetime_days: u16,
    /// How long the root is accepted.
    pub root_lifetime_days: u32,
}

/// A registry that was started.
#[derive(Debug, Clone)]
pub struct Initialised {
    /// Its identity.
    pub registry: RegistryId,
    /// The fingerprint of its root, to hand to those who will use it.
    pub root: Digest,
}

/// Starts a registry in a folder that does not exist or is empty. Everything is made beside it and moved there when it is whole.
///
/// # Errors
/// When the folder holds something, or cannot be written.
pub fn init(path: &Path, options: &InitOptions<'_>, now: Instant) -> Result<Initialised, RegistryError> {
    refuse_content(path)?;
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| RegistryError::Random(error.to_string()))?;
    let registry = RegistryId::from_bytes(id);
    let (edit, root) = plan::init(&plan::Init {
        registry,
        root_keys: options.root_keys,
        head_keys: options.head_keys,
        head_lifetime_days: options.head_lifetime_days,
        root_lifetime_days: options.root_lifetime_days,
        blobs: Blobs::GitRefs,
        now,
    })?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = Scratch::new(parent, ".mpp-registry-")?;
    let made = scratch.path();
    let repository = repository::init_bare(&made)?;
    let commit = commit::index(&repository, None, &edit, now)?;
    durable::sync_commit(&repository, commit, None)?;
    repository::set_reference(&repository, MAIN, commit)?;
    durable::sync_reference(&repository, MAIN);
    ["config", "HEAD", ""].iter().for_each(|name| durable::sync(&made.join(name)));
    drop(repository);
    if path.exists() {
        fs::remove_dir(path).map_err(RegistryError::io("replaced the empty folder", path))?;
    }
    fs::rename(&made, path).map_err(RegistryError::io("moved the registry to", path))?;
    Ok(Initialised { registry, root })
}

fn refuse_content(path: &Path) -> Result<(), RegistryError> {
    match fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(RegistryError::Io {
            action: "started a registry in",
            path: path.to_owned(),
            source: std::io::Error::new(std::io::ErrorKind::AlreadyExists, "the folder is not empty"),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(RegistryError::io("looked into", path)(error)),
    }
}
