//! How much the engine may copy out of a tool: little in a call of the tool to the host, more for its result.
//!
//! The engine has one allowance for both, counted in bytes of the host's memory. It is set at each crossing.

use crate::limits::Limits;
use crate::loaded::Route;
use wasmtime::{CallHook, StoreContextMut};

/// The engine's own values take at most this many bytes for each byte of a result as it is measured, give or take names.
const BYTES_PER_RESULT_BYTE: usize = 8;

/// The two allowances of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    host_call: usize,
    result: usize,
}

impl Allowance {
    pub(crate) fn of(limits: &Limits, route: &Route) -> Self {
        let result = match route {
            Route::Values => limits.result_bytes.saturating_mul(BYTES_PER_RESULT_BYTE),
            // Nothing is copied: the result is a view of the tool's memory, which the engine counts as if it were.
            Route::Image(_) => limits.memory_bytes,
        };
        Self { host_call: limits.host_data_bytes, result }
    }

    pub(crate) fn at<T>(self, mut store: StoreContextMut<'_, T>, crossing: CallHook) {
        match crossing {
            CallHook::CallingHost => store.set_hostcall_fuel(self.host_call),
            CallHook::ReturningFromWasm => store.set_hostcall_fuel(self.result),
            CallHook::CallingWasm | CallHook::ReturningFromHost => {}
        }
    }
}
