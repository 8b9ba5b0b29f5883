//! Linux, macOS and other Unix systems: folders are opened part by part, by handle.

use cap_fs_ext::{OpenOptions, OpenOptionsExt as _, OpenOptionsSyncExt as _};
use cap_primitives::fs::{Metadata, MetadataExt as _};
use rustix::fs::{CWD, Mode, OFlags, fcntl_getfl, fcntl_setfl, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

/// Opens a folder by its absolute path, each part of which must be a folder and not a link: the folder that was granted and no other.
pub(crate) fn open_folder(path: &Path) -> io::Result<File> {
    let mut parts = path.components();
    if parts.next() != Some(Component::RootDir) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute"));
    }
    let folder = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut parts = parts.peekable();
    let access = if parts.peek().is_some() { passing() } else { OFlags::RDONLY };
    let mut at: OwnedFd = openat(CWD, "/", folder | access, Mode::empty())?;
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path goes up"));
        };
        let access = if parts.peek().is_some() { passing() } else { OFlags::RDONLY };
        at = openat(&at, name, folder | access, Mode::empty()).map_err(explained)?;
    }
    Ok(at.into())
}

/// For folders on the way, which need not be readable, and are not where the process is fenced in.
fn passing() -> OFlags {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    return OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    return OFlags::RDONLY;
}

fn explained(error: Errno) -> io::Error {
    match error {
        Errno::NOTDIR | Errno::LOOP => {
            io::Error::new(io::ErrorKind::NotADirectory, "a part of the path is a link, or not a folder")
        }
        error => error.into(),
    }
}

/// Opening does not wait for anybody at the other end, and a terminal does not become ours.
pub(crate) fn never_wait(options: &mut OpenOptions) {
    options.nonblock(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
}

/// What was opened without waiting is used with waiting.
pub(crate) fn wait_again(file: &File) -> io::Result<()> {
    let flags = fcntl_getfl(file)?;
    Ok(fcntl_setfl(file, flags - OFlags::NONBLOCK)?)
}

/// Whether the system says that it opens no such thing as a file: a pipe without a reader, a socket, a device that is not there.
pub(crate) fn is_of_a_device(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP))
}

/// How many names a file has.
pub(crate) fn names(found: &Metadata) -> u64 {
    found.nlink()
}
