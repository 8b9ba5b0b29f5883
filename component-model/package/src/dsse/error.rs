//! Why a message or a key for messages is refused, one variant a reason.

use mpp_schema::{Code, Coded, MessageKeyId, codes, text::excerpt};

/// Why a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum DsseError {
    /// Not the one accepted form.
    #[error("read a signed message: expected {expected}, found {}", excerpt(found))]
    Malformed {
        /// What stands there in the accepted form.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// It has no signature.
    #[error("read a signed message: it is not signed")]
    Unsigned,
    /// More bytes than a reader accepts.
    #[error("read a signed message: expected at most {limit} bytes, found {found}")]
    Limit {
        /// The limit.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// A message of another kind.
    #[error("verified a signed message: expected one of the type `{expected}`, found `{}`", excerpt(found))]
    Type {
        /// What was asked for.
        expected: String,
        /// What it is.
        found: String,
    },
    /// It names another key than the one that was asked.
    #[error("verified a signed message: expected one by the key {expected}, found one by {found}")]
    OtherKey {
        /// The key that was asked.
        expected: MessageKeyId,
        /// The key that it names.
        found: MessageKeyId,
    },
    /// The signature is not by the key that it names, or not over these bytes.
    #[error("verified a signed message: the signature does not hold for the key {key}")]
    Invalid {
        /// The key that it names.
        key: MessageKeyId,
    },
    /// The text is not a key.
    #[error("read a {what}: expected {expected}")]
    Key {
        /// What was read.
        what: &'static str,
        /// What the accepted form is.
        expected: &'static str,
    },
    /// The point is not sound.
    #[error("read a public key for messages: {reason}; anybody could forge its signatures")]
    Weak {
        /// Which check it failed.
        reason: &'static str,
    },
    /// The system gave no random bytes.
    #[error("made a key: the system gave no random bytes: {0}")]
    Random(String),
}

impl Coded for DsseError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => codes::SIG_MALFORMED,
            Self::Unsigned => codes::SIG_MISSING,
            Self::Limit { .. } => codes::LIMIT_MESSAGE,
            Self::Type { .. } => codes::SIG_BINDING,
            Self::OtherKey { .. } => codes::TRUST_UNKNOWN_KEY,
            Self::Invalid { .. } => codes::SIG_INVALID,
            Self::Key { .. } => codes::KEY_MALFORMED,
            Self::Weak { .. } => codes::KEY_WEAK,
            Self::Random(_) => codes::IO_FAILED,
        }
    }
}
