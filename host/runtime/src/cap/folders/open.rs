//! Opening below a granted folder: nothing but files and folders, never waiting, and judged on what was opened, not on its path.
//!
//! A path may name another thing a moment later; a handle does not. So the handle is asked what it is and how many names it has, and a file
//! is emptied only after that.

use crate::os;
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsMaybeDirExt as _};
use cap_primitives::fs as primitives;
use cap_primitives::fs::{Metadata, OpenOptions};
use std::fs::File;
use std::io;
use std::path::Path;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};

pub(super) const SEVERAL_NAMES: &str =
    "the file has several names (hard links), and not all of them need to be in the folder";
const NOT_A_FILE: &str = "it is neither a file nor a folder";

/// How something is to be opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    follow: bool,
    create: bool,
    new: bool,
    folder: bool,
    truncate: bool,
    read: bool,
    write: bool,
}

/// What was opened.
pub(super) enum Opened {
    File(File),
    Folder(File),
}

/// Why nothing was opened.
pub(super) enum OpenError {
    /// The host refuses it.
    Refused(&'static str),
    /// It is not what was asked for.
    Code(ErrorCode),
    /// The system's answer.
    System(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if os::is_of_a_device(&error) {
            return Self::Refused(NOT_A_FILE);
        }
        // The system's own "permission denied" carries a number; leaving the folder is judged by cap-primitives, without one.
        if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
            return Self::Refused("it leads out of the folder");
        }
        Self::System(error)
    }
}

impl Asked {
    pub(super) fn new(path: PathFlags, open: OpenFlags, flags: DescriptorFlags) -> Result<Self, ErrorCode> {
        let sync = DescriptorFlags::FILE_INTEGRITY_SYNC
            | DescriptorFlags::DATA_INTEGRITY_SYNC
            | DescriptorFlags::REQUESTED_WRITE_SYNC;
        if flags.intersects(sync) {
            return Err(ErrorCode::Unsupported);
        }
        if open.contains(OpenFlags::DIRECTORY) && open != OpenFlags::DIRECTORY {
            return Err(ErrorCode::Invalid);
        }
        let create = open.contains(OpenFlags::CREATE);
        let truncate = open.contains(OpenFlags::TRUNCATE);
        let write = flags.contains(DescriptorFlags::WRITE);
        Ok(Self {
            follow: path.contains(PathFlags::SYMLINK_FOLLOW),
            create,
            new: create && open.contains(OpenFlags::EXCLUSIVE),
            folder: open.contains(OpenFlags::DIRECTORY),
            truncate,
            // Opened for reading when not for writing, so that the system lets us have a handle at all.
            read: flags.contains(DescriptorFlags::READ) || !write,
            write: write || create || truncate,
        })
    }

    /// Whether the tool may change something by it.
    pub(super) fn changes(self) -> bool {
        self.write
    }

    pub(super) fn mode(self) -> OpenMode {
        let mut mode = OpenMode::empty();
        mode.set(OpenMode::READ, self.read);
        mode.set(OpenMode::WRITE, self.write);
        mode
    }

    fn follow(self) -> FollowSymlinks {
        if self.follow { FollowSymlinks::Yes } else { FollowSymlinks::No }
    }

    fn options(self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(self.read).write(self.write).create(self.create && !self.new).create_new(self.new);
        options.follow(self.follow()).maybe_dir(true);
        os::never_wait(&mut options);
        options
    }
}

/// Opens `path` below `folder`.
pub(super) fn open(folder: &File, path: &Path, asked: Asked) -> Result<Opened, OpenError> {
    // Opening a device can do something by itself, so it is looked at first. What counts is the look at the handle below.
    if let Ok(found) = primitives::stat(folder, path, asked.follow()) {
        check_kind(&found)?;
    }
    let opened = primitives::open(folder, path, &asked.options())?;
    let found = Metadata::from_file(&opened)?;
    check_kind(&found)?;
    if found.is_dir() {
        return if asked.write { Err(OpenError::Code(ErrorCode::IsDirectory)) } else { Ok(Opened::Folder(opened)) };
    }
    if asked.folder {
        return Err(OpenError::Code(ErrorCode::NotDirectory));
    }
    if asked.write && os::names(&found) > 1 {
        return Err(OpenError::Refused(SEVERAL_NAMES));
    }
    os::wait_again(&opened)?;
    if asked.truncate {
        opened.set_len(0)?;
    }
    Ok(Opened::File(opened))
}

fn check_kind(found: &Metadata) -> Result<(), OpenError> {
    let kind = found.file_type();
    if kind.is_file() || kind.is_dir() || kind.is_symlink() { Ok(()) } else { Err(OpenError::Refused(NOT_A_FILE)) }
}

/// How many names the file has; a folder and a link count as one.
pub(super) fn names(folder: &File, path: &Path, follow: bool) -> io::Result<u64> {
    let follow = if follow { FollowSymlinks::Yes } else { FollowSymlinks::No };
    let found = primitives::stat(folder, path, follow)?;
    Ok(if found.is_file() { os::names(&found) } else { 1 })
}

/// Counts the entries of a folder, up to one more than `max`.
pub(super) fn count_entries(folder: &File, max: usize) -> io::Result<usize> {
    Ok(primitives::read_base_dir(folder)?.take(max + 1).count())
}
