//! Publishing as the holder of a head key: one commit for the file, one for the index, both references moved at once.
//!
//! A writer who was overtaken looks at what is new, checks again, and tries again, a bounded number of times. Nothing is forced.

use crate::{
    Location, Registry, RegistryError, Snapshot, commit, durable,
    repository::{self, MAIN, Move},
    scratch::Scratch,
    store::WORK,
    transport::Pushed,
    web::{Access, Oci, Push},
};
use gix::{ObjectId, Repository};
use mpp_index::{
    config::{self, Place},
    plan::{self, IndexEdit, Published},
};
use mpp_package::{
    key::Signer,
    limits::FILE_BYTES_MAX,
    verify::{self, Trust, TrustedKey},
};
use mpp_schema::{
    Digest, Instant, PackageName, Version,
    index::{Blobs, Release},
};
use std::{
    fs::File,
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};

/// How often a writer tries who is overtaken each time: enough for eight of them who never rest.
pub(crate) const ATTEMPTS: u32 = 48;

/// What to publish, and with which keys.
pub struct PublishOptions<'a> {
    /// The package file, signed by the publishers.
    pub file: &'a [u8],
    /// Who signs the statement: owners of the namespace, or who claims it.
    pub publishers: &'a [&'a dyn Signer],
    /// The head keys at hand.
    pub head_keys: &'a [&'a dyn Signer],
    /// Check and plan everything, and change nothing.
    pub dry_run: bool,
}

/// What became of a publication.
#[derive(Debug, Clone)]
pub struct PublishReport {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The package digest.
    pub package: Digest,
    /// The digest of the file.
    pub file: Digest,
    /// The commit that holds the file.
    pub commit: Option<String>,
    /// What was done.
    pub status: PublishStatus,
    /// The files of the index that were, or would be, written; none when the version was there before.
    pub writes: Vec<String>,
    /// The reference that leads, or would lead, to the file; nothing where files are kept outside of git, or the version was there before.
    pub reference: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishStatus {
    /// The version is published.
    Published,
    /// Exactly this file was published before.
    Already,
    /// Nothing: everything was checked.
    Planned,
    /// It waits for whoever holds a head key.
    Proposed,
}

/// An edit to carry out, with the package file that goes along.
pub(crate) struct Job<'a> {
    pub(crate) edit: IndexEdit,
    pub(crate) now: Instant,
    pub(crate) package: Option<(&'a PackageName, Prepared)>,
}

/// The commit of a package file, and what its reference names before.
pub(crate) struct Prepared {
    pub(crate) commit: ObjectId,
    pub(crate) tip: Option<ObjectId>,
}

impl Registry {
    /// Publishes a package: updates, checks, plans, writes, and starts over when somebody else was faster.
    ///
    /// # Errors
    /// When the package or the index is refused, a key is missing, or others are faster again and again. Nothing is published then.
    pub fn publish(&mut self, options: &PublishOptions<'_>, now: Instant) -> Result<PublishReport, RegistryError> {
        self.refuse_copy()?;
        let (name, mut release) = describe(options)?;
        let _lock = self.store.lock()?;
        let _turn = (!options.dry_run).then(|| self.turn());
        for attempt in 1..=ATTEMPTS {
            self.update_for_signing(now)?;
            if let Some(done) = self.already(&name, &release)? {
                return Ok(report(name, &done, PublishStatus::Already));
            }
            let in_git = self.config()?.blobs == Blobs::GitRefs;
            let reference = in_git.then(|| commit::package_reference(&name));
            if options.dry_run {
                return Ok(match self.plan(&name, &release, options, now)? {
                    Published::Edit(edit) => {
                        let writes = edit.writes.into_keys().collect();
                        PublishReport { writes, reference, ..report(name, &release, PublishStatus::Planned) }
                    }
                    Published::Already(done) => report(name, &done, PublishStatus::Already),
                });
            }
            let workspace = match in_git {
                true => Workspace::new(self, &name)?,
                false => Workspace::without_package(self)?,
            };
            let repository = repository::open(&workspace.path)?;
            let prepared = match in_git {
                true => Some(prepare(&repository, &workspace, &name, &mut release, options.file)?),
                false => None,
            };
            let edit = match self.plan(&name, &release, options, now)? {
                Published::Edit(edit) => edit,
                Published::Already(done) => return Ok(report(name, &done, PublishStatus::Already)),
            };
            if prepared.is_none() {
                self.store_elsewhere(&name, &release, options.file)?;
            }
            let writes: Vec<String> = edit.writes.keys().cloned().collect();
            let job = Job { edit, now, package: prepared.map(|prepared| (&name, prepared)) };
            if self.carry_out(&repository, &workspace.path, &job)? {
                self.update_locked(None, now)?;
                return Ok(PublishReport { writes, reference, ..report(name, &release, PublishStatus::Published) });
            }
            back_off(attempt);
        }
        Err(self.race())
    }

    pub(crate) fn already(&self, name: &PackageName, release: &Release) -> Result<Option<Release>, RegistryError> {
        let entry = self.package(name)?;
        let same = entry.as_ref().and_then(|entry| entry.release(&release.version)).map(|signed| &signed.release);
        Ok(same.filter(|same| same.version == release.version && same.file == release.file).cloned())
    }

    fn plan(
        &self,
        name: &PackageName,
        release: &Release,
        options: &PublishOptions<'_>,
        now: Instant,
    ) -> Result<Published, RegistryError> {
        let new = plan::Publish {
            name,
            release: release.clone(),
            publishers: options.publishers,
            head_keys: options.head_keys,
            now,
        };
        Ok(plan::publish(&self.snapshot()?, self.trusted()?, &new)?)
    }

    /// Writes the commits, verifies the new index as every client will, and moves the references. Says whether it was in time.
    pub(crate) fn carry_out(&self, repository: &Repository, path: &Path, job: &Job<'_>) -> Result<bool, RegistryError> {
        let base = Snapshot::new(repository.clone(), self.believed()?.commit)?;
        self.carry_out_on(repository, path, &base, job)
    }

    /// The same for an edit of other files than those of the newest commit, which stays the parent.
    pub(crate) fn carry_out_on(
        &self,
        repository: &Repository,
        path: &Path,
        edited: &Snapshot,
        job: &Job<'_>,
    ) -> Result<bool, RegistryError> {
        let base = Snapshot::new(repository.clone(), self.believed()?.commit)?;
        let index = commit::index(repository, Some((edited, base.commit())), &job.edit, job.now)?;
        self.verify_against(&Snapshot::new(repository.clone(), index)?, Some(&base), None, job.now)?;
        let package = job
            .package
            .as_ref()
            .map(|(name, prepared)| commit::forward(commit::package_reference(name), prepared.tip, prepared.commit));
        // The file's reference moves first: a reader must never see a statement whose file is not there.
        let mut moves: Vec<Move> = package.into_iter().collect();
        moves.push(commit::forward(MAIN, Some(base.commit()), index));
        match &self.transport {
            None => move_durably(repository, &base, &moves),
            Some(transport) => Ok(transport.push(path, &moves)? == Pushed::Accepted),
        }
    }
}

/// Writes the commit of a package file, and says so in its release.
fn prepare(
    repository: &Repository,
    workspace: &Workspace,
    name: &PackageName,
    release: &mut Release,
    file: &[u8],
) -> Result<Prepared, RegistryError> {
    let commit = commit::package(repository, name, &release.version, file, workspace.tip)?;
    release.commit = Some(commit.to_string());
    Ok(Prepared { commit, tip: workspace.tip })
}

impl Registry {
    /// Brings a file to where readers will look for it, where that can be done from here, and fetches it from there as they will.
    pub(crate) fn store_elsewhere(
        &self,
        name: &PackageName,
        release: &Release,
        file: &[u8],
    ) -> Result<(), RegistryError> {
        if let Place::Oci { server, repository } = config::place(&self.config()?, name, release)? {
            let oci = Oci::open(self.web()?, &server, &repository, Access::Push)?;
            oci.push(&Push { name, version: &release.version, file })?;
        }
        self.fetch_blob(name, release).map(drop).map_err(|error| match error {
            RegistryError::Web(source) => RegistryError::NotStored {
                name: Box::new(name.clone()),
                version: Box::new(release.version.clone()),
                source: Box::new(source),
            },
            other => other,
        })
    }
}

/// Moves references of a registry at a path, once what they will name is on the disk.
fn move_durably(repository: &Repository, base: &Snapshot, moves: &[Move]) -> Result<bool, RegistryError> {
    for Move { name, new, .. } in moves {
        durable::sync_commit(repository, *new, (name == MAIN).then_some(base))?;
    }
    let moved = repository::move_references(repository, moves)?;
    moves.iter().for_each(|Move { name, .. }| durable::sync_reference(repository, name));
    Ok(moved)
}

/// Checks the package, and says about it what the index will say.
pub(crate) fn describe(options: &PublishOptions<'_>) -> Result<(PackageName, Release), RegistryError> {
    let found = options.file.len() as u64;
    if found > FILE_BYTES_MAX {
        return Err(RegistryError::TooLarge { expected: FILE_BYTES_MAX, found });
    }
    let publishers =
        options.publishers.iter().map(|signer| TrustedKey { key: *signer.public_key(), name: "publisher".to_owned() });
    let trust = Trust { publishers: publishers.collect(), development: None, threshold: 1 };
    let refused = |error| RegistryError::Package(Box::new(error));
    let mut package = verify::open(Cursor::new(options.file), &trust).map_err(refused)?;
    let tools = package.tools().map_err(refused)?.tools;
    let manifest = package.manifest();
    let release = Release {
        version: manifest.version.clone(),
        package: package.digest(),
        file: Digest::of(options.file),
        size: found,
        kind: manifest.kind,
        description: manifest.description.clone(),
        tools: tools.into_iter().map(|tool| tool.name).collect(),
        commit: None,
    };
    Ok((manifest.name.clone(), release))
}

pub(crate) fn report(name: PackageName, release: &Release, status: PublishStatus) -> PublishReport {
    PublishReport {
        name,
        version: release.version.clone(),
        package: release.package,
        file: release.file,
        commit: release.commit.clone(),
        status,
        writes: Vec::new(),
        reference: None,
    }
}

/// Gives others the time to finish, for a time that is chosen at random, so that writers who met once draw apart. Whoever was overtaken a few
/// times makes room for a while; whoever was overtaken often waits little, so that nobody starves.
pub(crate) fn back_off(attempt: u32) {
    let longest = match attempt {
        ..3 => 50,
        3..12 => 800,
        _ => 100,
    };
    let mut random = [0; 8];
    // Without random bytes all wait the longest, and still end after a bounded number of attempts.
    let chosen = getrandom::fill(&mut random).map_or(longest, |()| u64::from_le_bytes(random) % longest + 1);
    std::thread::sleep(Duration::from_millis(chosen));
}

/// The file in a registry at a path whose lock says whose turn it is to write.
const TURN: &str = "mpp-writers";

impl Registry {
    /// Waits for this writer's turn among those who write at the same path, so that they do not undo each other's work again and again. It keeps nobody
    /// out: what decides is that `main` still names what an edit was made on. At an address, and where the file cannot be made, nobody waits.
    pub(crate) fn turn(&self) -> Option<File> {
        let path = self.location.path().filter(|path| path.join("objects").exists())?.join(TURN);
        let turn = File::options().create(true).truncate(false).write(true).open(path).ok()?;
        turn.lock().ok().map(|()| turn)
    }
}

/// The repository that commits are written to: the registry's own at a path, else one that is thrown away after the push.
pub(crate) struct Workspace {
    pub(crate) path: PathBuf,
    pub(crate) tip: Option<ObjectId>,
    _scratch: Option<Scratch>,
}

impl Workspace {
    /// A place to write the commit of a package's file on top of those before it.
    pub(crate) fn new(registry: &Registry, name: &PackageName) -> Result<Self, RegistryError> {
        let reference = commit::package_reference(name);
        let mut workspace = Self::without_package(registry)?;
        let Some(transport) = &registry.transport else {
            workspace.tip = repository::reference(&repository::open(&workspace.path)?, &reference)?;
            return Ok(workspace);
        };
        workspace.tip = transport.reference(&reference)?;
        if let Some(tip) = workspace.tip {
            transport.fetch_package(&workspace.path, tip, &reference)?;
        }
        Ok(workspace)
    }

    pub(crate) fn without_package(registry: &Registry) -> Result<Self, RegistryError> {
        if let Location::Path(path) = &registry.location {
            return Ok(Self { path: path.clone(), tip: None, _scratch: None });
        }
        let scratch = Scratch::new(registry.store.folder(), WORK)?;
        let path = scratch.path();
        repository::init_bare(&path)?;
        repository::borrow_objects(&path, &registry.store.clone_path())?;
        repository::set_shallow(&path, &[registry.believed()?.commit])?;
        Ok(Self { path, tip: None, _scratch: Some(scratch) })
    }
}
