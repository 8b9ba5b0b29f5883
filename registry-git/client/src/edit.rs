//! Edits of an index by the holder of a head key, other than publishing: updated to first, planned, verified as every client will,
//! carried out, and started over when somebody else was faster.

use crate::{
    Registry, RegistryError, Snapshot,
    publish::{ATTEMPTS, Job, Workspace, back_off},
    repository::{self, MAIN},
};
use gix::ObjectId;
use mpp_index::{
    IndexError,
    plan::{self, IndexEdit, NewRoot, PendingRoot, RootChange},
    state::TrustedState,
};
use mpp_package::key::Signer;
use mpp_schema::{Instant, index::Head};

/// An edit that was carried out.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The head that it signed.
    pub head: Head,
    /// One line for people: what it did.
    pub summary: String,
}

/// A head that was signed over unchanged files.
#[derive(Debug, Clone)]
pub struct HeadSigned {
    /// Its sequence number.
    pub seq: u64,
    /// When it stops being fresh.
    pub expires: Instant,
}

impl Registry {
    /// Updates, plans an edit on what is there, and carries it out; does nothing when the plan says that nothing is to be done.
    ///
    /// # Errors
    /// When the index or the edit is refused, or others are faster again and again. Nothing is changed then.
    pub fn edit(
        &mut self,
        now: Instant,
        mut plan: impl FnMut(&Snapshot, &TrustedState) -> Result<Option<IndexEdit>, IndexError>,
    ) -> Result<Option<Edited>, RegistryError> {
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        let _turn = self.turn();
        for attempt in 1..=ATTEMPTS {
            self.update_for_signing(now)?;
            let Some(edit) = plan(&self.snapshot()?, self.trusted()?)? else { return Ok(None) };
            let done = Edited { head: edit.head.clone(), summary: edit.summary.clone() };
            let workspace = Workspace::without_package(self)?;
            let repository = repository::open(&workspace.path)?;
            if self.carry_out(&repository, &workspace.path, &Job { edit, now, package: None })? {
                self.update_locked(None, now)?;
                return Ok(Some(done));
            }
            back_off(attempt);
        }
        Err(self.race())
    }

    /// Signs a new head over unchanged files, so that the registry stays fresh. An expired head may be renewed.
    ///
    /// # Errors
    /// As [`Registry::publish`].
    pub fn sign_head(&mut self, head_keys: &[&dyn Signer], now: Instant) -> Result<HeadSigned, RegistryError> {
        let signed = self
            .edit(now, |files, state| plan::sign_head(files, state, head_keys, now).map(Some))?
            .map(|done| done.head);
        let head = signed.map_or_else(|| self.trusted().map(|state| state.head().clone()), Ok)?;
        Ok(HeadSigned { seq: head.seq, expires: head.expires })
    }

    /// Changes the root. An expired root may be followed.
    ///
    /// # Errors
    /// When too few keys are at hand, and as [`Registry::edit`].
    pub fn rotate_root(&mut self, new: &NewRoot<'_>) -> Result<Edited, RegistryError> {
        let done = self.edit(new.now, |files, state| plan::rotate(files, state, new).map(Some))?;
        done.ok_or_else(|| self.race())
    }

    /// Recovers from misused head keys: the files of `good`, the last commit that was right, under a new root from which the log goes on.
    /// What came after is dropped by every client. The newest commit stays the parent, so nothing is forced.
    ///
    /// # Errors
    /// When that commit was not right, too few keys are at hand, and as [`Registry::edit`].
    pub fn recover(&mut self, good: &str, new: &NewRoot<'_>) -> Result<Edited, RegistryError> {
        self.edit_from(good, new.now, |good, files, state| plan::recover(good, files, state, new))
    }

    /// Writes the next root down for others to sign; with `good` as the recovery from misused head keys. Changes nothing.
    ///
    /// # Errors
    /// When the index is refused, or that commit was not right.
    pub fn propose_root(
        &mut self,
        change: &RootChange,
        good: Option<&str>,
        now: Instant,
    ) -> Result<PendingRoot, RegistryError> {
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        self.update_for_signing(now)?;
        let workspace = Workspace::without_package(self)?;
        let good = good.map(|good| self.past(&workspace, commit_id(good, self)?)).transpose()?;
        let good = good.as_ref().map(|good| good as &dyn mpp_index::Files);
        Ok(plan::propose_root(&self.snapshot()?, self.trusted()?, change, good, now)?)
    }

    /// Publishes a root that others signed; `good` is the commit that it was proposed with.
    ///
    /// # Errors
    /// When it does not follow the root in force, too few signed, and as [`Registry::edit`].
    pub fn adopt_root(
        &mut self,
        pending: &PendingRoot,
        good: Option<&str>,
        head_keys: &[&dyn Signer],
        now: Instant,
    ) -> Result<Edited, RegistryError> {
        if let Some(good) = good {
            return self.edit_from(good, now, |good, files, state| {
                plan::adopt_root(files, state, pending, Some(good), head_keys, now)
            });
        }
        let plan =
            |files: &Snapshot, state: &TrustedState| plan::adopt_root(files, state, pending, None, head_keys, now);
        let done = self.edit(now, |files, state| plan(files, state).map(Some))?;
        done.ok_or_else(|| self.race())
    }

    /// An edit of the files of an earlier commit, on top of the newest one.
    fn edit_from(
        &mut self,
        good: &str,
        now: Instant,
        plan: impl Fn(&Snapshot, &Snapshot, &TrustedState) -> Result<IndexEdit, IndexError>,
    ) -> Result<Edited, RegistryError> {
        let good = commit_id(good, self)?;
        self.refuse_copy()?;
        let _lock = self.store.lock()?;
        let _turn = self.turn();
        for attempt in 1..=ATTEMPTS {
            self.update_for_signing(now)?;
            let workspace = Workspace::without_package(self)?;
            let files = self.past(&workspace, good)?;
            let edit = plan(&files, &self.snapshot()?, self.trusted()?)?;
            let done = Edited { head: edit.head.clone(), summary: edit.summary.clone() };
            let job = Job { edit, now, package: None };
            if self.carry_out_on(&repository::open(&workspace.path)?, &workspace.path, &files, &job)? {
                self.update_locked(None, now)?;
                return Ok(done);
            }
            back_off(attempt);
        }
        Err(self.race())
    }

    /// The files of an earlier commit, brought here where they are not yet.
    fn past(&self, workspace: &Workspace, commit: ObjectId) -> Result<Snapshot, RegistryError> {
        if let Some(transport) = &self.transport {
            transport.fetch_index(&workspace.path, commit, None)?;
            repository::set_shallow(&workspace.path, &[self.believed()?.commit, commit])?;
        }
        Snapshot::new(repository::open(&workspace.path)?, commit)
    }

    /// Brings in what is new before something is planned on it. An expired head is left to the edit, which makes it fresh again.
    ///
    /// # Errors
    /// As [`Registry::update`].
    pub fn update_to_edit(&mut self, now: Instant) -> Result<(), RegistryError> {
        let _lock = self.store.lock()?;
        self.update_for_signing(now)
    }

    /// An update that goes on from a trusted head or root that has expired: only those who sign can make it fresh again.
    pub(crate) fn update_for_signing(&mut self, now: Instant) -> Result<(), RegistryError> {
        match self.update_locked(None, now) {
            Err(RegistryError::Index(IndexError::Stale { .. } | IndexError::RootExpired { .. }))
                if self.is_current()? =>
            {
                Ok(())
            }
            outcome => outcome.map(|_| ()),
        }
    }

    /// Whether the trusted commit is the newest one there is.
    fn is_current(&self) -> Result<bool, RegistryError> {
        let Some(believed) = &self.believed else { return Ok(false) };
        let newest = match &self.transport {
            Some(transport) => transport.reference(MAIN)?,
            None => repository::reference(&repository::open(&self.repository_path())?, MAIN)?,
        };
        Ok(newest == Some(believed.commit))
    }

    pub(crate) fn race(&self) -> RegistryError {
        RegistryError::Race { location: self.location.to_string(), attempts: ATTEMPTS }
    }
}

fn commit_id(text: &str, registry: &Registry) -> Result<ObjectId, RegistryError> {
    ObjectId::from_hex(text.as_bytes())
        .map_err(|error| RegistryError::git("read the id of a commit", registry.repository_path(), error))
}
