//! The parts of a minisign signature, so that a case can spoil one of them and leave the others as they were.

use super::keys::TestKey;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b512, Digest as _};

/// A signature in parts.
#[derive(Clone)]
pub(super) struct Minisig {
    /// The first line after its prefix.
    pub(super) untrusted: String,
    /// `ED`, or `Ed` for the legacy kind.
    pub(super) algorithm: [u8; 2],
    /// The key number.
    pub(super) number: [u8; 8],
    /// Over the BLAKE2b-512 of the message.
    pub(super) signature: [u8; 64],
    /// The third line after its prefix.
    pub(super) trusted: String,
    /// Over signature and trusted comment.
    pub(super) global: [u8; 64],
}

impl Minisig {
    /// A right signature by `key` over `message`.
    pub(super) fn new(key: &TestKey, message: &[u8], trusted: &str) -> Self {
        Self::over(key, *b"ED", &Blake2b512::digest(message), trusted)
    }

    /// A signature of the legacy kind: over the message itself.
    pub(super) fn legacy(key: &TestKey, message: &[u8], trusted: &str) -> Self {
        Self::over(key, *b"Ed", message, trusted)
    }

    fn over(key: &TestKey, algorithm: [u8; 2], signed: &[u8], trusted: &str) -> Self {
        let signature = key.sign(signed);
        let global = key.sign(&[signature.as_slice(), trusted.as_bytes()].concat());
        let untrusted = format!("mpp {}", key.id());
        Self { untrusted, algorithm, number: key.number(), signature, trusted: trusted.to_owned(), global }
    }

    /// The second line.
    pub(super) fn signature_line(&self) -> String {
        STANDARD.encode([self.algorithm.as_slice(), &self.number, &self.signature].concat())
    }

    /// The fourth line.
    pub(super) fn global_line(&self) -> String {
        STANDARD.encode(self.global)
    }

    /// The four lines.
    pub(super) fn text(&self) -> String {
        self.text_with(&self.signature_line(), &self.global_line())
    }

    /// The four lines with another second and fourth one.
    pub(super) fn text_with(&self, signature_line: &str, global_line: &str) -> String {
        format!(
            "untrusted comment: {}\n{signature_line}\ntrusted comment: {}\n{global_line}\n",
            self.untrusted, self.trusted
        )
    }
}

/// Adds the order of the group to the second half of a signature: the same number for a careless reader.
pub(super) fn add_group_order(signature: [u8; 64]) -> [u8; 64] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut changed = signature;
    let mut carry = 0;
    for (byte, addend) in changed[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    changed
}
