//! Folders for work in progress. Each is owned by the process that made it, through a lock on a file inside, and is removed when the work
//! is over. What a process left behind that was killed is removed by the next one that makes such a folder beside it.

use crate::{RegistryError, disk_clock::DiskClock};
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

/// The file whose lock says that the owner lives.
const OWNER: &str = "owner";
/// What the file holds once it is locked: a folder without it is being made at this moment.
const OWNED: &[u8] = b"owned\n";
const CONTENT: &str = "content";
/// Making a folder takes the blink of an eye: one that is without its mark after this long was being made by somebody who was killed.
const MAKING_MAX: Duration = Duration::from_secs(600);

/// A folder that is removed when this is dropped, or after its owner died.
pub(crate) struct Scratch {
    // Closed first, because not every system removes a file that is open.
    _owner: File,
    folder: TempDir,
}

impl Scratch {
    /// Makes a folder beside others of this kind, and removes those of dead processes.
    pub(crate) fn new(parent: &Path, prefix: &str) -> Result<Self, RegistryError> {
        fs::create_dir_all(parent).map_err(RegistryError::io("made the folder", parent))?;
        sweep(parent, prefix);
        let failed = |error| RegistryError::io("made a folder in", parent)(error);
        let folder = TempDir::with_prefix_in(prefix, parent).map_err(failed)?;
        let mut owner = File::create_new(folder.path().join(OWNER)).map_err(failed)?;
        owner.lock().map_err(failed)?;
        owner.write_all(OWNED).map_err(failed)?;
        Ok(Self { _owner: owner, folder })
    }

    /// Where the work goes. Nothing is there at first.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(CONTENT)
    }
}

/// Removes the folders of this kind whose owners are dead. What cannot be removed stays for the next time.
pub(crate) fn sweep(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.file_name().to_string_lossy().starts_with(prefix) && is_dead(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_dead(folder: &Path) -> bool {
    match File::options().read(true).write(true).open(folder.join(OWNER)) {
        Ok(mut owner) => {
            let mut mark = Vec::new();
            let is_free = owner.try_lock().is_ok() && owner.read_to_end(&mut mark).is_ok();
            is_free && (mark == OWNED || is_forgotten(folder))
        }
        Err(error) => error.kind() == std::io::ErrorKind::NotFound && is_forgotten(folder),
    }
}

/// Whether a folder without its mark has been so for long.
fn is_forgotten(folder: &Path) -> bool {
    let clock = folder.parent().and_then(DiskClock::of);
    clock.is_some_and(|clock| clock.is_older(folder, MAKING_MAX))
}

#[cfg(test)]
mod tests {
    use super::{OWNED, OWNER, Scratch};
    use std::fs;

    const PREFIX: &str = ".work-";

    #[test]
    fn what_the_dead_left_is_removed_and_what_the_living_have_stays() {
        let home = tempfile::tempdir().unwrap();
        let living = Scratch::new(home.path(), PREFIX).unwrap();
        fs::create_dir(living.path()).unwrap();
        let dead = home.path().join(".work-dead");
        let being_made = home.path().join(".work-new");
        let other = home.path().join("other");
        for (folder, mark) in [(&dead, OWNED), (&being_made, b""), (&other, OWNED)] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(OWNER), mark).unwrap();
        }
        fs::create_dir_all(dead.join("content/objects")).unwrap();
        drop(Scratch::new(home.path(), PREFIX).unwrap());
        let there = [living.path().exists(), dead.exists(), being_made.exists(), other.exists()];
        assert_eq!(there, [true, false, true, true]);
        let folder = living.path().parent().unwrap().to_owned();
        drop(living);
        assert!(!folder.exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_was_being_made_long_ago_is_removed_too() {
        let home = tempfile::tempdir().unwrap();
        for (name, marked, old) in [("a", false, false), ("b", false, true), ("c", true, false), ("d", true, true)] {
            let folder = home.path().join(format!("{PREFIX}{name}"));
            fs::create_dir(&folder).unwrap();
            if marked {
                fs::write(folder.join(OWNER), b"").unwrap();
            }
            let made = fs::metadata(&folder).unwrap().modified().unwrap();
            let hour = std::time::Duration::from_secs(if old { 3600 } else { 0 });
            fs::File::open(&folder).unwrap().set_modified(made - hour).unwrap();
        }
        drop(Scratch::new(home.path(), PREFIX).unwrap());
        let there = ["a", "b", "c", "d"].map(|name| home.path().join(format!("{PREFIX}{name}")).exists());
        assert_eq!(there, [true, false, true, false]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join(OWNER), OWNED).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), home.path().join(".work-link")).unwrap();
        drop(Scratch::new(home.path(), PREFIX).unwrap());
        assert!(elsewhere.path().join(OWNER).exists());
    }
}
