//! Why a signature is refused. Each variant has one code.

use mpp_schema::{Code, Coded, KeyId, codes, text::escaped};

/// Why a signature, or the set of them, is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The text is not in the one accepted form.
    #[error("read a signature, line {line}: expected {expected}, found {}", shown(found))]
    Malformed {
        /// Which of the four lines, from 1.
        line: u8,
        /// What stands there in the accepted form.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The signature was made without prehashing.
    #[error("read a signature, line 2: expected the prehashed algorithm `ED`, found the legacy `Ed`")]
    Legacy,
    /// The signature does not hold.
    #[error("verified a signature of key {key}: its {part} are not what the key signed")]
    Invalid {
        /// The key.
        key: KeyId,
        /// What does not hold.
        part: &'static str,
    },
    /// The signature holds, but was made for something else.
    #[error("verified a signature of key {key}: expected it to be for \"{expected}\", found \"{}\"", escaped(found))]
    Binding {
        /// The key.
        key: KeyId,
        /// The trusted comment that was expected, or what is expected of it.
        expected: String,
        /// The trusted comment.
        found: String,
    },
    /// A package signed with a development key of another home, or for development by another key.
    #[error(
        "verified a signature of key {key}: it is for development, and key {key} is not the development key of this home"
    )]
    DevelopmentKey {
        /// The key.
        key: KeyId,
    },
    /// There is no signature.
    #[error("looked for signatures: expected at least one, found none")]
    Missing,
    /// No signature is by a key that counts.
    #[error("looked for a signature by a trusted key: found only {}", list(found))]
    UnknownKey {
        /// Whose signatures there are.
        found: Vec<KeyId>,
    },
    /// Fewer distinct keys signed than required.
    #[error("counted distinct trusted keys: expected {expected}, found {found}")]
    Threshold {
        /// How many are required.
        expected: usize,
        /// How many signed.
        found: usize,
    },
    /// One key signed twice.
    #[error("counted signatures: expected one of each key, found two of key {key}")]
    Repeated {
        /// The key.
        key: KeyId,
    },
    /// More or larger signatures than allowed.
    #[error("counted signatures: expected at most {limit} {of}, found {found}")]
    Limit {
        /// The limit.
        limit: u64,
        /// What is limited.
        of: &'static str,
        /// What was found.
        found: u64,
    },
}

impl Coded for SignatureError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => codes::SIG_MALFORMED,
            Self::Legacy => codes::SIG_LEGACY,
            Self::Invalid { .. } => codes::SIG_INVALID,
            Self::Binding { .. } => codes::SIG_BINDING,
            Self::DevelopmentKey { .. } => codes::TRUST_DEV_KEY,
            Self::Missing => codes::SIG_MISSING,
            Self::UnknownKey { .. } => codes::TRUST_UNKNOWN_KEY,
            Self::Threshold { .. } | Self::Repeated { .. } => codes::SIG_THRESHOLD,
            Self::Limit { .. } => codes::LIMIT_SIGNATURES,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Malformed { .. } | Self::Legacy => "sign again with `mpp sign FILE --key NAME`",
            Self::Invalid { .. } => "get the file again: it was changed, or was never signed by that key",
            Self::Binding { .. } => "sign this package itself with `mpp sign FILE --key NAME`",
            Self::DevelopmentKey { .. } => {
                "ask the author for a published package: `mpp publish` signs it with a publisher key"
            }
            Self::Missing => "sign the package with `mpp sign FILE --key NAME`",
            Self::UnknownKey { .. } => "if you know whose key it is: `mpp trust add NAME KEY`",
            Self::Threshold { .. } => "ask the other owners to sign with `mpp sign FILE --key NAME`",
            Self::Repeated { .. } | Self::Limit { .. } => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

fn list(keys: &[KeyId]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn shown(found: &str) -> String {
    let short: String = found.chars().take(80).collect();
    format!("\"{}\"", escaped(&short))
}
