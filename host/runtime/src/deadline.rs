//! When a call must have ended: at a moment, or when it is cancelled. Both reach computing and waiting alike.

use crate::cancel::Cancel;
use crate::stop::LimitHit;
use std::future::Future;
use std::time::{Duration, Instant};
use wasmtime::{Error, Result};
use wasmtime_wasi::runtime::in_tokio;

/// The end of a call.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    limit: Duration,
    cancel: Option<Cancel>,
}

impl Deadline {
    pub(crate) fn after(start: Instant, limit: Duration, cancel: Option<Cancel>) -> Self {
        // Beyond what a clock can show is a day: settings of an embedder, as a package cannot ask for it.
        let at = start.checked_add(limit).unwrap_or_else(|| start + Duration::from_secs(86_400));
        Self { at, limit, cancel }
    }

    /// This one, or `other` where that is sooner.
    pub(crate) fn or_sooner(self, other: Instant) -> Self {
        Self { at: self.at.min(other), ..self }
    }

    /// What ends the call now, if anything does.
    pub(crate) fn hit(&self) -> Option<LimitHit> {
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Some(LimitHit::Cancelled);
        }
        (Instant::now() >= self.at).then_some(self.time())
    }

    fn time(&self) -> LimitHit {
        LimitHit::Time { limit_ms: self.limit.as_millis() }
    }

    /// Waits, at most until the end of the call.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        in_tokio(async {
            let timed = tokio::time::timeout_at(self.at.into(), future);
            let timed = async { timed.await.map_err(|_| Error::from(self.time())) };
            match &self.cancel {
                None => timed.await,
                Some(cancel) => tokio::select! {
                    biased;
                    () = cancel.cancelled() => Err(LimitHit::Cancelled.into()),
                    answer = timed => answer,
                },
            }
        })
    }
}
