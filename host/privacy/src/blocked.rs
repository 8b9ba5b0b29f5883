//! Why nothing of a text leaves (PRIV-40). One code for all reasons: `pii.blocked`.

use crate::{Kind, Mode};
use mpp_schema::{Code, Coded, codes};

/// Why nothing of a text leaves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Blocked {
    /// The mode of this kind and direction is [`Mode::Block`].
    #[error("the text holds a finding of the kind `{kind}`, which is blocked here")]
    Policy {
        /// What was found.
        kind: Kind,
    },
    /// A detector failed, so nobody knows what the text holds.
    #[error("the detector `{detector}` failed: {reason}")]
    Detector {
        /// Its name.
        detector: String,
        /// What it said.
        reason: String,
    },
    /// The text is longer than the limit.
    #[error("the text has {bytes} bytes, more than the limit of {bytes_max}")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// There are more findings than the limit.
    #[error("there are more findings than the limit of {findings_max}")]
    TooMany {
        /// The limit.
        findings_max: usize,
    },
    /// One finding is longer than a stream could hold back (PRIV-4).
    #[error("one finding, or several that overlap, has more than {bytes_max} bytes")]
    LongFinding {
        /// The limit.
        bytes_max: usize,
    },
    /// A stream that was blocked, or has ended, was given more.
    #[error("the stream is closed")]
    Closed,
}

impl Coded for Blocked {
    fn code(&self) -> Code {
        codes::PII_BLOCKED
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Policy { kind } => {
                vec![format!(
                    "the policy's mode for `{kind}` is `{}` here: `mask` lets the rest pass",
                    Mode::Block.as_str()
                )]
            }
            Self::Detector { detector, .. } => vec![format!("a text is let out when `{detector}` works again")],
            Self::TooLong { .. } | Self::TooMany { .. } => vec!["let the tool return less at once".to_owned()],
            Self::LongFinding { .. } | Self::Closed => Vec::new(),
        }
    }
}
