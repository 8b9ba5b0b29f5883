//! Unix: folders of mode 0700, a socket of mode 0600 in them, and on Linux the kernel's word on who is at the other end.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_socket, socket_with};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOCKET: &str = "socket";
const NEW_SOCKET: &str = "socket.new";

/// The longest path that every Unix takes for a socket, with room for its name.
const PATH_BYTES_MAX: usize = 90;

/// Makes a folder for this user alone.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Whether a folder is this user's and nobody else can reach into it.
pub(crate) fn is_private(folder: &Path) -> io::Result<bool> {
    let found = fs::symlink_metadata(folder)?;
    Ok(found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0)
}

/// A path for the same place that is short enough for a socket, good while the folder is held open.
struct Short {
    path: PathBuf,
    _folder: Option<File>,
}

impl Short {
    fn of(folder: &Path) -> io::Result<Self> {
        if folder.as_os_str().len() <= PATH_BYTES_MAX || !cfg!(target_os = "linux") {
            return Ok(Self { path: folder.to_owned(), _folder: None });
        }
        let opened = File::open(folder)?;
        Ok(Self { path: format!("/proc/self/fd/{}", opened.as_raw_fd()).into(), _folder: Some(opened) })
    }
}

/// Bytes that this user may still write on the disk of `folder`.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Where others are served.
pub(crate) struct Listener {
    listener: UnixListener,
    path: PathBuf,
    wake: UnixStream,
}

/// Ends the waiting of a listener.
pub(crate) struct Stop(UnixStream);

impl Stop {
    /// No further connection is accepted.
    pub(crate) fn stop(&self) {
        // The other end can only be gone when nobody waits any more.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Listener {
    /// Listens in `folder`, in place of whoever did so before. Only the holder of the folder's lock may do this.
    pub(crate) fn bind(folder: &Path) -> io::Result<(Self, Stop)> {
        let short = Short::of(folder)?;
        let new = folder.join(NEW_SOCKET);
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(short.path.join(NEW_SOCKET))?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
        let path = folder.join(SOCKET);
        fs::rename(&new, &path)?;
        listener.set_nonblocking(true)?;
        let (wake, stop) = UnixStream::pair()?;
        Ok((Self { listener, path, wake }, Stop(stop)))
    }

    /// The next connection of this user; nothing when it was stopped.
    pub(crate) fn accept(&self) -> io::Result<Option<Stream>> {
        loop {
            let mut waiting = [PollFd::new(&self.wake, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
            match poll(&mut waiting, None) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            if !waiting[0].revents().is_empty() {
                return Ok(None);
            }
            match self.listener.accept() {
                Ok((stream, _)) if is_ours(&stream) => {
                    stream.set_nonblocking(false)?;
                    return Ok(Some(Stream(stream)));
                }
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                // Whoever connected is gone again.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// From now on nobody finds it.
    pub(crate) fn unbind(&self) {
        // Whoever finds what is left is refused, and takes over.
        let _ = fs::remove_file(&self.path);
    }
}

/// One connection.
pub(crate) struct Stream(UnixStream);

impl Stream {
    /// How long one read or write may take.
    pub(crate) fn set_timeouts(&self, read: Option<Duration>, write: Option<Duration>) -> io::Result<()> {
        // Zero would mean without end.
        let at_least = |time: Option<Duration>| time.map(|time| time.max(Duration::from_millis(1)));
        self.0.set_read_timeout(at_least(read))?;
        self.0.set_write_timeout(at_least(write))
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Nothing more is read; what is being answered is still written.
    pub(crate) fn stop_reading(&self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Read);
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Connects to whoever serves in `folder`; nothing when nobody does, or when it has no room for another now.
pub(crate) fn connect(folder: &Path) -> io::Result<Option<Stream>> {
    use rustix::io::Errno;
    let short = Short::of(folder)?;
    let address = SocketAddrUnix::new(short.path.join(SOCKET))?;
    // Without blocking: a holder that is stopped must not stop whoever looks for it.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect_socket(&socket, &address) {
        Ok(()) => {}
        Err(Errno::NOENT | Errno::CONNREFUSED | Errno::AGAIN | Errno::CONNRESET) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(is_ours(&stream).then_some(Stream(stream)))
}

/// Whether the other end is a process of this user. Elsewhere than on Linux the mode of the folder alone says so.
#[cfg(target_os = "linux")]
fn is_ours(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

#[cfg(not(target_os = "linux"))]
fn is_ours(_: &UnixStream) -> bool {
    true
}
