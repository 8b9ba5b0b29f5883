//! Bytes that travel fast. Rules `TOOL-16` to `TOOL-18`; why it is done this way: decision 1.
//!
//! An engine's dynamic values cost a heap object for each byte of a `list<u8>`. For components whose tools take or return lists
//! of numbers, [`bridge`] appends a small module to the component, and with it one function of one fixed type for each tool:
//!
//! ```text
//! mpp-call-<tool>: func(program: list<u8>, blobs: list<list<u8>>) -> tuple<u32, list<u8>>
//! ```
//!
//! [`Plan::encode`] gives the two arguments, [`Plan::decode`] reads the result out of the memory that the list names. The
//! component's imports, exports and code stay as they are; the added functions run inside the same instance.

mod anatomy;
mod decode;
mod encode;
mod graft;
mod layout;
mod module;
mod program;

pub use decode::DecodeError;
pub use encode::CallImage;
pub use graft::bridge;

use crate::{Tool, ToolSet, Type, Value};
use layout::{Kind, Node};
use mpp_schema::{Code, Coded, codes};

/// Why a component cannot be bridged, or a value not be encoded. The plain way of calling still works then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The component is built in a way that hides what the bridge needs.
    #[error("bridging the component: {0}")]
    Opaque(&'static str),
    /// The bridged bytes do not validate.
    #[error("bridging the component: {0}")]
    Invalid(String),
    /// A value is not one of its type.
    #[error("encoding the arguments: a value is not of the type of its parameter")]
    Shape,
    /// More than a 32-bit memory holds.
    #[error("encoding the arguments: they are larger than a 32-bit memory")]
    TooLarge,
}

impl Coded for BridgeError {
    fn code(&self) -> Code {
        match self {
            Self::Opaque(_) | Self::Invalid(_) => codes::WASM_INTERFACE,
            Self::Shape => codes::TOOL_ARGUMENTS,
            Self::TooLarge => codes::LIMIT_HOST_DATA,
        }
    }
}

/// Whether any tool needs a bridge.
pub fn needs_bridge(tools: &ToolSet) -> bool {
    tools.tools.iter().any(tool_needs_bridge)
}

/// Whether a tool takes or returns a list of numbers, which dynamic values make slow.
pub fn tool_needs_bridge(tool: &Tool) -> bool {
    let params = tool.params.iter().map(|param| &param.ty);
    params.chain(&tool.result).any(holds_numbers)
}

fn holds_numbers(ty: &Type) -> bool {
    match ty {
        Type::Bytes => true,
        Type::List(element) if is_number(element) => true,
        _ => ty.children().into_iter().any(holds_numbers),
    }
}

fn is_number(ty: &Type) -> bool {
    use Type::{F32, F64, S8, S16, S32, S64, U16, U32, U64};
    matches!(ty, S8 | S16 | S32 | S64 | U16 | U32 | U64 | F32 | F64)
}

/// The name of the added function of a tool.
pub fn export_name(tool: &Tool) -> String {
    format!("mpp-call-{}", tool.name)
}

/// How the values of one tool lie in memory. Made once and used for every call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    params: Node,
    result: Option<Node>,
}

impl Plan {
    /// The plan for `tool`.
    pub fn new(tool: &Tool) -> Self {
        let params = Node::members(tool.params.iter().map(|param| &param.ty), Kind::Tuple);
        Self { params, result: tool.result.as_ref().map(Node::new) }
    }

    /// What to pass to the added function for these arguments.
    pub fn encode<'v>(&self, arguments: &'v [Value]) -> Result<CallImage<'v>, BridgeError> {
        encode::image(&self.params, arguments)
    }

    /// The result, read from what the added function returned: an address, and the memory as it was then. Strings and lists
    /// of the result may have `limit` bytes together.
    pub fn decode(&self, at: u32, memory: &[u8], limit: usize) -> Result<Option<Value>, DecodeError> {
        self.result.as_ref().map(|node| decode::value(node, memory, at, limit)).transpose()
    }
}
