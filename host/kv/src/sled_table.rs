//! Rows in sled.
//!
//! sled keeps what was not flushed in memory, and its flush has no barrier of the disk; its large values are files of their own. So
//! [`Table::flush`] is sled's, for what must outlive the process, and [`Table::sync`] syncs the files themselves. After some failures of
//! the disk it panics or never ends: panics become errors, and after an error it is closed in a thread of its own.

use crate::error::KvError;
use crate::os;
use crate::table::{Batch, Table};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes of pages that sled keeps in memory for each open store.
const CACHE_BYTES: u64 = 8 << 20;

/// Rows in sled.
pub(crate) struct SledTable {
    /// There until it is dropped.
    db: Option<sled::Db>,
    /// Something failed: closing it may never end.
    failed: AtomicBool,
    folder: PathBuf,
    /// Files of large values that were synced: they never change.
    synced: Mutex<HashSet<OsString>>,
}

impl SledTable {
    /// Opens the rows in `folder`, which is made when it is missing. An error of the kind `WouldBlock` says that somebody has it open.
    pub(crate) fn open(folder: &Path) -> Result<Self, KvError> {
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let db = caught(folder, "open", || config.open())?;
        let failed = AtomicBool::new(false);
        Ok(Self { db: Some(db), failed, folder: folder.to_owned(), synced: Mutex::default() })
    }

    fn caught<T>(&self, action: &'static str, body: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, KvError> {
        let db = self.db.as_ref().ok_or_else(|| self.damaged("it is closed".to_owned()))?;
        caught(&self.folder, action, || body(db)).inspect_err(|_| self.failed.store(true, Ordering::Release))
    }

    fn sync_files(&self) -> io::Result<()> {
        File::open(self.folder.join("db"))?.sync_data()?;
        let blobs = self.folder.join("blobs");
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let mut present = HashSet::new();
        for entry in fs::read_dir(&blobs)? {
            let name = entry?.file_name();
            if !synced.contains(&name) {
                match File::open(blobs.join(&name)) {
                    Ok(file) => file.sync_data()?,
                    // Not needed any more.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
            }
            present.insert(name);
        }
        if present != *synced {
            sync_folder(&blobs)?;
        }
        *synced = present;
        Ok(())
    }
}

/// A folder's names on disk, where a folder can be synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

impl Table for SledTable {
    fn get(&self, row: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let found = self.caught("read", |db| db.get(row))?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn after(&self, row: &[u8], prefix: &[u8], count: usize) -> Result<Vec<Vec<u8>>, KvError> {
        self.caught("read", |db| {
            let range = db.range::<&[u8], _>((Bound::Excluded(row), Bound::Unbounded)).keys();
            let inside = range.take_while(|row| row.as_ref().map_or(true, |row| row.starts_with(prefix)));
            inside.take(count).map(|row| row.map(|row| row.to_vec())).collect()
        })
    }

    fn room(&self) -> Result<u64, KvError> {
        os::free_bytes(&self.folder).map_err(KvError::io("look at the disk of", &self.folder))
    }

    fn no_room(&self, needed: u64) -> KvError {
        KvError::NoRoom { path: self.folder.clone(), needed }
    }

    /// A row alone stays in the buffer of sled until that is full; a batch is written to the file at once.
    fn apply(&self, mut batch: Batch) -> Result<(), KvError> {
        if batch.len() == 1
            && let Some((row, value)) = batch.pop()
        {
            let alone = |db: &sled::Db| match value {
                Some(value) => db.insert(row, value),
                None => db.remove(row),
            };
            return self.caught("write into", alone).map(drop);
        }
        let mut rows = sled::Batch::default();
        for (row, value) in batch {
            match value {
                Some(value) => rows.insert(row, value),
                None => rows.remove(row),
            }
        }
        self.caught("write into", |db| db.apply_batch(rows))
    }

    fn flush(&self) -> Result<(), KvError> {
        self.caught("write into", |db| db.flush()).map(drop)
    }

    fn sync(&self) -> Result<(), KvError> {
        self.sync_files().map_err(KvError::io("sync", &self.folder))
    }

    fn damaged(&self, what: String) -> KvError {
        KvError::Damaged { path: self.folder.clone(), what }
    }
}

/// How long closing may take after a failure.
const CLOSING: Duration = Duration::from_secs(1);

impl Drop for SledTable {
    fn drop(&mut self) {
        let db = self.db.take();
        if !*self.failed.get_mut() {
            return;
        }
        let (done, closed) = mpsc::channel();
        let closing = thread::Builder::new().name("mpp-kv".to_owned()).spawn(move || {
            drop(db);
            done.send(())
        });
        // When it does not end, its files stay open as long as this process runs; whoever needs them is told so in time.
        if closing.is_ok() {
            let _ = closed.recv_timeout(CLOSING);
        }
    }
}

fn caught<T>(folder: &Path, action: &'static str, body: impl FnOnce() -> sled::Result<T>) -> Result<T, KvError> {
    let path = || folder.to_owned();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(source))) => Err(KvError::Io { action, path: path(), source: told_apart(source) }),
        Ok(Err(other)) => Err(KvError::Damaged { path: path(), what: other.to_string() }),
        Err(_) => Err(KvError::Io { action, path: path(), source: io::Error::other("the database stopped") }),
    }
}

/// sled says in words that another process has the file.
fn told_apart(source: io::Error) -> io::Error {
    let locked = source.to_string().contains("could not acquire lock");
    if locked { io::Error::new(io::ErrorKind::WouldBlock, source) } else { source }
}
