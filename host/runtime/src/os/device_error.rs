//! Why a device was not opened: the same reasons on every system.

use std::io;

/// A device was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeviceError {
    /// It is not there, or this process may not open it.
    #[error("it cannot be opened: {0}")]
    Missing(#[from] io::Error),
    /// It is not what a tool may have.
    #[error("it is {0}")]
    Unsuitable(&'static str),
    /// Another call has it.
    #[error("it is in use by another call")]
    Busy,
}
