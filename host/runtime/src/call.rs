//! One call: a fresh store and instance, the arguments in, the tool's run under its deadline, the result out.

use crate::error::CallError;
use crate::host::Shared;
use crate::limits::Limits;
use crate::loaded::{Export, Route};
use crate::outcome::{Log, ValuesOutcome};
use crate::state::State;
use crate::stop::Stop;
use crate::{image, ticker, values};
use mpp_schema::codes;
use mpp_wit::Tool;
use mpp_wit::value::Value;
use std::time::Instant;
use wasmtime::Store;
use wasmtime::component::{Func, InstancePre, Val};

/// What is called, and with what.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) pre: &'a InstancePre<State>,
    pub(crate) limits: &'a Limits,
    pub(crate) tool: &'a Tool,
    pub(crate) export: &'a Export,
}

/// Arguments in the form in which they travel.
enum Arguments {
    Values(Vec<Val>),
    Image(Vec<u8>),
}

/// Runs a tool. Errors are those of the caller: arguments that are not of the parameters' types.
pub(crate) fn run(call: Call<'_>, arguments: Vec<Value>) -> Result<ValuesOutcome, CallError> {
    let start = Instant::now();
    let arguments = call.arguments(arguments)?;
    let _turn = call.shared.turns.as_ref().map(|turns| turns.take());
    let mut store = call.store();
    let _running = call.shared.ticker.running();
    let ended = call.in_store(&mut store, arguments).map_err(|stop| stop.explained(call.limits));
    let state = store.data();
    let log = Log { stdout: state.stdout.take(), stderr: state.stderr.take() };
    drop(store);
    Ok(ValuesOutcome { ended, log, elapsed: start.elapsed() })
}

impl Call<'_> {
    fn arguments(&self, arguments: Vec<Value>) -> Result<Arguments, CallError> {
        let params = &self.tool.params;
        if params.len() != arguments.len() {
            return Err(CallError::count(self.tool, arguments.len()));
        }
        match self.export.route {
            Route::Values => params
                .iter()
                .zip(arguments)
                .map(|(param, value)| {
                    values::to_engine(&param.ty, value).map_err(|error| CallError::value(self.tool, &param.name, error))
                })
                .collect::<Result<_, _>>()
                .map(Arguments::Values),
            Route::Image => Ok(Arguments::Image(image::encode(self.tool, &arguments).unwrap_or_default())),
        }
    }

    fn store(&self) -> Store<State> {
        let mut store = Store::new(&self.shared.engine, State::new(self.limits));
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.host_data_bytes);
        store.set_max_component_handles(self.limits.handles);
        store.set_epoch_deadline(ticker::ticks(self.limits.time));
        store
    }

    fn in_store(&self, store: &mut Store<State>, arguments: Arguments) -> Result<Option<Value>, Stop> {
        let instance = self.pre.instantiate(&mut *store)?;
        let function = instance.get_func(&mut *store, self.export.index).ok_or_else(lost)?;
        let result = match arguments {
            Arguments::Values(arguments) => self.with_values(store, function, &arguments),
            Arguments::Image(image) => self.with_image(store, function, &image),
        };
        let result = result?;
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

    fn with_image(&self, store: &mut Store<State>, function: Func, image: &[u8]) -> Result<Option<Value>, Stop> {
        let function = function.typed::<(&[u8],), (Vec<u8>,)>(&*store)?;
        let (image,) = function.call(store, (image,))?;
        image::decode(self.tool, &image).ok_or_else(lost)
    }
}

/// What was compared when the package was loaded is not so any more.
fn lost() -> Stop {
    Stop { code: codes::BUG, message: "the component does not have the types that it was loaded with".to_owned() }
}
