//! Publisher keys in minisign's formats: public keys that passed the registration checks, and secret keys that sign.
//!
//! A key that is weak cannot be held as a [`PublicKey`] (SIG-20). Verifying is not done here but in [`crate::signature`].

mod ed25519;
mod locked;
mod public;
mod secret;

pub use public::PublicKey;
pub use secret::SecretKey;

pub(crate) use ed25519::{verify_strict, weakness};

use crate::signature::{SignatureError, SignatureText};
use mpp_schema::{Code, Coded, codes};

/// Whatever can sign: a key file that was unlocked, or a device or service that holds a key.
pub trait Signer {
    /// The key that the signatures are by.
    fn public_key(&self) -> &PublicKey;
    /// Signs `message` with this trusted comment, in the canonical text.
    ///
    /// # Errors
    /// When the comment is not allowed in a signature or the key cannot sign.
    fn sign(&self, message: &[u8], trusted_comment: &str) -> Result<SignatureText, KeyError>;
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not a minisign key.
    #[error("read a {what}: expected {expected}, found {found}")]
    Malformed {
        /// What was read.
        what: &'static str,
        /// What a key looks like at the place that is wrong.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The point is of small order, has two encodings, or lies outside of the prime-order group.
    #[error("registered public key {text}: {reason}; anybody could forge its signatures")]
    Weak {
        /// The key as it was given.
        text: String,
        /// Which check it failed.
        reason: &'static str,
    },
    /// The key file is locked and no password was given.
    #[error("opened a locked key file without a password")]
    PasswordMissing,
    /// The password does not open the key file.
    #[error("opened a locked key file: the password does not fit, or the file is damaged")]
    PasswordWrong,
    /// An empty password locks nothing.
    #[error("locked a key file: expected a password, found an empty one")]
    PasswordEmpty,
    /// What was signed is not a signature that we would accept.
    #[error("signed with a key: the result is not accepted")]
    Signature(#[source] Box<SignatureError>),
    /// The system gave no random bytes.
    #[error("made a key: the system gave no random bytes: {0}")]
    Random(String),
}

impl Coded for KeyError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => codes::KEY_MALFORMED,
            Self::Weak { .. } => codes::KEY_WEAK,
            Self::PasswordMissing | Self::PasswordWrong | Self::PasswordEmpty => codes::KEY_PASSWORD,
            Self::Signature(error) => error.code(),
            Self::Random(_) => codes::IO_FAILED,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Malformed { .. } => "`mpp key list` shows the public keys of this home, each beginning with RW",
            Self::Weak { .. } => "ask the owner of the key for a new one, made with `mpp key new NAME`",
            Self::PasswordMissing | Self::PasswordWrong => "type the password when asked, or set MPP_KEY_PASSWORD",
            Self::PasswordEmpty => "leave the password out to keep the key file unlocked",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
