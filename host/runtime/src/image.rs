//! The route for bytes: a function that is grafted into the component and takes a call as an image, copied at once.
//!
//! The engine's own dynamic values hold a byte in forty. Packages that take or return lists of numbers are bridged when they are loaded;
//! a component that is built in a way that cannot be bridged is called the plain way, with the same results.

use crate::state::State;
use crate::stop::{LimitHit, Stop};
use mpp_schema::Coded;
use mpp_wit::bridge::{self, BridgeError, CallImage, DecodeError, Plan};
use mpp_wit::value::Value;
use mpp_wit::{Tool, ToolSet};
use wasmtime::Store;
use wasmtime::component::{Func, WasmList};

/// What the grafted function takes, and what it returns: an address, and the tool's memory.
type Params<'a> = (&'a [u8], &'a [&'a [u8]]);
type Results = ((u32, WasmList<u8>),);

/// The component with a bridge for the tools that need one; nothing when none does, or the component cannot have one. Each function of
/// the bridge costs every call a little, also those of other tools.
pub(crate) fn bridged(component: &[u8], tools: &ToolSet) -> Option<Vec<u8>> {
    let mut needing = tools.clone();
    needing.tools.retain(Image::is_needed);
    if needing.tools.is_empty() {
        return None;
    }
    bridge::bridge(component, &needing).ok()
}

/// The image route to one tool.
#[derive(Debug)]
pub(crate) struct Image(Plan);

impl Image {
    pub(crate) fn new(tool: &Tool) -> Self {
        Self(Plan::new(tool))
    }

    /// Whether a tool goes this way in a component that is bridged.
    pub(crate) fn is_needed(tool: &Tool) -> bool {
        bridge::tool_needs_bridge(tool)
    }

    pub(crate) fn export_name(tool: &Tool) -> String {
        bridge::export_name(tool)
    }

    pub(crate) fn encode<'v>(&self, arguments: &'v [Value]) -> Result<CallImage<'v>, BridgeError> {
        self.0.encode(arguments)
    }

    pub(crate) fn call(
        &self,
        store: &mut Store<State>,
        function: Func,
        image: &CallImage<'_>,
        result_bytes_max: usize,
    ) -> Result<Option<Value>, Stop> {
        let function = function.typed::<Params<'_>, Results>(&*store)?;
        let ((at, memory),) = function.call(&mut *store, (&image.program, &image.blobs))?;
        self.0.decode(at, memory.as_le_slice(&*store), result_bytes_max).map_err(stop)
    }
}

fn stop(error: DecodeError) -> Stop {
    match error {
        DecodeError::TooLarge { limit } => LimitHit::Result { limit }.into(),
        error => Stop { code: error.code(), message: error.to_string() },
    }
}
