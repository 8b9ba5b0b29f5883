//! One call: a fresh store and instance, the arguments in, the tool's run under its deadline, the result out.

use crate::allowance::Allowance;
use crate::cap::tools::Within;
use crate::deadline::Deadline;
use crate::engine::{FUEL_PER_MS, Metering};
use crate::error::CallError;
use crate::host::Shared;
use crate::limits::Limits;
use crate::loaded::{Linked, LoadedPackage, Resident, Route};
use crate::outcome::ValuesOutcome;
use crate::privacy::{self, Guard};
use crate::state::State;
use crate::stop::{LimitHit, Stop};
use crate::terms::Terms;
use crate::{ticker, values};
use mpp_privacy::{Blocked, Modes};
use mpp_schema::codes;
use mpp_wit::Tool;
use mpp_wit::value::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{Func, Val};
use wasmtime::{Store, UpdateDeadline};

/// What is called, and with what.
pub(crate) struct Call<'a> {
    pub(crate) package: &'a LoadedPackage,
    /// The lane of this thread.
    pub(crate) lane: usize,
    pub(crate) resident: &'a Arc<Resident>,
    pub(crate) limits: &'a Limits,
    pub(crate) terms: &'a Terms,
    /// What the package asks of the privacy filter.
    pub(crate) modes: Option<&'a Modes>,
    /// Of the tool among those of the package.
    pub(crate) position: usize,
    pub(crate) tool: &'a Tool,
    pub(crate) route: &'a Route,
    /// The call of another tool that this one is made in.
    pub(crate) within: Option<Within>,
}

/// Runs a tool. Errors are those of the caller: arguments that are not of the parameters' types.
pub(crate) fn run(call: Call<'_>, mut arguments: Vec<Value>) -> Result<ValuesOutcome, CallError> {
    let start = Instant::now();
    if call.tool.params.len() != arguments.len() {
        return Err(CallError::count(call.tool, arguments.len()));
    }
    let guard = Guard::new(call.resident, call.lane, call.modes, call.within.as_ref().map(|within| &within.guard));
    let ready = call.learn_secrets(&guard).map_err(privacy::stop);
    let ready = ready.and_then(|()| guard.arguments(&call.resident.claim.package, call.tool, &mut arguments));
    if let Err(stop) = ready {
        return Ok(ValuesOutcome { found: guard.found(), ..ValuesOutcome::not_started(stop, start.elapsed()) });
    }
    match call.route {
        Route::Values => {
            let arguments = call.to_engine(arguments)?;
            call.run(start, &guard, |store, function| call.with_values(store, function, &arguments))
        }
        Route::Image(image) => {
            let encoded = image.encode(&arguments).map_err(|error| CallError::arguments(call.tool, error))?;
            let limit = call.limits.result_bytes;
            call.run(start, &guard, |store, function| image.call(store, function, &encoded, limit))
        }
    }
}

impl Call<'_> {
    fn shared(&self) -> &Shared {
        &self.resident.shared
    }

    fn to_engine(&self, arguments: Vec<Value>) -> Result<Vec<Val>, CallError> {
        let given = self.tool.params.iter().zip(arguments);
        given
            .map(|(param, value)| {
                values::to_engine(&param.ty, value).map_err(|error| CallError::value(self.tool, &param.name, error))
            })
            .collect()
    }

    fn run(
        &self,
        start: Instant,
        guard: &Guard,
        body: impl FnOnce(&mut Store<State>, Func) -> Result<Option<Value>, Stop>,
    ) -> Result<ValuesOutcome, CallError> {
        let turn = match (&self.shared().turns, &self.within) {
            (Some(turns), None) => Some(turns.take(self.lane)),
            // Whoever waits for a called tool has a place itself: waiting for another one could last for ever.
            (Some(turns), Some(_)) => match turns.take_if_free(self.lane) {
                Some(turn) => Some(turn),
                None => return Ok(ValuesOutcome::not_started(LimitHit::NoPlace.into(), start.elapsed())),
            },
            (None, _) => None,
        };
        // Another lane than that of this thread, when the places of that are taken.
        let lane = turn.as_ref().map_or(0, |turn| turn.lane);
        let linked = self.package.linked(lane).map_err(CallError::Lane)?;
        let mut store = self.store(start, guard, lane);
        let _running = self.shared().ticker.running(lane).map_err(CallError::Ticker)?;
        let ended = self.in_instance(&mut store, linked, body).map_err(|stop| stop.explained(self.limits));
        // Also what a tool wrote that was stopped.
        let kept = store.data_mut().flush_kv();
        let ended = ended.and_then(|value| kept.map(|()| value));
        let ended = ended.and_then(|value| self.masked(guard, value));
        let ended = ended.map_err(|stop| Stop { message: guard.message(stop.message), ..stop });
        let log = store.data_mut().log();
        let refusals = store.data_mut().take_refusals();
        let sent = store.data_mut().take_sent();
        drop(store);
        Ok(ValuesOutcome { ended, log, refusals, found: guard.found(), sent, elapsed: start.elapsed() })
    }

    /// The secrets of this call are looked for in everything that leaves it, before the first of them is sent anywhere.
    fn learn_secrets(&self, guard: &Guard) -> Result<(), Blocked> {
        let granted = &self.terms.grants;
        if granted.secrets().is_empty() || guard.is_idle() {
            return Ok(());
        }
        let Shared { vault, providers, .. } = self.shared();
        // One that cannot be looked up now cannot be sent either, and is learnt when it can (PRIV-53).
        vault.learn_granted(&*providers.secrets, &self.resident.claim.package, granted)?;
        guard.refresh();
        Ok(())
    }

    fn masked(&self, guard: &Guard, value: Option<Value>) -> Result<Option<Value>, Stop> {
        let Some(mut value) = value else { return Ok(None) };
        guard.result(self.tool, &mut value)?;
        Ok(Some(value))
    }

    fn store(&self, start: Instant, guard: &Guard, lane: usize) -> Store<State> {
        let deadline = Deadline::after(start, self.wall_time(), self.terms.cancel.clone());
        let deadline = match &self.within {
            Some(within) => deadline.or_sooner(within.ends),
            None => deadline,
        };
        let ticks = ticker::ticks(deadline.at.saturating_duration_since(start));
        let state = State::new(self, guard.clone(), deadline);
        let mut store = Store::new(&self.shared().lanes[lane].engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_max_component_handles(self.limits.handles);
        self.end_in_time(&mut store, ticks);
        let allowance = Allowance::of(self.limits, self.route);
        store.call_hook(move |store, crossing| {
            allowance.at(store, crossing);
            Ok(())
        });
        store
    }

    /// Whether the work that is done counts, and not the clock.
    fn is_metered_by_work(&self) -> bool {
        self.shared().metering == Metering::Fuel && self.terms.deterministic.is_some()
    }

    /// The clock is a last resort where work is metered, so that a slow machine does not change what comes out.
    fn wall_time(&self) -> Duration {
        if self.is_metered_by_work() { self.limits.time.saturating_mul(10) } else { self.limits.time }
    }

    fn end_in_time(&self, store: &mut Store<State>, ticks: u64) {
        if self.terms.cancel.is_some() {
            // Looks at each tick whether the call was cancelled.
            store.set_epoch_deadline(1);
            store.epoch_deadline_callback(|store| match store.data().deadline.hit() {
                Some(hit) => Err(hit.into()),
                None => Ok(UpdateDeadline::Continue(1)),
            });
        } else {
            store.set_epoch_deadline(ticks);
        }
        if self.shared().metering == Metering::Fuel {
            let time_ms = u64::try_from(self.limits.time.as_millis()).unwrap_or(u64::MAX);
            let fuel = if self.is_metered_by_work() { time_ms.saturating_mul(FUEL_PER_MS) } else { u64::MAX };
            // The engine counts fuel, as it was built for it.
            store.set_fuel(fuel).unwrap_or_default();
        }
    }

    fn in_instance(
        &self,
        store: &mut Store<State>,
        linked: &Linked,
        body: impl FnOnce(&mut Store<State>, Func) -> Result<Option<Value>, Stop>,
    ) -> Result<Option<Value>, Stop> {
        if let Some(hit) = store.data().deadline.hit() {
            return Err(hit.into());
        }
        let instance = linked.pre.instantiate(&mut *store)?;
        let function = instance.get_func(&mut *store, linked.exports[self.position]).ok_or_else(lost)?;
        let result = body(store, function)?;
        if let Some(value) = &result {
            values::check_size(value, self.limits.result_bytes)?;
        }
        Ok(result)
    }

    fn with_values(&self, store: &mut Store<State>, function: Func, arguments: &[Val]) -> Result<Option<Value>, Stop> {
        let Some(ty) = &self.tool.result else {
            function.call(store, arguments, &mut [])?;
            return Ok(None);
        };
        let mut results = [Val::Bool(false)];
        function.call(store, arguments, &mut results)?;
        let [result] = results;
        values::from_engine(ty, result).map(Some).map_err(|_| lost())
    }
}

/// What was compared when the package was loaded is not so any more.
fn lost() -> Stop {
    Stop { code: codes::BUG, message: "the component does not have the types that it was loaded with".to_owned() }
}
