//! `wasi:io`: streams and waiting, bounded by the deadline of the call.
//!
//! The resources and what they do are those of wasmtime-wasi; what is ours is that no wait outlives the call (the engine's epochs do not
//! reach into the host), and that a stream which is ready is used without starting an asynchronous runtime.

use crate::deadline::Deadline;
use crate::state::State;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io::{poll as async_poll, streams as async_streams};
use wasmtime_wasi::p2::bindings::sync::io::{error, poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

/// The handles of a call and the time until which it may wait.
pub(crate) struct Io<'a> {
    table: &'a mut ResourceTable,
    deadline: &'a Deadline,
}

struct HasIo;

impl HasData for HasIo {
    type Data<'a> = Io<'a>;
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    error::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    poll::add_to_linker::<_, HasIo>(linker, io)?;
    streams::add_to_linker::<_, HasIo>(linker, io)
}

fn io(state: &mut State) -> Io<'_> {
    Io { table: &mut state.table, deadline: &state.deadline }
}

fn wait_for_stream<T>(deadline: &Deadline, future: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
    deadline.wait(future).map_err(StreamError::Trap)?
}

/// The answer of a future that needs no waiting; most streams are dropped like that.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

impl poll::Host for Io<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        self.deadline.wait(async_poll::Host::poll(self.table, pollables))?
    }
}

impl poll::HostPollable for Io<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        self.deadline.wait(async_poll::HostPollable::ready(self.table, pollable))?
    }
    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.deadline.wait(async_poll::HostPollable::block(self.table, pollable))?
    }
    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        async_poll::HostPollable::drop(self.table, pollable)
    }
}

impl streams::Host for Io<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.table, error)
    }
}

impl streams::HostInputStream for Io<'_> {
    fn drop(&mut self, stream: Resource<DynInputStream>) -> Result<()> {
        let mut stream = self.table.delete(stream)?;
        if at_once(stream.cancel()).is_some() {
            return Ok(());
        }
        self.deadline.wait(async move { stream.cancel().await })
    }

    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        async_streams::HostInputStream::read(self.table, stream, len)
    }

    fn blocking_read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        let ready = async_streams::HostInputStream::read(self.table, Resource::new_borrow(stream.rep()), len)?;
        if !ready.is_empty() {
            return Ok(ready);
        }
        wait_for_stream(self.deadline, async_streams::HostInputStream::blocking_read(self.table, stream, len))
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        async_streams::HostInputStream::skip(self.table, stream, len)
    }

    fn blocking_skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        wait_for_stream(self.deadline, async_streams::HostInputStream::blocking_skip(self.table, stream, len))
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> Result<Resource<DynPollable>> {
        async_streams::HostInputStream::subscribe(self.table, stream)
    }
}

impl streams::HostOutputStream for Io<'_> {
    fn drop(&mut self, stream: Resource<DynOutputStream>) -> Result<()> {
        let mut stream = self.table.delete(stream)?;
        if at_once(stream.cancel()).is_some() {
            return Ok(());
        }
        self.deadline.wait(async move { stream.cancel().await })
    }

    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        async_streams::HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        async_streams::HostOutputStream::write(self.table, stream, bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        let ready = self.table.get_mut(&stream)?;
        if ready.check_write()? >= bytes.len().max(1) && bytes.len() <= BLOCKING_WRITE_MAX {
            ready.write(bytes.into())?;
            ready.flush()?;
            if ready.check_write()? > 0 {
                return Ok(());
            }
            return wait_for_stream(self.deadline, async { ready.write_ready().await.map(drop) });
        }
        wait_for_stream(
            self.deadline,
            async_streams::HostOutputStream::blocking_write_and_flush(self.table, stream, bytes),
        )
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        wait_for_stream(
            self.deadline,
            async_streams::HostOutputStream::blocking_write_zeroes_and_flush(self.table, stream, len),
        )
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        async_streams::HostOutputStream::write_zeroes(self.table, stream, len)
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        async_streams::HostOutputStream::flush(self.table, stream)
    }

    fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        let ready = self.table.get_mut(&stream)?;
        ready.flush()?;
        if ready.check_write()? > 0 {
            return Ok(());
        }
        wait_for_stream(self.deadline, async { ready.write_ready().await.map(drop) })
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> Result<Resource<DynPollable>> {
        async_streams::HostOutputStream::subscribe(self.table, stream)
    }

    fn splice(&mut self, to: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        async_streams::HostOutputStream::splice(self.table, to, from, len)
    }

    fn blocking_splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        wait_for_stream(self.deadline, async_streams::HostOutputStream::blocking_splice(self.table, to, from, len))
    }
}

/// What one `blocking-write-and-flush` may carry, by the text of `wasi:io`.
const BLOCKING_WRITE_MAX: usize = 4096;
