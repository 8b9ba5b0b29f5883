//! The ledger of used approvals: a folder with its own random id inside, and one empty file for each approval that was used (CONS-34, CONS-35).
//!
//! A use is one exclusive creation, made durable before it counts. Whatever cannot be read, created or synced is a refusal: nothing here
//! ever answers "not used" in doubt.
//!
//! What an approval names is made of the id and of when the system says that its file was last made or changed, which no copy keeps: a folder
//! that came back from a backup is another ledger (`spec/decisions/0016-a-copied-ledger-is-another-one.md`).

use super::Home;
use crate::{
    atomic_write::{self, Readable},
    os,
};
use mpp_policy::consent::{ConsentError, Uses};
use mpp_schema::{Digest, Instant, LedgerId, Nonce};
use std::{
    fs,
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

/// The file of an id is never longer.
const ID_BYTES_MAX: u64 = 64;

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
        let mut file = fs::File::open(self.folder.join("id")).map_err(failed)?;
        let mut text = String::new();
        (&mut file).take(ID_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let random: LedgerId = text
            .strip_suffix('\n')
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| ConsentError::Store("its id is damaged".to_owned()))?;
        let made = os::made(&file.metadata().map_err(failed)?).map_err(failed)?;
        Ok(in_place(random, &made))
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

/// The identity of the ledger whose id is `random` and whose file was made as `made` says.
fn in_place(random: LedgerId, made: &str) -> LedgerId {
    let digest = Digest::of(format!("mpp-ledger-v1\n{random}\n{made}\n").as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest.as_bytes()[..16]);
    LedgerId::from_bytes(id)
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
        path::Path,
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

    /// Copies the files of a folder, as `cp -a` does: with the times that anybody can set.
    fn copy(from: &Path, to: &Path) {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            fs::copy(entry.path(), &target).unwrap();
            let changed = entry.metadata().unwrap().modified().unwrap();
            fs::File::options().write(true).open(target).unwrap().set_modified(changed).unwrap();
        }
    }

    /// CONS-35: whichever way a backup from before the use comes back, what was approved for the ledger that recorded it is void.
    #[cfg(unix)]
    #[test]
    fn a_ledger_from_a_backup_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let (path, backup) = (home.data.join("approvals-used"), folder.path().join("backup"));
        let ledger = home.used_approvals().unwrap();
        let before = ledger.id().unwrap();
        copy(&path, &backup);
        ledger.consume(Nonce::from_bytes([1; 16]), at()).unwrap();
        assert_eq!(home.used_approvals().unwrap().id().unwrap(), before, "a use changes no id");
        // The copy takes the place of the folder.
        let aside = folder.path().join("aside");
        fs::rename(&path, &aside).unwrap();
        copy(&backup, &path);
        assert_ne!(home.used_approvals().unwrap().id().unwrap(), before);
        // Or is moved there.
        fs::remove_dir_all(&path).unwrap();
        fs::rename(&backup, &path).unwrap();
        assert_ne!(home.used_approvals().unwrap().id().unwrap(), before);
    }

    /// CONS-35: the same file with the same bytes, written again, as some programs restore. The system's clock goes in steps of milliseconds, so
    /// it is written until one is over.
    #[cfg(unix)]
    #[test]
    fn an_id_that_is_written_over_itself_is_another_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let before = home.used_approvals().unwrap().id().unwrap();
        let path = home.data.join("approvals-used").join("id");
        let bytes = fs::read(&path).unwrap();
        let written = || {
            fs::write(&path, &bytes).unwrap();
            home.used_approvals().unwrap().id().unwrap() != before
        };
        assert!((0..1_000_000).any(|_| written()), "the time of its last change is part of it");
    }

    /// CONS-35: the folder itself, moved away and back, is the same ledger and knows its uses.
    #[cfg(unix)]
    #[test]
    fn a_ledger_that_was_moved_away_and_back_knows_its_uses() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let (path, aside) = (home.data.join("approvals-used"), folder.path().join("aside"));
        let ledger = home.used_approvals().unwrap();
        let before = ledger.id().unwrap();
        ledger.consume(Nonce::from_bytes([1; 16]), at()).unwrap();
        fs::rename(&path, &aside).unwrap();
        let between = home.used_approvals().unwrap();
        assert_ne!(between.id().unwrap(), before);
        fs::remove_dir_all(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        let again = home.used_approvals().unwrap();
        assert_eq!(again.id().unwrap(), before);
        assert_eq!(again.consume(Nonce::from_bytes([1; 16]), at()), Err(ConsentError::Replayed));
    }

    /// CONS-35
    #[test]
    fn a_damaged_id_is_no_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let path = home.data.join("approvals-used").join("id");
        home.used_approvals().unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for damaged in
            ["", &whole[..16], whole.trim_end(), &whole.repeat(2), &whole.to_uppercase().replace(char::is_numeric, "G")]
        {
            fs::write(&path, damaged).unwrap();
            assert_eq!(home.used_approvals().unwrap_err().code(), codes::ATT_STORE, "{damaged:?}");
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(home.used_approvals().unwrap_err().code(), codes::ATT_STORE);
    }
}
