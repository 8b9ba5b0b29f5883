//! What is remembered of a session: whether a tool read what is the user's own, or what strangers wrote, and what was confirmed for all of it
//! (CONS-3, CONS-6, CONS-38). Empty files in a folder of the session's own, so that all processes of a session know it.
//!
//! Nothing is ever taken back within a session, so that what was seen once need not be looked up again. In doubt a session has read everything
//! and confirmed nothing.

use super::Home;
use mpp_policy::consent::History;
use mpp_schema::{Digest, Instant};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

/// A session in which nothing new happened for so many seconds is forgotten: 30 days.
const FORGOTTEN_SECONDS: u64 = 30 * 86_400;
const PRIVATE: &str = "read-private";
const UNTRUSTED: &str = "read-untrusted";

/// What is remembered of one session.
#[derive(Debug)]
pub struct Session {
    folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    history: History,
    confirmed: BTreeSet<Digest>,
}

impl Home {
    /// The session with this digest.
    pub fn session(&self, session: Digest) -> Session {
        Session { folder: self.data.join("sessions").join(session.to_string()), known: Mutex::default() }
    }
}

impl Session {
    /// What it did so far.
    pub fn history(&self) -> History {
        let mut known = self.known();
        let history = &mut known.history;
        history.private_read = history.private_read || self.may_have(PRIVATE);
        history.untrusted_read = history.untrusted_read || self.may_have(UNTRUSTED);
        *history
    }

    /// Remembers what it did, before it does it.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn note(&self, history: History, now: Instant) -> io::Result<()> {
        let mut known = self.known();
        let (private, untrusted) = (known.history.private_read, known.history.untrusted_read);
        for (name, new) in
            [(PRIVATE, history.private_read && !private), (UNTRUSTED, history.untrusted_read && !untrusted)]
        {
            if new {
                self.mark(name, now)?;
            }
        }
        known.history = History {
            private_read: private || history.private_read,
            untrusted_read: untrusted || history.untrusted_read,
        };
        Ok(())
    }

    /// Whether this was confirmed before.
    pub fn is_confirmed(&self, what: Digest) -> bool {
        let mut known = self.known();
        let is_confirmed = known.confirmed.contains(&what) || self.folder.join(what.to_string()).is_file();
        if is_confirmed {
            known.confirmed.insert(what);
        }
        is_confirmed
    }

    /// Remembers that this was confirmed. What cannot be kept is asked again.
    pub fn confirm(&self, what: Digest, now: Instant) {
        if self.mark(&what.to_string(), now).is_ok() {
            self.known().confirmed.insert(what);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a mark, or nobody can tell.
    fn may_have(&self, name: &str) -> bool {
        self.folder.join(name).try_exists().unwrap_or(true)
    }

    fn mark(&self, name: &str, now: Instant) -> io::Result<()> {
        if !self.folder.is_dir() {
            fs::create_dir_all(&self.folder)?;
            forget_others(&self.folder, now);
        }
        fs::write(self.folder.join(name), "")
    }
}

/// Removes the folders of sessions that ended long ago. One that cannot be removed is no harm.
fn forget_others(own: &Path, now: Instant) {
    let others = own.parent().and_then(|all| fs::read_dir(all).ok()).into_iter().flatten().flatten();
    for path in others.map(|entry| entry.path()).filter(|path| path != own) {
        let changed = fs::metadata(&path).and_then(|data| data.modified()).ok();
        let changed = changed.and_then(|changed| changed.duration_since(UNIX_EPOCH).ok());
        let now = Duration::from_secs(u64::try_from(now.unix_seconds()).unwrap_or_default());
        if changed.is_some_and(|changed| changed + Duration::from_secs(FORGOTTEN_SECONDS) < now) {
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::home::Home;
    use mpp_policy::consent::History;
    use mpp_schema::{Digest, Instant};

    fn now() -> Instant {
        Instant::from_unix_seconds(1_800_000_000).unwrap()
    }

    /// CONS-38: all processes of a session know, and no other session does.
    #[test]
    fn a_session_is_known_to_all_of_its_processes() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let (id, other) = (Digest::of(b"one"), Digest::of(b"two"));
        let (first, second) = (home.session(id), home.session(id));
        assert_eq!(first.history(), History::default());
        first.note(History { private_read: true, untrusted_read: false }, now()).unwrap();
        assert!(second.history().private_read && !second.history().untrusted_read);
        second.note(History { private_read: false, untrusted_read: true }, now()).unwrap();
        assert_eq!(first.history(), History { private_read: true, untrusted_read: true });
        first.confirm(Digest::of(b"call"), now());
        assert!(second.is_confirmed(Digest::of(b"call")) && !second.is_confirmed(Digest::of(b"another")));
        let third = home.session(other);
        assert_eq!(third.history(), History::default());
        assert!(!third.is_confirmed(Digest::of(b"call")));
    }

    #[test]
    fn a_session_of_long_ago_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let private = History { private_read: true, untrusted_read: false };
        home.session(Digest::of(b"one")).note(private, now()).unwrap();
        // The files are of today: a new session in a hundred years forgets them.
        let later = Instant::from_unix_seconds(6_000_000_000).unwrap();
        home.session(Digest::of(b"two")).note(private, later).unwrap();
        assert_eq!(home.session(Digest::of(b"one")).history(), History::default());
    }
}
