//! Signed messages: DSSE envelopes (Dead Simple Signing Envelope, protocol v1.0.0) over Ed25519, in one accepted form (SIG-50 to SIG-56).
//!
//! For everything that is said and not packed: grants, approvals, agents' calls, audit checkpoints. The payload type is signed with the
//! payload, so a message of one kind never counts as another. Keys here sign messages and nothing else; a package key never signs one.
//! What a payload means is read by the caller, after it was verified.

mod envelope;
mod error;
mod key;

pub use envelope::{Envelope, VerifiedMessage, pre_authentication_encoding};
pub use error::DsseError;
pub use key::{MessageKey, MessagePublicKey};

/// Signs `payload` as a message of the type `payload_type`; gives the envelope's text, without a line feed.
///
/// # Errors
/// [`DsseError::Limit`] when the payload is larger than a reader accepts.
pub fn sign(payload_type: &str, payload: &[u8], key: &MessageKey) -> Result<String, DsseError> {
    Envelope::sign(payload_type, payload, key).map(|envelope| envelope.to_text())
}

/// Reads `text` and verifies it as a message of the type `payload_type` by `key`.
///
/// # Errors
/// [`DsseError`] for everything that is not exactly that.
pub fn verify(text: &[u8], payload_type: &str, key: &MessagePublicKey) -> Result<VerifiedMessage, DsseError> {
    Envelope::read(text)?.verify(payload_type, key)
}

#[cfg(test)]
mod tests;
