//! `wasi:cli` of the inert base but the environment: an empty stdin, no terminal; stdout and stderr go to the call's log.

use crate::state::State;
use crate::stop::{Exited, LimitHit};
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::cli::{
    exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin, terminal_stdout,
};
use wasmtime_wasi::p2::pipe::ClosedInputStream;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    type Own = HasSelf<State>;
    exit::add_to_linker::<_, Own>(linker, |state| state)?;
    stdin::add_to_linker::<_, Own>(linker, |state| state)?;
    stdout::add_to_linker::<_, Own>(linker, |state| state)?;
    stderr::add_to_linker::<_, Own>(linker, |state| state)?;
    terminal_input::add_to_linker::<_, Own>(linker, |state| state)?;
    terminal_output::add_to_linker::<_, Own>(linker, |state| state)?;
    terminal_stdin::add_to_linker::<_, Own>(linker, |state| state)?;
    terminal_stdout::add_to_linker::<_, Own>(linker, |state| state)?;
    terminal_stderr::add_to_linker::<_, Own>(linker, |state| state)
}

/// What a tool wrote to stdout or stderr, up to its limit. Clones share the text.
#[derive(Debug, Clone)]
pub(crate) struct Captured {
    written: Arc<Mutex<Vec<u8>>>,
    stream: &'static str,
    limit: usize,
}

impl Captured {
    pub(crate) fn new(stream: &'static str, limit: usize) -> Self {
        Self { written: Arc::default(), stream, limit }
    }

    /// Takes what was written.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what fits, and stops the call when not all of it does.
    fn append(&self, bytes: &[u8]) -> Result<(), LimitHit> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit - written.len();
        written.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room { Err(LimitHit::Output { stream: self.stream, limit: self.limit }) } else { Ok(()) }
    }
}

/// What one write may carry; no limit of ours, as each is copied at once.
const WRITE_BYTES_MAX: usize = 64 << 10;

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes).map_err(|hit| StreamError::Trap(hit.into()))
    }
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

impl exit::Host for State {
    fn exit(&mut self, status: Result<(), ()>) -> Result<()> {
        Err(Exited { status: u8::from(status.is_err()) }.into())
    }
    fn exit_with_code(&mut self, status: u8) -> Result<()> {
        Err(Exited { status }.into())
    }
}

impl stdin::Host for State {
    fn get_stdin(&mut self) -> Result<Resource<DynInputStream>> {
        Ok(self.table.push(Box::new(ClosedInputStream) as DynInputStream)?)
    }
}

impl stdout::Host for State {
    fn get_stdout(&mut self) -> Result<Resource<DynOutputStream>> {
        Ok(self.table.push(Box::new(self.stdout.clone()) as DynOutputStream)?)
    }
}

impl stderr::Host for State {
    fn get_stderr(&mut self) -> Result<Resource<DynOutputStream>> {
        Ok(self.table.push(Box::new(self.stderr.clone()) as DynOutputStream)?)
    }
}

impl terminal_input::Host for State {}
impl terminal_input::HostTerminalInput for State {
    fn drop(&mut self, terminal: Resource<terminal_input::TerminalInput>) -> Result<()> {
        self.table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_output::Host for State {}
impl terminal_output::HostTerminalOutput for State {
    fn drop(&mut self, terminal: Resource<terminal_output::TerminalOutput>) -> Result<()> {
        self.table.delete(terminal)?;
        Ok(())
    }
}

impl terminal_stdin::Host for State {
    fn get_terminal_stdin(&mut self) -> Result<Option<Resource<terminal_input::TerminalInput>>> {
        Ok(None)
    }
}

impl terminal_stdout::Host for State {
    fn get_terminal_stdout(&mut self) -> Result<Option<Resource<terminal_output::TerminalOutput>>> {
        Ok(None)
    }
}

impl terminal_stderr::Host for State {
    fn get_terminal_stderr(&mut self) -> Result<Option<Resource<terminal_output::TerminalOutput>>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::Captured;

    #[test]
    fn what_fits_is_kept_and_more_is_refused() {
        let captured = Captured::new("stdout", 5);
        assert!(captured.append(b"abc").is_ok());
        assert!(captured.append(b"de").is_ok());
        assert!(captured.append(b"").is_ok());
        assert!(captured.append(b"fg").is_err());
        assert_eq!(captured.take(), b"abcde");
    }
}
