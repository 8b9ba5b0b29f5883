//! Windows: nothing waits when it is opened, and links are told by their attributes.

use cap_fs_ext::OpenOptions;
use cap_primitives::fs::{_WindowsByHandle as _, Metadata};
use std::fs::File;
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Component, Path};

/// `FILE_FLAG_BACKUP_SEMANTICS`, with which folders can be opened, and `FILE_FLAG_OPEN_REPARSE_POINT`, which opens a link itself.
const A_FOLDER_NOT_A_LINK: u32 = 0x0200_0000 | 0x0020_0000;

/// Opens a folder by its absolute path, no part of which may be a link: the folder that was granted and no other.
pub(crate) fn open_folder(path: &Path) -> io::Result<File> {
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute, or goes up"));
    }
    let folder = std::fs::OpenOptions::new().read(true).custom_flags(A_FOLDER_NOT_A_LINK).open(path)?;
    let no_link = path.ancestors().all(|part| std::fs::symlink_metadata(part).is_ok_and(|found| found.is_dir()));
    if no_link && folder.metadata()?.is_dir() {
        return Ok(folder);
    }
    Err(io::Error::new(io::ErrorKind::NotADirectory, "a part of the path is a link, or not a folder"))
}

/// Opening a file does not wait here.
pub(crate) fn never_wait(_: &mut OpenOptions) {}

/// Nothing was changed about waiting.
pub(crate) fn wait_again(_: &File) -> io::Result<()> {
    Ok(())
}

/// Devices have no place in folders here.
pub(crate) fn is_of_a_device(_: &io::Error) -> bool {
    false
}

/// How many names a file has; when it cannot be told, more than one.
pub(crate) fn names(found: &Metadata) -> u64 {
    found.number_of_links().map_or(u64::MAX, u64::from)
}
