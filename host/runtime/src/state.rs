//! What the host keeps for one call, and drops after it.

use crate::call::Call;
use crate::cap::cli::Captured;
use crate::cap::folders::Folders;
use crate::cap::http::Http;
use crate::cap::kv::Kv;
use crate::cap::logging::Records;
use crate::cap::progress::Shown;
use crate::cap::tools::Within;
use crate::deadline::Deadline;
use crate::deterministic::Fixed;
use crate::limits::HttpLimits;
use crate::loaded::Resident;
use crate::meter::Meter;
use crate::outcome::Log;
use crate::providers::Providers;
use crate::refusals::Refusals;
use crate::terms::Terms;
use std::sync::Arc;
use std::time::Instant;
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
    pub(crate) resident: Arc<Resident>,
    pub(crate) within: Option<Within>,
    pub(crate) refusals: Refusals,
    pub(crate) http_limits: HttpLimits,
    pub(crate) records: Records,
    pub(crate) log_bytes_max: usize,
    pub(crate) shown: Shown,
    /// The clocks and dice of a deterministic call.
    pub(crate) fixed: Option<Box<Fixed>>,
    /// Made on first use, like all below.
    pub(crate) folders: Option<Box<Folders>>,
    pub(crate) http: Option<Box<Http>>,
    pub(crate) kv: Option<Box<Kv>>,
}

impl State {
    pub(crate) fn new(call: &Call<'_>, deadline: Deadline) -> Self {
        let limits = call.limits;
        let terms = call.terms.clone();
        let started = Instant::now();
        let fixed = terms.deterministic.map(|begin| Box::new(Fixed::new(begin)));
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            table,
            stdout: Captured::new("stdout", limits.output_bytes),
            stderr: Captured::new("stderr", limits.output_bytes),
            started,
            deadline,
            random_bytes_max: limits.random_bytes,
            meter: Meter::new(limits),
            terms,
            resident: Arc::clone(call.resident),
            within: call.within.clone(),
            refusals: Refusals::default(),
            http_limits: limits.http,
            records: Records::default(),
            log_bytes_max: limits.output_bytes,
            shown: Shown::default(),
            fixed,
            folders: None,
            http: None,
            kv: None,
        }
    }

    /// What stands behind the capabilities.
    pub(crate) fn providers(&self) -> &Arc<Providers> {
        &self.resident.shared.providers
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
    pub(crate) fn log(&mut self) -> Log {
        Log { stdout: self.stdout.take(), stderr: self.stderr.take(), records: std::mem::take(&mut self.records.kept) }
    }
}
