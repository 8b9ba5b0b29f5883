//! What one call has used of its HTTP limits, and what was refused to it. Shared with the tasks that send and receive.

use super::failure::Failure;
use crate::limits::HttpLimits;
use crate::outcome::Sent;
use crate::refusals::Refusals;
use http::HeaderMap;
use mpp_schema::Code;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::Error;

/// The account of one call.
pub(super) struct Account {
    pub(super) limits: HttpLimits,
    /// One permit for each connection that may be open.
    pub(super) turns: Arc<Semaphore>,
    requests: AtomicUsize,
    /// Requests that were let out, by origin.
    origins: Mutex<BTreeMap<String, u64>>,
    up: AtomicU64,
    up_is_over: AtomicBool,
    down: AtomicU64,
    refusals: Mutex<Refusals>,
}

impl Account {
    pub(super) fn new(limits: HttpLimits) -> Self {
        Self {
            limits,
            turns: Arc::new(Semaphore::new(limits.at_once.min(Semaphore::MAX_PERMITS))),
            requests: AtomicUsize::new(0),
            origins: Mutex::default(),
            up: AtomicU64::new(0),
            up_is_over: AtomicBool::new(false),
            down: AtomicU64::new(0),
            refusals: Mutex::default(),
        }
    }

    /// Counts a request.
    pub(super) fn request(&self, origin: impl FnOnce() -> String) -> Result<(), Failure> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        if before >= self.limits.requests {
            return Err(Failure::requests(&self.limits));
        }
        *self.origins.lock().unwrap_or_else(PoisonError::into_inner).entry(origin()).or_default() += 1;
        Ok(())
    }

    /// Takes which origins were sent to, and how much.
    pub(super) fn take_sent(&self) -> Sent {
        Sent {
            requests: std::mem::take(&mut *self.origins.lock().unwrap_or_else(PoisonError::into_inner)),
            up_bytes: self.up.load(Ordering::Relaxed),
            down_bytes: self.down.load(Ordering::Relaxed),
        }
    }

    /// Counts bytes that are sent.
    pub(super) fn up(&self, bytes: usize) -> Result<(), Failure> {
        if add(&self.up, bytes) <= self.limits.up_bytes {
            return Ok(());
        }
        self.up_is_over.store(true, Ordering::Relaxed);
        Err(Failure::up(&self.limits))
    }

    /// Whether more was sent than may be: the connection breaks off, and its own error does not say why.
    pub(super) fn up_is_over(&self) -> bool {
        self.up_is_over.load(Ordering::Relaxed)
    }

    /// Counts bytes that were received.
    pub(super) fn down(&self, bytes: usize) -> Result<(), Failure> {
        if add(&self.down, bytes) <= self.limits.down_bytes { Ok(()) } else { Err(Failure::down(&self.limits)) }
    }

    /// Takes down what was refused, and gives what the tool hears of it.
    pub(super) fn told(&self, failure: Failure) -> Error {
        if let Some((code, message)) = failure.refusal {
            self.refuse(code, || message);
        }
        failure.error
    }

    pub(super) fn refuse(&self, code: Code, message: impl FnOnce() -> String) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).push(code, message);
    }

    pub(super) fn take_refusals(&self) -> Refusals {
        std::mem::take(&mut *self.refusals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn add(total: &AtomicU64, bytes: usize) -> u64 {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    total.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes)
}

/// Bytes that headers take when they travel.
pub(super) fn header_bytes(headers: &HeaderMap) -> usize {
    // A colon, a space, and the end of the line.
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
