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
use crate::outcome::{Log, Sent};
use crate::privacy::{self, Guard};
use crate::providers::Providers;
use crate::refusals::Refusals;
use crate::terms::Terms;
use mpp_privacy::Direction;
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
    /// What stands between the tool and everybody else.
    pub(crate) guard: Guard,
    pub(crate) refusals: Refusals,
    /// What left calls within this one over the network.
    pub(crate) sent_within: Sent,
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
    pub(crate) fn new(call: &Call<'_>, guard: Guard, deadline: Deadline) -> Self {
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
            guard,
            refusals: Refusals::default(),
            sent_within: Sent::default(),
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
        for refusal in &mut refusals.kept {
            refusal.message = self.guard.message(std::mem::take(&mut refusal.message));
        }
        refusals
    }

    /// Takes what left over the network so far.
    pub(crate) fn take_sent(&mut self) -> Sent {
        let mut sent = std::mem::take(&mut self.sent_within);
        if let Some(http) = &mut self.http {
            sent.add(http.take_sent());
        }
        sent
    }

    /// What the tool wrote so far, masked.
    pub(crate) fn log(&mut self) -> Log {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let records = std::mem::take(&mut self.records.kept);
        Log { stdout: self.written("stdout", stdout), stderr: self.written("stderr", stderr), records }
    }

    fn written(&mut self, stream: &str, bytes: Vec<u8>) -> Vec<u8> {
        self.guard.bytes(Direction::Output, "", bytes).unwrap_or_else(|blocked| {
            let (code, message) = privacy::refusal(&format!("what the tool wrote to {stream}"), &blocked);
            self.refusals.push(code, || message);
            Vec::new()
        })
    }
}
