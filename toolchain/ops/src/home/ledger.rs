//! The ledger of used approvals: a folder with its own random id inside, and one empty file for each approval that was used (CONS-34, CONS-35).
//!
//! A use is one exclusive creation, made durable before it counts. Whatever cannot be read, created or synced is a refusal: nothing here
//! ever answers "not used" in doubt.

use super::Home;
use crate::atomic_write::{self, Readable};
use mpp_policy::consent::{ConsentError, Uses};
use mpp_schema::{Instant, LedgerId, Nonce};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The ledger of one home.
#[derive(Debug, Clone)]
pub struct UsedApprovals {
    folder: PathBuf,
}

impl Home {
    /// The ledger of used approvals, made now if there was none.
    ///
    /// # Errors
    /// `att.store` when it can neither be opened nor made.
    pub fn used_approvals(&self) -> Result<UsedApprovals, ConsentError> {
        let ledger = UsedApprovals { folder: self.data.join("approvals-used") };
        if !ledger.folder.join("id").try_exists().map_err(failed)? {
            ledger.make()?;
        }
        ledger.id()?;
        Ok(ledger)
    }
}

impl UsedApprovals {
    /// A new id, never the one of a ledger that was here before.
    fn make(&self) -> Result<(), ConsentError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| ConsentError::Store(error.to_string()))?;
        let text = format!("{}\n", LedgerId::from_bytes(bytes));
        atomic_write::create(&self.folder.join("id"), text.as_bytes(), Readable::ByAll)
            .map_err(|error| ConsentError::Store(error.to_string()))?;
        Ok(())
    }

    fn path(&self, nonce: Nonce) -> PathBuf {
        self.folder.join(nonce.to_string())
    }
}

impl Uses for UsedApprovals {
    fn id(&self) -> Result<LedgerId, ConsentError> {
        let text = fs::read_to_string(self.folder.join("id")).map_err(failed)?;
        let id = text.strip_suffix('\n').unwrap_or(&text);
        id.parse().map_err(|_| ConsentError::Store("its id is damaged".to_owned()))
    }

    fn consume(&self, nonce: Nonce, _: Instant) -> Result<(), ConsentError> {
        let path = self.path(nonce);
        match fs::File::create_new(&path) {
            Ok(file) => file.sync_all().and_then(|()| sync_folder(&self.folder)).map_err(failed),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(ConsentError::Replayed),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: io::Error) -> ConsentError {
    ConsentError::Store(error.to_string())
}

/// Makes the creation itself durable, where a folder can be synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use crate::home::Home;
    use mpp_policy::consent::{ConsentError, Uses as _};
    use mpp_schema::{Coded as _, Instant, Nonce, codes};
    use std::{
        fs,
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    fn at() -> Instant {
        Instant::from_unix_seconds(1_800_000_000).unwrap()
    }

    /// CONS-34
    #[test]
    fn a_thousand_parallel_uses_give_one() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Home::below(folder.path()).used_approvals().unwrap();
        let (used, replayed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let counter = match ledger.consume(Nonce::from_bytes([1; 16]), at()) {
                            Ok(()) => &used,
                            Err(ConsentError::Replayed) => &replayed,
                            Err(error) => panic!("{error}"),
                        };
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!((used.into_inner(), replayed.into_inner()), (1, 999));
    }

    /// CONS-34: another process, after this one is gone, sees the use.
    #[test]
    fn a_use_stays_when_the_ledger_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        home.used_approvals().unwrap().consume(Nonce::from_bytes([1; 16]), at()).unwrap();
        let again = home.used_approvals().unwrap();
        assert_eq!(again.consume(Nonce::from_bytes([1; 16]), at()), Err(ConsentError::Replayed));
        again.consume(Nonce::from_bytes([2; 16]), at()).unwrap();
    }

    /// CONS-35
    #[test]
    fn a_ledger_that_is_deleted_or_damaged_voids_what_was_approved() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let path = home.data.join("approvals-used");
        let before = home.used_approvals().unwrap().id().unwrap();
        let open = home.used_approvals().unwrap();
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(open.consume(Nonce::from_bytes([1; 16]), at()).unwrap_err().code(), codes::ATT_STORE);
        assert_ne!(home.used_approvals().unwrap().id().unwrap(), before);
        fs::write(path.join("id"), "nonsense").unwrap();
        assert_eq!(home.used_approvals().unwrap_err().code(), codes::ATT_STORE);
    }
}
