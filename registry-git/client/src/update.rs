//! Bringing in what is new: fetch into quarantine, verify, write the state down, then move the trusted reference.
//!
//! A refusal leaves everything as it was, but for a proof that is kept when the registry contradicts itself.

use crate::{
    Location, Registry, RegistryError, Snapshot,
    clone::{Clone, Quarantine},
    copy::CopyFiles,
    repository,
    repository::MAIN,
    store::Believed,
    transport::Transport,
};
use gix::ObjectId;
use mpp_index::{
    IndexError,
    state::{self, Candidate, Followed, Trusted, Update},
};
use mpp_schema::{Coded, Digest, Instant, codes};
use std::{collections::BTreeSet, path::Path};
use url::Url;

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
        if let Location::Copy { url } = &self.location.clone() {
            return self.follow_copy(url, pin, now, first_use).map_err(|error| self.with_evidence(error));
        }
        let (offer, update) = self.offered(pin, now).map_err(|error| self.with_evidence(error))?;
        let commit = offer.commit();
        self.believe(Believed { state: update.state, commit }, &offer)?;
        let root = self.trusted()?.pin();
        Ok(UpdateReport { root, first_use, changed: update.changed, records: update.records })
    }

    /// Goes on to the head of a copy. What came is kept only when all of it was verified.
    fn follow_copy(
        &mut self,
        url: &Url,
        pin: Option<Digest>,
        now: Instant,
        first_use: bool,
    ) -> Result<UpdateReport, RegistryError> {
        let before = self.believed.as_ref().map(|believed| &believed.state);
        let web = self.web()?;
        let files = CopyFiles::open(web, url, self.store.copy_path(), before.map(state::TrustedState::signed_head));
        let Followed { update, held } = state::follow(before, pin, &files, files.held(), now)?;
        let fixed = state::fixed(&files, &update.state)?;
        // The files first: a state whose files were shown under it finds them again.
        files.keep(update.state.signed_head(), Some((held, fixed)))?;
        let believed = Believed { state: update.state, commit: ObjectId::null(gix::hash::Kind::Sha1) };
        self.store.write(&believed)?;
        self.believed = Some(believed);
        let root = self.trusted()?.pin();
        Ok(UpdateReport { root, first_use, changed: update.changed, records: update.records })
    }

    /// Finds the newest commit, brings it here, and verifies it.
    fn offered(&self, pin: Option<Digest>, now: Instant) -> Result<(Offer, Update), RegistryError> {
        match (&self.location, &self.transport) {
            (Location::Path(path), _) => {
                let commit = main_of(path)?;
                Ok((Offer::InPlace(commit), self.verify(path, commit, pin, now)?))
            }
            (Location::Copy { .. }, _) => Err(RegistryError::ReadOnly { location: self.location.to_string() }),
            (Location::Address { url, .. }, transport) => {
                let unreachable = |detail: String| RegistryError::Unreachable { location: url.clone(), detail };
                let transport = transport.as_ref().ok_or_else(|| unreachable("there is no transport".to_owned()))?;
                let commit = transport.reference(MAIN)?;
                let commit = commit.ok_or_else(|| unreachable(format!("there is no `{MAIN}`")))?;
                self.fetch_and_verify(transport.as_ref(), commit, pin, now)
            }
        }
    }

    /// Fetches what the clone lacks. When something is damaged, it may be the clone: then everything is fetched once more.
    fn fetch_and_verify(
        &self,
        transport: &dyn Transport,
        commit: ObjectId,
        pin: Option<Digest>,
        now: Instant,
    ) -> Result<(Offer, Update), RegistryError> {
        let clone = Clone::at(self.store.clone_path());
        let attempt = |have| {
            let quarantine = clone.quarantine(transport, self.store.folder(), commit, have)?;
            let update = self.verify(&quarantine.path(), commit, pin, now)?;
            Ok((Offer::Fetched(quarantine), update))
        };
        let have = self.believed.as_ref().map(|believed| believed.commit);
        match have.filter(|have| clone.can_build_on(*have)) {
            None => attempt(None),
            have => match attempt(have) {
                Err(error) if error.code() == codes::INDEX_GIT => attempt(None),
                outcome => outcome,
            },
        }
    }

    pub(crate) fn verify(
        &self,
        path: &Path,
        commit: ObjectId,
        pin: Option<Digest>,
        now: Instant,
    ) -> Result<Update, RegistryError> {
        let base =
            self.believed.as_ref().and_then(|believed| Snapshot::open(&self.repository_path(), believed.commit).ok());
        let offered = Snapshot::open(path, commit)?;
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

    pub(crate) fn with_evidence(&self, error: RegistryError) -> RegistryError {
        let RegistryError::Index(source) = error else { return error };
        match source.evidence().map(|evidence| self.store.keep_evidence(evidence)) {
            Some(Ok(evidence)) => RegistryError::Evidence { source: Box::new(source), evidence },
            // The refusal matters more than its proof.
            Some(Err(_)) | None => RegistryError::Index(source),
        }
    }

    /// Writes the state down, and only then moves the trusted reference. What the state names is durable before.
    fn believe(&mut self, believed: Believed, offer: &Offer) -> Result<(), RegistryError> {
        match offer {
            Offer::InPlace(_) => self.store.write(&believed)?,
            Offer::Fetched(quarantine) => {
                let clone = Clone::at(self.store.clone_path());
                let admitted = clone.admit(quarantine)?;
                self.store.write(&believed)?;
                clone.settle(believed.commit, &admitted);
            }
        }
        self.believed = Some(believed);
        Ok(())
    }
}

/// A verified commit, and where its objects are.
enum Offer {
    /// In the registry itself.
    InPlace(ObjectId),
    /// In quarantine.
    Fetched(Quarantine),
}

impl Offer {
    fn commit(&self) -> ObjectId {
        match self {
            Self::InPlace(commit) => *commit,
            Self::Fetched(quarantine) => quarantine.commit(),
        }
    }
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
