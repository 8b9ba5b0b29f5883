//! Whether anything changed in the home since somebody looked: a few times and sizes, cheap enough to compare before each call.

use mpp_schema::Instant;
use std::{
    fs::{self, Metadata},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

/// How some files and folders were when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<Seen>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    changed: Option<Duration>,
    size_bytes: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Stamp {
    /// Looks at these files and folders; of a folder only at its own entry, which changes with what is made and removed in it.
    pub(super) fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self(paths.into_iter().map(|path| fs::metadata(path).ok().map(|found| Seen::new(&found))).collect())
    }

    /// Whether an equal stamp that is taken later means that nothing changed: something that changed within the second of `now`, when this
    /// one was taken, may change again without its time showing it.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        let now = u64::try_from(now.unix_seconds()).unwrap_or_default();
        self.0.iter().flatten().all(|seen| seen.changed.is_some_and(|changed| changed.as_secs() + 1 < now))
    }
}

impl Seen {
    fn new(found: &Metadata) -> Self {
        Self {
            changed: found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()),
            size_bytes: found.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;
    use mpp_schema::Instant;

    #[test]
    fn what_is_made_changed_and_removed_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let look = || Stamp::of([folder.path(), file.as_path()]);
        let before = look();
        std::fs::write(&file, "one").unwrap();
        let made = look();
        assert_ne!(before, made);
        assert_eq!(made, look());
        std::fs::write(&file, "longer").unwrap();
        assert_ne!(made, look());
        std::fs::remove_file(&file).unwrap();
        assert_ne!(made, look());
    }

    #[test]
    fn a_fresh_change_is_not_settled() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds: i64| Instant::from_unix_seconds(seconds).unwrap();
        assert!(!Stamp::of([folder.path()]).is_settled(at(1_000_000)));
        assert!(Stamp::of([folder.path()]).is_settled(at(9_999_999_999)));
        assert!(Stamp::of([folder.path().join("none")]).is_settled(at(1)));
    }
}
