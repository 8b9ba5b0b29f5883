//! How old something on a disk is, told by the clock of that disk: machines that share it may disagree about the time.

use std::{
    fs::{self, Metadata},
    path::Path,
    time::Duration,
};

/// The moment that a disk shows: that of a file which was made just now.
pub(crate) struct DiskClock(Metadata);

impl DiskClock {
    /// The clock of the disk that a folder is on; nothing when the folder cannot be written to.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        tempfile::tempfile_in(folder).and_then(|file| file.metadata()).ok().map(Self)
    }

    /// Whether something is there that nobody has changed for longer than this.
    pub(crate) fn is_older(&self, path: &Path, than: Duration) -> bool {
        let changed = fs::symlink_metadata(path).and_then(|found| found.modified());
        let age = self.0.modified().and_then(|now| changed.map(|changed| now.duration_since(changed)));
        age.is_ok_and(|age| age.is_ok_and(|age| age > than))
    }
}
