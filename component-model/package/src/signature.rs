//! Minisign signatures in one accepted form, and what they were made for. `spec/signature.md` states the rules.
//!
//! Verified with `minisign-verify` and with dalek's strict check; both must agree. The `minisign` crate's verifying is never used.

mod error;
mod purpose;
mod text;

pub use error::SignatureError;
pub use purpose::Purpose;
pub use text::{SignatureText, attach};

pub(crate) use text::{assemble, check_comment};

use crate::key::{PublicKey, verify_strict};
use blake2::{Blake2b512, Digest as _};

/// Whether `signature` is by `key` over `message`, prehashed, its trusted comment included (SIG-10 to SIG-13).
///
/// # Errors
/// [`SignatureError::Malformed`] when the text names another key, [`SignatureError::Invalid`] when a signature does not hold.
pub fn verify(message: &[u8], signature: &SignatureText, key: &PublicKey) -> Result<(), SignatureError> {
    signature.names(key)?;
    let invalid = |part| SignatureError::Invalid { key: key.id(), part };
    let prehash = Blake2b512::digest(message);
    if !verify_strict(key.key_bytes(), &prehash, signature.signature_bytes()) {
        return Err(invalid("signed bytes"));
    }
    let global = [signature.signature_bytes(), signature.trusted_comment().as_bytes()].concat();
    if !verify_strict(key.key_bytes(), &global, signature.global_signature_bytes()) {
        return Err(invalid("trusted comment"));
    }
    second_opinion(message, signature, key).ok_or_else(|| invalid("signed bytes"))
}

fn second_opinion(message: &[u8], signature: &SignatureText, key: &PublicKey) -> Option<()> {
    let key = minisign_verify::PublicKey::from_base64(&key.to_base64()).ok()?;
    let signature = minisign_verify::Signature::decode(signature.as_str()).ok()?;
    key.verify(message, &signature, false).ok()
}

#[cfg(test)]
mod tests;
