//! Stores in a folder that any number of processes of one user have in common.
//!
//! The process that has the lock of a store's folder holds the store and serves the others. Whoever finds nobody to ask tries for the lock;
//! the kernel frees it when its process ends, however it ends. A question whose answer was lost is asked again under its number.

use crate::asking::{Ask, Asking};
use crate::claim::Claim;
use crate::core::Core;
use crate::error::KvError;
use crate::folder::{self, Kept};
use crate::link::{Link, Unanswered};
use crate::request::{Answer, Request};
use crate::server::Server;
use crate::sled_table::SledTable;
use crate::store::{Bucket, Store, Terms};
use mpp_schema::{KeyId, PackageName};
use std::collections::HashMap;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How long something may wait when nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks for a holder.
const PAUSE: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// Connections that are kept for the next call.
const IDLE_MAX: usize = 8;

/// Keeps the data of packages in a folder, together with other processes.
///
/// Dropping it hands over what it holds. A process that ends without dropping it loses nothing that was flushed.
pub struct SharedStore {
    home: PathBuf,
    reserved: Mutex<HashMap<Claim, PathBuf>>,
    slots: Mutex<HashMap<PathBuf, Arc<Slot>>>,
}

impl SharedStore {
    /// Stores in `folder`, which is made when the first one is opened.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { home: folder.into(), reserved: Mutex::default(), slots: Mutex::default() }
    }

    /// All stores that are there.
    pub fn kept(&self) -> Result<Vec<Kept>, KvError> {
        folder::all(&self.home)
    }

    /// The store that a package signed by one of these keys would open; nothing when there is none yet.
    pub fn find(&self, package: &PackageName, publishers: &[KeyId]) -> Result<Option<Kept>, KvError> {
        for publisher in publishers {
            if let Some(kept) = folder::find(&self.home, *publisher, package)? {
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }

    /// Lets `to` open what `from` claimed, because `to` took its place. What `to` has already stays as it is; says whether anything
    /// was done.
    pub fn continue_as(&self, package: &PackageName, from: KeyId, to: KeyId) -> Result<bool, KvError> {
        folder::continue_as(&self.home, package, from, to)
    }

    /// Removes a store with all that is in it. Where another process holds it, it is emptied and stays.
    pub fn remove(&self, kept: &Kept) -> Result<(), KvError> {
        let mut bucket = self.bucket(&kept.claim(), Terms::default())?;
        match bucket.route(bucket.until())? {
            Route::Here(core) => drop(core),
            Route::There => {
                let mut bucket = Asking(bucket);
                bucket.clear()?;
                return bucket.flush();
            }
        }
        drop(bucket);
        self.reserved().retain(|_, folder| *folder != kept.folder);
        let slot = self.slots().remove(&kept.folder);
        let Some(slot) = slot else { return Ok(()) };
        let held = slot.role().held.take();
        // The lock stays until the folder is gone.
        let Some(lock) = held.map(Held::close) else { return Ok(()) };
        folder::remove(&self.home, kept)?;
        drop(lock);
        Ok(())
    }

    /// Claims the store of `claim` and gives its folder, which is all that this process has to reach from now on to use that store. Nothing
    /// is opened.
    pub fn reserve(&self, claim: &Claim) -> Result<PathBuf, KvError> {
        let folder = folder::find_or_claim(&self.home, claim)?;
        self.reserved().insert(claim.clone(), folder.clone());
        Ok(folder)
    }

    fn reserved(&self) -> MutexGuard<'_, HashMap<Claim, PathBuf>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket(&self, claim: &Claim, terms: Terms) -> Result<SharedBucket, KvError> {
        let reserved = self.reserved().get(claim).cloned();
        let folder = reserved.map_or_else(|| folder::find_or_claim(&self.home, claim), Ok)?;
        let slot = Arc::clone(self.slots().entry(folder.clone()).or_insert_with(|| Arc::new(Slot::new(folder))));
        Ok(SharedBucket { slot, link: None, wrote: None, terms })
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Store for SharedStore {
    fn open(&self, claim: &Claim, terms: Terms) -> Result<Box<dyn Bucket>, KvError> {
        let mut bucket = self.bucket(claim, terms)?;
        // Whether it can be had at all is said now, and not with the first question.
        bucket.route(bucket.until())?;
        Ok(Box::new(Asking(bucket)))
    }
}

/// One store, as this process sees it.
struct Slot {
    folder: PathBuf,
    role: Mutex<Role>,
}

/// Holder or guest.
#[derive(Default)]
struct Role {
    held: Option<Held>,
    idle: Vec<Link>,
}

impl Slot {
    fn new(folder: PathBuf) -> Self {
        Self { folder, role: Mutex::default() }
    }

    fn role(&self) -> MutexGuard<'_, Role> {
        self.role.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store, if this process holds it. One that broke is given up here, to be opened anew.
    fn held(&self) -> Option<Arc<Core>> {
        let mut role = self.role();
        if role.held.as_ref().is_some_and(|held| held.core.is_broken()) {
            role.held = None;
        }
        role.held.as_ref().map(|held| Arc::clone(&held.core))
    }

    /// Tries to become the holder.
    fn try_hold(self: &Arc<Self>, until: Instant) -> Result<Option<Arc<Core>>, KvError> {
        let mut role = self.role();
        if let Some(held) = &role.held {
            return Ok(Some(Arc::clone(&held.core)));
        }
        let Some(lock) = try_lock(&self.folder)? else { return Ok(None) };
        let held = Held::open(self, lock, until)?;
        let core = Arc::clone(&held.core);
        role.held = Some(held);
        // Who was asked before is gone.
        role.idle.clear();
        Ok(Some(core))
    }
}

fn try_lock(folder: &Path) -> Result<Option<File>, KvError> {
    let path = folder.join("lock");
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(KvError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(KvError::io("lock", &path)(source)),
    }
}

/// Lets go of a store that broke while others were served, so that whoever comes next opens it anew. In a thread of its own, because
/// the threads that serve are waited for.
fn let_go(slot: &Weak<Slot>) {
    let slot = Weak::clone(slot);
    // Without a thread to be had, the next question of this process does it.
    let _ = thread::Builder::new().name("mpp-kv".to_owned()).spawn(move || slot.upgrade().map(|slot| slot.held()));
}

/// What this process holds: dropped in this order.
struct Held {
    server: Server,
    core: Arc<Core>,
    lock: File,
}

impl Held {
    fn open(slot: &Arc<Slot>, lock: File, until: Instant) -> Result<Self, KvError> {
        let folder = &slot.folder;
        // Between looking for it and locking it, it may have been removed.
        std::fs::metadata(folder.join("owner.json")).map_err(KvError::io("find the owner of", folder))?;
        let core = Arc::new(Core::open(Box::new(open_table(&folder.join("db"), until)?))?);
        let slot = Arc::downgrade(slot);
        let server = Server::start(folder, Arc::clone(&core), move || let_go(&slot));
        let server = server.map_err(KvError::io("listen in", folder))?;
        Ok(Self { server, core, lock })
    }

    /// Ends the serving and closes the data; what is left is the lock.
    fn close(self) -> File {
        let Self { server, core, lock } = self;
        drop(server);
        drop(core);
        lock
    }
}

/// sled's threads may have the file of a store that was just closed for a moment longer.
fn open_table(folder: &Path, until: Instant) -> Result<SledTable, KvError> {
    let mut pause = PAUSE;
    loop {
        match SledTable::open(folder) {
            Err(KvError::Io { source, .. })
                if source.kind() == io::ErrorKind::WouldBlock && Instant::now() + pause < until =>
            {
                thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
            other => return other,
        }
    }
}

/// A store as one call uses it.
struct SharedBucket {
    slot: Arc<Slot>,
    link: Option<Link>,
    /// Where something was written that is not flushed yet.
    wrote: Option<Arc<Core>>,
    terms: Terms,
}

/// Where a question goes.
enum Route {
    Here(Arc<Core>),
    There,
}

impl SharedBucket {
    fn until(&self) -> Instant {
        self.terms.deadline.unwrap_or_else(|| Instant::now() + PATIENCE)
    }

    fn busy(&self) -> KvError {
        KvError::Busy { path: self.slot.folder.clone() }
    }

    /// Finds the holder, or becomes it.
    fn route(&mut self, until: Instant) -> Result<Route, KvError> {
        let mut pause = PAUSE;
        loop {
            if let Some(core) = self.slot.held() {
                return Ok(Route::Here(core));
            }
            if self.link()?.is_connected() || self.connect(until)? {
                return Ok(Route::There);
            }
            if let Some(core) = self.slot.try_hold(until)? {
                return Ok(Route::Here(core));
            }
            if Instant::now() + pause >= until {
                return Err(self.busy());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn connect(&mut self, until: Instant) -> Result<bool, KvError> {
        let folder = self.slot.folder.clone();
        self.link()?.connect(&folder, until)
    }

    /// The connection of this bucket: one that another call left, or a new one.
    fn link(&mut self) -> Result<&mut Link, KvError> {
        let link = match self.link.take() {
            Some(link) => link,
            None => {
                let idle = self.slot.role().idle.pop();
                idle.map_or_else(|| Link::new(&self.slot.folder), Ok)?
            }
        };
        Ok(self.link.insert(link))
    }

    fn here(&mut self, core: Arc<Core>, request: &Request, again: bool) -> Result<Answer, KvError> {
        let ticket = if again { self.link.as_ref().map(Link::ticket) } else { None };
        let answer = core.perform(request, ticket, self.terms.quota)?;
        if matches!(request, Request::Write(_) | Request::Increment(..) | Request::Swap { .. } | Request::Clear) {
            self.wrote = Some(core);
        }
        Ok(answer)
    }
}

impl Ask for SharedBucket {
    fn ask(&mut self, request: Request) -> Result<Answer, KvError> {
        let (until, quota) = (self.until(), self.terms.quota);
        let mut again = false;
        loop {
            match self.route(until)? {
                Route::Here(core) => return self.here(core, &request, again),
                Route::There => {}
            }
            let link = self.link()?;
            if !again {
                link.next();
            }
            match link.ask(&request, quota, until) {
                Ok(answer) => return Ok(answer),
                Err(Unanswered::Error(error)) => return Err(error),
                Err(Unanswered::Late) => {
                    // The next question must not be taken for this one's repetition.
                    self.link = None;
                    return Err(self.busy());
                }
                Err(Unanswered::Gone) if Instant::now() >= until => {
                    self.link = None;
                    return Err(self.busy());
                }
                Err(Unanswered::Gone) => again = true,
            }
        }
    }

    fn flush(&mut self) -> Result<(), KvError> {
        // What went to another process was flushed there before it answered.
        match self.wrote.take() {
            Some(core) => core.flush(),
            None => Ok(()),
        }
    }
}

impl Drop for SharedBucket {
    fn drop(&mut self) {
        let Some(link) = self.link.take().filter(Link::is_connected) else { return };
        let mut role = self.slot.role();
        if role.idle.len() < IDLE_MAX && role.held.is_none() {
            role.idle.push(link);
        }
    }
}
