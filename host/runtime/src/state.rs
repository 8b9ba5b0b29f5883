//! What the host keeps for one call, and drops after it.

use crate::cap::cli::Captured;
use crate::cap::folders::Folders;
use crate::cap::http::Http;
use crate::limits::{HttpLimits, Limits};
use crate::meter::Meter;
use crate::outcome::Log;
use crate::providers::Providers;
use crate::refusals::Refusals;
use crate::stop::LimitHit;
use crate::terms::Terms;
use mpp_schema::PackageName;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::ResourceTable;

/// The host's side of one call.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) stdout: Captured,
    pub(crate) stderr: Captured,
    pub(crate) started: Instant,
    pub(crate) deadline: Deadline,
    pub(crate) random_bytes_max: usize,
    pub(crate) meter: Meter,
    pub(crate) terms: Terms,
    pub(crate) providers: Arc<Providers>,
    pub(crate) refusals: Refusals,
    pub(crate) package: Arc<PackageName>,
    pub(crate) http_limits: HttpLimits,
    /// Made on first use, like all below.
    pub(crate) folders: Option<Box<Folders>>,
    pub(crate) http: Option<Box<Http>>,
}

impl State {
    pub(crate) fn new(limits: &Limits, terms: Terms, providers: Arc<Providers>, package: Arc<PackageName>) -> Self {
        let started = Instant::now();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            table,
            stdout: Captured::new("stdout", limits.output_bytes),
            stderr: Captured::new("stderr", limits.output_bytes),
            started,
            deadline: Deadline::after(started, limits.time),
            random_bytes_max: limits.random_bytes,
            meter: Meter::new(limits),
            terms,
            providers,
            refusals: Refusals::default(),
            package,
            http_limits: limits.http,
            folders: None,
            http: None,
        }
    }

    /// Takes what was refused so far.
    pub(crate) fn take_refusals(&mut self) -> Refusals {
        let mut refusals = std::mem::take(&mut self.refusals);
        if let Some(http) = &mut self.http {
            refusals.append(http.take_refusals());
        }
        refusals
    }

    /// What the tool wrote so far.
    pub(crate) fn log(&self) -> Log {
        Log { stdout: self.stdout.take(), stderr: self.stderr.take() }
    }
}

/// When a call must have ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    limit: Duration,
}

impl Deadline {
    fn after(start: Instant, limit: Duration) -> Self {
        // Beyond what a clock can show is a day: settings of an embedder, as a package cannot ask for it.
        let at = start.checked_add(limit).unwrap_or_else(|| start + Duration::from_secs(86_400));
        Self { at, limit }
    }

    pub(crate) fn hit(self) -> LimitHit {
        LimitHit::Time { limit_ms: self.limit.as_millis() }
    }
}
