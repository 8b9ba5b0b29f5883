//! Why a running tool was stopped: a limit with its own code, or a trap.
//!
//! Limits that this crate enforces travel through the engine as a [`LimitHit`]; those that the engine enforces are told from its
//! traps and errors here, and nowhere else.

use crate::limits::Limits;
use mpp_schema::{Code, codes};
use wasmtime::WasmBacktrace;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi_http::FieldMapError;

/// A limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitHit {
    #[error("the tool asked for more than {limit} bytes of memory")]
    Memory { limit: usize },
    #[error("the tool asked for more than {limit} table elements")]
    TableElements { limit: usize },
    #[error("the call took longer than {limit_ms} ms")]
    Time { limit_ms: u128 },
    #[error("the tool wrote more than {limit} bytes to {stream}")]
    Output { stream: &'static str, limit: usize },
    #[error("the result of the tool is larger than {limit} bytes")]
    Result { limit: usize },
    #[error("the tool asked the host for {asked} random bytes at once, expected at most {limit}")]
    Random { asked: u64, limit: usize },
    #[error("the call was cancelled")]
    Cancelled,
    #[error("every place of the host is taken")]
    NoPlace,
}

impl LimitHit {
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Memory { .. } => codes::LIMIT_MEMORY,
            Self::TableElements { .. } => codes::LIMIT_TABLE,
            Self::Time { .. } => codes::LIMIT_TIME,
            Self::Output { .. } => codes::LIMIT_OUTPUT,
            Self::Result { .. } => codes::LIMIT_RESULT,
            Self::Random { .. } => codes::LIMIT_HOST_DATA,
            Self::Cancelled => codes::CALL_CANCELLED,
            Self::NoPlace => codes::LIMIT_CALLS,
        }
    }
}

/// The tool called `exit` with this status.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the tool called exit({status}) instead of returning")]
pub(crate) struct Exited {
    pub(crate) status: u8,
}

/// A stopped call: the code, and what happened in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// `tool.trap`, one of `limit.*`, or `call.cancelled`.
    pub code: Code,
    /// What happened.
    pub message: String,
}

impl Stop {
    /// Whether a limit stopped the call, and not a trap.
    pub fn is_limit(&self) -> bool {
        self.code != codes::TOOL_TRAP
    }
}

/// Bytes of stack that wasm may use. The thread that calls must have this and 256 KiB more.
pub(crate) const STACK_BYTES: usize = 512 << 10;

impl Stop {
    /// With words of our own for what the engine says in one word.
    pub(crate) fn explained(self, limits: &Limits) -> Self {
        if self.code == codes::LIMIT_TIME {
            return LimitHit::Time { limit_ms: limits.time.as_millis() }.into();
        }
        if self.code == codes::LIMIT_RESULT {
            return LimitHit::Result { limit: limits.result_bytes }.into();
        }
        if self.code == codes::LIMIT_STACK {
            return Self { message: format!("the tool used up its stack of {} KiB", STACK_BYTES >> 10), ..self };
        }
        self
    }
}

impl From<LimitHit> for Stop {
    fn from(hit: LimitHit) -> Self {
        Self { code: hit.code(), message: hit.to_string() }
    }
}

impl From<wasmtime::Error> for Stop {
    fn from(error: wasmtime::Error) -> Self {
        if let Some(hit) = error.downcast_ref::<LimitHit>() {
            return (*hit).into();
        }
        let cause = error.root_cause().to_string();
        let code = match code_of(&error, &cause) {
            // Read out of the tool after it returned, so that no frame of the tool is below: the result was too large.
            codes::LIMIT_HOST_DATA if error.downcast_ref::<WasmBacktrace>().is_none() => codes::LIMIT_RESULT,
            code => code,
        };
        Self { code, message: cause }
    }
}

fn code_of(error: &wasmtime::Error, cause: &str) -> Code {
    if let Some(FieldMapError::TooManyFields | FieldMapError::TotalSizeTooBig) = error.downcast_ref::<FieldMapError>() {
        return codes::LIMIT_HTTP;
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return codes::LIMIT_HOST_DATA;
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::Interrupt | wasmtime::Trap::OutOfFuel) => codes::LIMIT_TIME,
        Some(wasmtime::Trap::StackOverflow) => codes::LIMIT_STACK,
        Some(_) => codes::TOOL_TRAP,
        None => code_of_text(cause),
    }
}

/// Limits for which the engine has no type of its own; its version is pinned, and a test asks each of them.
fn code_of_text(cause: &str) -> Code {
    const TEXTS: [(&str, Code); 3] = [
        ("fuel allocated for hostcalls", codes::LIMIT_HOST_DATA),
        ("store handle limit exceeded", codes::LIMIT_HOST_DATA),
        ("resource limit exceeded", codes::LIMIT_TABLE),
    ];
    TEXTS.iter().find(|(text, _)| cause.contains(text)).map_or(codes::TOOL_TRAP, |(_, code)| *code)
}
