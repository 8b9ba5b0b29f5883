//! Why JSON is no value of a type, or a value has no JSON form.

use mpp_schema::{Code, Coded, codes};

/// Why JSON is no value of a type, or a value has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Something in the JSON does not fit: `args.items[3].price: expected u32, found "7"`.
    #[error("{path}: {problem}")]
    Mismatch {
        /// Where, from the root.
        path: String,
        /// What was expected there and what was found.
        problem: String,
    },
    /// The text is not JSON.
    #[error("{root}: not JSON: {problem}")]
    Syntax {
        /// What was read.
        root: &'static str,
        /// What the parser says.
        problem: String,
    },
    /// A value is not one of its type.
    #[error("writing a value as JSON: expected {expected}, found a value of another type")]
    Shape {
        /// The type.
        expected: &'static str,
    },
}

impl CodecError {
    pub(super) fn shape(expected: &'static str) -> Self {
        Self::Shape { expected }
    }
}

impl Coded for CodecError {
    fn code(&self) -> Code {
        match self {
            Self::Mismatch { .. } | Self::Syntax { .. } => codes::TOOL_ARGUMENTS,
            Self::Shape { .. } => codes::TOOL_RESULT,
        }
    }
}
