//! Character devices: opened without waiting and without becoming a controlling terminal, judged on the handle, waited for through tokio.

pub(crate) use crate::os::device_error::DeviceError;
use nix::sys::termios::tcgetsid;
use nix::unistd::getsid;
use rustix::fs::{FileType, FlockOperation, Mode, OFlags, flock, fstat, open, stat};
use rustix::io::{Errno, read, write};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// An open device. A terminal line gets its settings back when this is dropped.
pub(crate) struct Device {
    handle: Handle,
    before: Option<Termios>,
}

enum Handle {
    /// The system tells when it is ready.
    Waited(AsyncFd<OwnedFd>),
    /// It is always ready, such as `/dev/null`.
    Ready(OwnedFd),
}

/// Opens a device. Needs a tokio runtime around it.
pub(crate) fn open_device(path: &Path) -> Result<Device, DeviceError> {
    // Opening some things does something by itself, so the path is looked at first. What counts is the look at the handle.
    check_kind(FileType::from_raw_mode(stat(path).map_err(io::Error::from)?.st_mode))?;
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = open(path, flags, Mode::empty()).map_err(io::Error::from)?;
    check_kind(FileType::from_raw_mode(fstat(&opened).map_err(io::Error::from)?.st_mode))?;
    if is_our_terminal(&opened) {
        return Err(DeviceError::Unsuitable("the terminal from which this program is driven"));
    }
    match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(DeviceError::Busy),
        Err(error) => return Err(io::Error::from(error).into()),
    }
    let before = raw(&opened)?;
    Ok(Device { handle: Handle::new(opened)?, before })
}

fn check_kind(kind: FileType) -> Result<(), DeviceError> {
    if kind == FileType::CharacterDevice { Ok(()) } else { Err(DeviceError::Unsuitable("not a character device")) }
}

/// Approvals are read from it: a tool must not type there. Sessions that began outside of a container all have the number 0 in it, and are
/// taken for one.
fn is_our_terminal(opened: &OwnedFd) -> bool {
    matches!((tcgetsid(opened), getsid(None)), (Ok(of_terminal), Ok(ours)) if of_terminal == ours)
}

/// Sets a line to raw mode, and gives what it was before. Nothing for what is no line.
fn raw(opened: &OwnedFd) -> io::Result<Option<Termios>> {
    let Ok(before) = tcgetattr(opened) else { return Ok(None) };
    let mut raw = before.clone();
    raw.make_raw();
    tcsetattr(opened, OptionalActions::Now, &raw)?;
    Ok(Some(before))
}

impl Handle {
    fn new(opened: OwnedFd) -> io::Result<Self> {
        #[allow(
            deprecated,
            reason = "unsound only for types that do not own what they name; its successor is not safe code"
        )]
        let registered = AsyncFd::try_with_interest(opened, Interest::READABLE | Interest::WRITABLE);
        match registered {
            Ok(waited) => Ok(Self::Waited(waited)),
            Err(error) => match error.into_parts() {
                (opened, cause) if cause.kind() == io::ErrorKind::PermissionDenied => Ok(Self::Ready(opened)),
                (_, cause) => Err(cause),
            },
        }
    }

    fn fd(&self) -> &OwnedFd {
        match self {
            Self::Waited(waited) => waited.get_ref(),
            Self::Ready(opened) => opened,
        }
    }

    fn attempt<T>(&self, interest: Interest, work: impl FnMut(&OwnedFd) -> io::Result<T>) -> io::Result<T> {
        let mut work = work;
        match self {
            Self::Waited(waited) => waited.try_io(interest, work),
            Self::Ready(opened) => work(opened),
        }
    }
}

impl Device {
    /// Reads what is there; nothing read means that the other end is gone.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let answer = self.handle.attempt(Interest::READABLE, |opened| Ok(read(opened, &mut *buffer)?));
        match answer {
            // What Linux says of a line whose other end was closed.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::IO) => Ok(0),
            answer => answer,
        }
    }

    /// Writes what fits.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.handle.attempt(Interest::WRITABLE, |opened| Ok(write(opened, bytes)?))
    }

    /// Waits until something can be read, or the other end is gone.
    pub(crate) async fn readable(&self) {
        if let Handle::Waited(waited) = &self.handle {
            // A failure is told by the read that follows.
            let _ = waited.readable().await.map(|mut guard| guard.retain_ready());
        }
    }

    /// Waits until something can be written.
    pub(crate) async fn writable(&self) {
        if let Handle::Waited(waited) = &self.handle {
            let _ = waited.writable().await.map(|mut guard| guard.retain_ready());
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // The device may be gone, and then there is nothing to give back.
            let _ = tcsetattr(self.handle.fd(), OptionalActions::Now, before);
        }
    }
}
