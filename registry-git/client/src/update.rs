//! Bringing in what is new: fetch into quarantine, verify, write the state down, then move the trusted reference.
//!
//! A refusal leaves everything as it was, but for a proof that is kept when the registry contradicts itself.

use crate::{
    Location, Registry, RegistryError, Snapshot, repository, repository::MAIN, store::Believed, transport::Transport,
};
use gix::ObjectId;
use mpp_index::{
    IndexError,
    state::{self, Candidate, Trusted, Update},
};
use mpp_schema::{Coded, Digest, Instant, codes};
use std::{collections::BTreeSet, fs, path::Path};

/// Where a fetched commit waits until it is verified.
pub(crate) const QUARANTINE: &str = "refs/mpp/quarantine/main";
/// What keeps the objects of the trusted commit.
const TRUSTED: &str = "refs/mpp/trusted/main";

/// What an update brought.
#[derive(Debug, Clone)]
pub struct UpdateReport {
    /// The fingerprint of the first root.
    pub root: Digest,
    /// Whether the root was trusted because it was the first that was seen, and no fingerprint was given.
    pub first_use: bool,
    /// The files of the index that are new or changed.
    pub changed: BTreeSet<String>,
    /// How many log records are new.
    pub records: u64,
}

impl Registry {
    /// Fetches what is new and verifies it. `pin` is the fingerprint of the first root, where it is known.
    ///
    /// # Errors
    /// When the registry cannot be reached, or what it offers is refused; what was believed before is then still believed.
    pub fn update(&mut self, pin: Option<Digest>, now: Instant) -> Result<UpdateReport, RegistryError> {
        let _lock = self.store.lock()?;
        self.update_locked(pin, now)
    }

    pub(crate) fn update_locked(&mut self, pin: Option<Digest>, now: Instant) -> Result<UpdateReport, RegistryError> {
        // Another process may have moved on since this one opened the folder.
        self.believed = self.store.read()?;
        let first_use = self.believed.is_none() && pin.is_none();
        let commit = self.fetch()?;
        let update = self.verify(commit, pin, now).map_err(|error| self.with_evidence(error));
        let update = match update {
            Ok(update) => update,
            Err(error) => {
                self.leave_quarantine()?;
                return Err(error);
            }
        };
        self.believe(Believed { state: update.state, commit })?;
        let root = self.trusted()?.pin();
        Ok(UpdateReport { root, first_use, changed: update.changed, records: update.records })
    }

    /// Brings the newest commit here. Nothing about it is believed yet.
    fn fetch(&self) -> Result<ObjectId, RegistryError> {
        match (&self.location, &self.transport) {
            (Location::Address { .. }, Some(transport)) => self.fetch_into_clone(transport.as_ref()),
            (Location::Path(path), _) => main_of(path),
            (Location::Address { url, .. }, None) => {
                Err(RegistryError::Unreachable { location: url.clone(), detail: "there is no transport".to_owned() })
            }
        }
    }

    fn fetch_into_clone(&self, transport: &dyn Transport) -> Result<ObjectId, RegistryError> {
        let clone = self.store.clone_path();
        let existed = clone.exists();
        match fetch_once(transport, &clone) {
            Err(error) if existed && error.code() == codes::INDEX_GIT => self.clone_anew(transport, error),
            outcome => outcome,
        }
    }

    /// Fetches everything into a new clone, for the case that the old one is what is damaged. It takes the place of the old one only
    /// when it is whole: what is believed must stay readable while an address sends something broken.
    fn clone_anew(&self, transport: &dyn Transport, error: RegistryError) -> Result<ObjectId, RegistryError> {
        let clone = self.store.clone_path();
        let folder = tempfile::TempDir::with_prefix_in("clone-", self.store.folder())
            .map_err(RegistryError::io("made a folder in", self.store.folder()))?;
        let fresh = folder.path().join("index.git");
        let Ok(commit) = fetch_once(transport, &fresh) else { return Err(error) };
        fs::remove_dir_all(&clone).map_err(RegistryError::io("removed the damaged clone", &clone))?;
        fs::rename(&fresh, &clone).map_err(RegistryError::io("moved a new clone to", &clone))?;
        Ok(commit)
    }

    fn verify(&self, commit: ObjectId, pin: Option<Digest>, now: Instant) -> Result<Update, RegistryError> {
        let path = self.repository_path();
        let base = self.believed.as_ref().and_then(|believed| Snapshot::open(&path, believed.commit).ok());
        let offered = Snapshot::open(&path, commit)?;
        match self.verify_against(&offered, base.as_ref(), pin, now) {
            // What was here before cannot be read any more: then everything is verified from the start of the log instead.
            Err(error) if base.is_some() && may_be_the_base(&error) => self.verify_against(&offered, None, pin, now),
            outcome => outcome,
        }
    }

    pub(crate) fn verify_against(
        &self,
        offered: &Snapshot,
        base: Option<&Snapshot>,
        pin: Option<Digest>,
        now: Instant,
    ) -> Result<Update, RegistryError> {
        let changed = offered.changes(base)?;
        let trusted = self
            .believed
            .as_ref()
            .map(|believed| Trusted { state: &believed.state, files: base.map(|base| base as &dyn mpp_index::Files) });
        let candidate = Candidate { files: offered, changed: Some(&changed) };
        Ok(state::update(trusted, pin, &candidate, now)?)
    }

    fn with_evidence(&self, error: RegistryError) -> RegistryError {
        let RegistryError::Index(source) = error else { return error };
        match source.evidence().map(|evidence| self.store.keep_evidence(evidence)) {
            Some(Ok(evidence)) => RegistryError::Evidence { source: Box::new(source), evidence },
            // The refusal matters more than its proof.
            Some(Err(_)) | None => RegistryError::Index(source),
        }
    }

    /// Writes the state down, and only then moves the trusted reference.
    pub(crate) fn believe(&mut self, believed: Believed) -> Result<(), RegistryError> {
        self.store.write(&believed)?;
        if let Location::Address { .. } = self.location {
            let clone = repository::open(&self.store.clone_path())?;
            repository::set_reference(&clone, TRUSTED, believed.commit)?;
            repository::delete_reference(&clone, QUARANTINE)?;
        }
        self.believed = Some(believed);
        Ok(())
    }

    fn leave_quarantine(&self) -> Result<(), RegistryError> {
        match self.location {
            Location::Address { .. } => {
                repository::delete_reference(&repository::open(&self.store.clone_path())?, QUARANTINE)
            }
            Location::Path(_) => Ok(()),
        }
    }
}

fn fetch_once(transport: &dyn Transport, clone: &Path) -> Result<ObjectId, RegistryError> {
    let repository = match clone.exists() {
        true => repository::open(clone)?,
        false => repository::init_bare(clone)?,
    };
    transport.fetch_index(clone, MAIN, QUARANTINE)?;
    repository::reference(&repository, QUARANTINE)?
        .ok_or_else(|| RegistryError::git("fetched the index", clone, format!("there is no `{MAIN}`")))
}

/// The newest commit of a registry at a path.
pub(crate) fn main_of(path: &Path) -> Result<ObjectId, RegistryError> {
    let unreachable =
        |detail: &str| RegistryError::Unreachable { location: path.display().to_string(), detail: detail.to_owned() };
    if !path.exists() {
        return Err(unreachable("there is no such folder"));
    }
    let repository = repository::open(path).map_err(|_| unreachable("the folder is not a git repository"))?;
    repository::reference(&repository, MAIN)?.ok_or_else(|| unreachable("the repository has no branch `main`"))
}

/// Whether a refusal may come from the old files that were compared with, rather than from the new ones.
fn may_be_the_base(error: &RegistryError) -> bool {
    let RegistryError::Index(error) = error else { return false };
    matches!(error, IndexError::Files(_) | IndexError::Mismatch { .. } | IndexError::Removed { .. })
}
