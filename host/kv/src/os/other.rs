//! Without a socket between processes: nobody is served, and whoever does not hold the store waits until it is free.

use std::convert::Infallible;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// Makes a folder; who may look into it is inherited from the user's own folder.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether it is a folder.
pub(crate) fn is_private(folder: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(folder)?.is_dir())
}

/// Not known: a write is tried.
pub(crate) fn free_bytes(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// Waits for nobody.
pub(crate) struct Listener(Receiver<Infallible>);

/// Ends the waiting.
pub(crate) struct Stop(std::sync::Mutex<Option<Sender<Infallible>>>);

impl Stop {
    pub(crate) fn stop(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}

impl Listener {
    pub(crate) fn bind(_: &Path) -> io::Result<(Self, Stop)> {
        let (sender, receiver) = channel();
        Ok((Self(receiver), Stop(std::sync::Mutex::new(Some(sender)))))
    }
    pub(crate) fn accept(&self) -> io::Result<Option<Stream>> {
        match self.0.recv() {
            Ok(never) => match never {},
            Err(_) => Ok(None),
        }
    }
    pub(crate) fn unbind(&self) {}
}

/// There is none.
pub(crate) struct Stream(Infallible);

impl Stream {
    pub(crate) fn set_timeouts(&self, _: Option<Duration>, _: Option<Duration>) -> io::Result<()> {
        match self.0 {}
    }
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self.0 {}
    }
    pub(crate) fn stop_reading(&self) {
        match self.0 {}
    }
}

impl Read for Stream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl Write for Stream {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }
    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

/// Nobody serves.
pub(crate) fn connect(_: &Path) -> io::Result<Option<Stream>> {
    Ok(None)
}
