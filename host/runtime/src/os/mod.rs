//! What differs between operating systems, behind one interface.

mod code;
mod device_error;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

pub(crate) use code::{Code, SealedCode, path_of};

/// What temporary files begin with.
const TEMPORARY: &str = "new-";

/// What was found under a name that only this user should have written.
#[derive(Debug)]
pub(crate) enum Found<T> {
    Nothing,
    There(T),
    /// Something that this user did not write for itself, and why.
    Unfit(&'static str),
}
