//! What differs between operating systems, behind one interface.

mod device_error;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// What temporary files begin with.
const TEMPORARY: &str = "new-";

/// What was found under a name that only this user should have written.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    Bytes(Vec<u8>),
    /// Something that this user did not write for itself, and why.
    Unfit(&'static str),
}
