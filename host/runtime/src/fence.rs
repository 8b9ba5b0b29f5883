//! A fence around the whole process, where the system has one (HOST-90 to HOST-93): Landlock on Linux.
//!
//! Defence in depth. What a tool may do is decided by its grants, in the capabilities; should a mistake there or in the engine let it out, the
//! kernel still keeps the process within the same folders. A fence is for good, and binds the thread that raises it and every thread
//! that this one starts later: raise it when the package is loaded, before the first call.

use crate::os;
use mpp_policy::Grants;
use mpp_schema::permissions::Access;
use mpp_schema::{Code, Coded, codes};
use std::io;
use std::path::PathBuf;

/// What a fenced process still reaches. What it has opened before stays open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fence {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
    pub(crate) devices: Vec<PathBuf>,
    pub(crate) connect: bool,
}

/// What looking up a name reads, where the system has it: settings, and the libraries that the C library loads for it.
const FOR_THE_NET: &[&str] = &[
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/ld.so.cache",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
];

impl Fence {
    /// Nothing can be reached.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// What these grants name can be reached: their folders and devices; other machines, and what it takes to find them, only if an
    /// origin is granted.
    pub fn around(grants: &Grants) -> Self {
        let mut fence = Self::nothing();
        for folder in grants.folders().values() {
            let kind = if folder.access == Access::ReadWrite { &mut fence.write } else { &mut fence.read };
            kind.push(folder.path.clone());
        }
        fence.devices.extend(grants.devices().values().map(|device| device.path.clone()));
        if !grants.http().is_empty() {
            fence.connect = true;
            fence.read.extend(FOR_THE_NET.iter().map(PathBuf::from));
        }
        fence
    }

    /// Also this file or folder, for reading.
    #[must_use]
    pub fn and_read(mut self, path: PathBuf) -> Self {
        self.read.push(path);
        self
    }

    /// Also this folder, for reading and writing: what a provider keeps for the tool.
    #[must_use]
    pub fn and_write(mut self, folder: PathBuf) -> Self {
        self.write.push(folder);
        self
    }

    /// Raises the fence around this thread and those that it will start. A folder that is gone cannot be reached, and is no error.
    ///
    /// # Errors
    /// When the system has fences and this one could not be raised.
    pub fn raise(&self) -> Result<Fenced, FenceError> {
        os::raise(self).map_err(FenceError)
    }

    /// What [`raise`](Self::raise) would give here; nothing is changed.
    pub fn support() -> Fenced {
        os::fence_support()
    }
}

/// Whether there is a fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fenced {
    /// It stands.
    On {
        /// The version of the kernel's interface; from 4 on it covers connections as well as files.
        abi: u32,
    },
    /// There is none.
    Off {
        /// Why.
        why: &'static str,
    },
}

/// The fence could not be raised.
#[derive(Debug, thiserror::Error)]
#[error("could not raise the fence around this process")]
pub struct FenceError(#[source] io::Error);

impl Coded for FenceError {
    fn code(&self) -> Code {
        codes::IO_FAILED
    }
}
