//! Windows: a process is ended by its parent, which waits no longer than its time.

use crate::compile_process::CompileLimits;
use std::{fs::Metadata, io, time::UNIX_EPOCH};

/// Nothing that a process could do to itself.
pub(crate) fn confine(_: &CompileLimits) -> io::Result<()> {
    Ok(())
}

/// Which file this is, in words: when it was made. A copy is made later, but a program can set this time.
pub(crate) fn made(file: &Metadata) -> io::Result<String> {
    let made = file.created()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(format!("{}.{:09}", made.as_secs(), made.subsec_nanos()))
}
