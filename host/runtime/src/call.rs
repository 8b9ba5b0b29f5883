//! One call: a fresh store and instance, the arguments in, the tool's run under its deadline, the result out.

use crate::allowance::Allowance;
use crate::error::CallError;
use crate::host::Shared;
use crate::limits::Limits;
use crate::loaded::{Export, Route};
use crate::outcome::ValuesOutcome;
use crate::state::State;
use crate::stop::Stop;
use crate::terms::Terms;
use crate::{ticker, values};
use mpp_schema::{PackageName, codes};
use mpp_wit::Tool;
use mpp_wit::value::Value;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::Store;
use wasmtime::component::{Func, InstancePre, Val};

/// What is called, and with what.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) package: &'a Arc<PackageName>,
    pub(crate) pre: &'a InstancePre<State>,
    pub(crate) limits: &'a Limits,
    pub(crate) terms: &'a Terms,
    pub(crate) tool: &'a Tool,
    pub(crate) export: &'a Export,
}

/// Runs a tool. Errors are those of the caller: arguments that are not of the parameters' types.
pub(crate) fn run(call: Call<'_>, arguments: Vec<Value>) -> Result<ValuesOutcome, CallError> {
    let start = Instant::now();
    if call.tool.params.len() != arguments.len() {
        return Err(CallError::count(call.tool, arguments.len()));
    }
    match &call.export.route {
        Route::Values => {
            let arguments = call.to_engine(arguments)?;
            Ok(call.run(start, |store, function| call.with_values(store, function, &arguments)))
        }
        Route::Image(image) => {
            let encoded = image.encode(&arguments).map_err(|error| CallError::arguments(call.tool, error))?;
            let limit = call.limits.result_bytes;
            Ok(call.run(start, |store, function| image.call(store, function, &encoded, limit)))
        }
    }
}

impl Call<'_> {
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
        body: impl FnOnce(&mut Store<State>, Func) -> Result<Option<Value>, Stop>,
    ) -> ValuesOutcome {
        let _turn = self.shared.turns.as_ref().map(|turns| turns.take());
        let mut store = self.store();
        let _running = self.shared.ticker.running();
        let ended = self.in_instance(&mut store, body).map_err(|stop| stop.explained(self.limits));
        let log = store.data().log();
        let refusals = store.data_mut().take_refusals();
        drop(store);
        ValuesOutcome { ended, log, refusals, elapsed: start.elapsed() }
    }

    fn store(&self) -> Store<State> {
        let state =
            State::new(self.limits, self.terms.clone(), Arc::clone(&self.shared.providers), Arc::clone(self.package));
        let mut store = Store::new(&self.shared.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_max_component_handles(self.limits.handles);
        store.set_epoch_deadline(ticker::ticks(self.limits.time));
        let allowance = Allowance::of(self.limits, &self.export.route);
        store.call_hook(move |store, crossing| {
            allowance.at(store, crossing);
            Ok(())
        });
        store
    }

    fn in_instance(
        &self,
        store: &mut Store<State>,
        body: impl FnOnce(&mut Store<State>, Func) -> Result<Option<Value>, Stop>,
    ) -> Result<Option<Value>, Stop> {
        let instance = self.pre.instantiate(&mut *store)?;
        let function = instance.get_func(&mut *store, self.export.index).ok_or_else(lost)?;
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
