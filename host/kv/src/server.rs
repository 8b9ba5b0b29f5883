//! Serving other processes, as long as this one holds a store: one thread that accepts, one for each connection.
//!
//! An answer leaves only after all that it shows or did was flushed: what one process has seen of another outlives both.

use crate::core::{Core, Ticket};
use crate::error::KvError;
use crate::os::{Listener, Stop, Stream};
use crate::request::{Answer, Request};
use crate::wire::{self, Hello, PROTOCOL, Question, Reply, Trouble};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Connections at one time; further ones are closed at once and come again.
const CONNECTIONS_MAX: usize = 256;

/// How long the other end may take to say who it is, or to take an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until it is dropped.
pub(crate) struct Server {
    stop: Stop,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `core` in `folder`; `broke` is called when the store broke and must be opened anew.
    pub(crate) fn start(folder: &Path, core: Arc<Core>, broke: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let (listener, stop) = Listener::bind(folder)?;
        let served = Arc::new(Served { core, broke: Box::new(broke), streams: Mutex::default() });
        let accepting = thread::Builder::new().name("mpp-kv".to_owned()).spawn(move || accept(&listener, &served))?;
        Ok(Self { stop, accepting: Some(accepting) })
    }
}

impl Drop for Server {
    /// Answers what was asked already, and nothing more.
    fn drop(&mut self) {
        self.stop.stop();
        self.accepting.take().map(JoinHandle::join);
    }
}

/// What all connections have in common.
struct Served {
    core: Arc<Core>,
    broke: Box<dyn Fn() + Send + Sync>,
    /// The connections that are open, by number.
    streams: Mutex<HashMap<u64, Stream>>,
}

impl Served {
    fn streams(&self) -> MutexGuard<'_, HashMap<u64, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &Listener, served: &Arc<Served>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut number = 0;
    // An error ends the serving; whoever wanted something waits for its turn at the lock.
    while let Ok(Some(stream)) = listener.accept() {
        threads.retain(|thread| !thread.is_finished());
        number += 1;
        if threads.len() < CONNECTIONS_MAX {
            threads.extend(serve_in_thread(number, stream, served));
        }
    }
    listener.unbind();
    served.streams().values().for_each(Stream::stop_reading);
    threads.into_iter().for_each(|thread| drop(thread.join()));
}

/// Nothing when the machine has no thread or handle left: the connection is closed.
fn serve_in_thread(number: u64, mut stream: Stream, served: &Arc<Served>) -> Option<JoinHandle<()>> {
    served.streams().insert(number, stream.try_clone().ok()?);
    let shared = Arc::clone(served);
    let thread = thread::Builder::new().name("mpp-kv".to_owned()).spawn(move || {
        // However it ends, the other end notices.
        let _ = serve(&mut stream, &shared.core);
        shared.streams().remove(&number);
        if shared.core.is_broken() {
            (shared.broke)();
        }
    });
    thread.inspect_err(|_| drop(served.streams().remove(&number))).ok()
}

fn serve(stream: &mut Stream, core: &Core) -> io::Result<()> {
    stream.set_timeouts(Some(PATIENCE), Some(PATIENCE))?;
    let Hello { protocol, client } = wire::receive(stream)?;
    if protocol != PROTOCOL {
        let other = Trouble::Failed(format!("it speaks version {PROTOCOL} of the protocol, not {protocol}"));
        return wire::send(stream, &Reply::Err(other));
    }
    wire::send(stream, &Reply::Ok(Answer::Done))?;
    stream.set_timeouts(None, Some(PATIENCE))?;
    loop {
        let Question { number, quota, request } = wire::receive(stream)?;
        let leaves = request == Request::Leave;
        if core.is_broken() {
            // Whoever opens the store next sees what was written, and answers.
            return Ok(());
        }
        let result = core.perform(&request, Some(Ticket { client, number }), quota);
        let reply = result.and_then(|answer| core.flush().map(|()| answer));
        wire::send(stream, &reply.map_err(|error: KvError| Trouble::from(error)))?;
        if leaves || core.is_broken() {
            return Ok(());
        }
    }
}
