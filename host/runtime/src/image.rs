//! The route for bytes: a bridge inside the component, which takes one list of bytes each way.
//!
//! The engine's own dynamic values hold a byte in forty; the bridge is a component that is put around the tool and takes one
//! image, which the engine copies at once. Only packages with `list<u8>` in a tool have one.

use mpp_wit::value::Value;
use mpp_wit::{Tool, ToolSet, WitError, WitFolder};

pub(crate) fn bridged(_: &[u8], _: &WitFolder, _: &ToolSet) -> Result<Option<Vec<u8>>, WitError> {
    Ok(None)
}

pub(crate) fn export_name(tool: &Tool) -> String {
    tool.name.to_string()
}

pub(crate) fn encode(_: &Tool, _: &[Value]) -> Option<Vec<u8>> {
    None
}

pub(crate) fn decode(_: &Tool, _: &[u8]) -> Option<Option<Value>> {
    None
}
