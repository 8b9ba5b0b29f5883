//! Standard input and output as streams that wake whoever waits for them, without a thread between (MCP-25).
//!
//! A pipe is opened a second time, so that its being non-blocking is nobody else's business; a socket is ours alone. Anything else, such
//! as a file or a terminal, is read by a thread.

use std::fs::File;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// Where messages come from.
pub type Input = Box<dyn AsyncRead + Send + Unpin>;
/// Where messages go.
pub type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// The two ends of a session, as the process was given them.
#[derive(Debug)]
pub struct Pipes {
    /// Messages come from here.
    pub input: File,
    /// Messages go here, and nothing else does.
    pub output: File,
}

impl Pipes {
    /// Must be called inside a runtime.
    pub(crate) fn open(self) -> io::Result<(Input, Output)> {
        Ok((input(self.input)?, output(self.output)?))
    }
}

#[cfg(unix)]
fn input(file: File) -> io::Result<Input> {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_receiver(path) {
        return Ok(Box::new(pipe));
    }
    match socket(file)? {
        Ok(socket) => Ok(Box::new(socket)),
        Err(file) => Ok(Box::new(tokio::fs::File::from_std(file))),
    }
}

#[cfg(unix)]
fn output(file: File) -> io::Result<Output> {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender(path) {
        return Ok(Box::new(pipe));
    }
    match socket(file)? {
        Ok(socket) => Ok(Box::new(socket)),
        Err(file) => Ok(Box::new(tokio::fs::File::from_std(file))),
    }
}

/// The socket that a file is; else the file.
#[cfg(unix)]
fn socket(file: File) -> io::Result<Result<tokio::net::UnixStream, File>> {
    use std::os::unix::fs::FileTypeExt as _;
    if !file.metadata()?.file_type().is_socket() {
        return Ok(Err(file));
    }
    let socket = std::os::unix::net::UnixStream::from(std::os::fd::OwnedFd::from(file));
    socket.set_nonblocking(true)?;
    Ok(Ok(tokio::net::UnixStream::from_std(socket)?))
}

#[cfg(not(unix))]
fn input(file: File) -> io::Result<Input> {
    Ok(Box::new(tokio::fs::File::from_std(file)))
}

#[cfg(not(unix))]
fn output(file: File) -> io::Result<Output> {
    Ok(Box::new(tokio::fs::File::from_std(file)))
}
