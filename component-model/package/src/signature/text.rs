//! The four lines of a signature, read strictly (SIG-1 to SIG-9).
//!
//! Minisign signs neither the untrusted comment nor the key number, and readers differ in what they forgive. Here one signature has one
//! text: fixed line ends, fixed prefixes, canonical base64, an untrusted comment made of the key's id.

use super::SignatureError;
use crate::{key::PublicKey, limits::COMMENT_BYTES_MAX};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b512, Digest as _};
use mpp_schema::KeyId;

const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";
const CANONICAL: &str = "mpp ";

/// A signature in its one accepted form. Nothing is said yet about whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignatureText {
    text: String,
    key: KeyId,
    number: [u8; 8],
    signature: [u8; 64],
    trusted_comment: String,
    global_signature: [u8; 64],
}

impl SignatureText {
    /// Reads the canonical text.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] or [`SignatureError::Legacy`].
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let lines = Lines::split(text)?;
        let key = lines.untrusted_comment.strip_prefix(CANONICAL).and_then(|id| id.parse().ok());
        let key = key.ok_or_else(|| malformed(1, "`untrusted comment: mpp <key id>`", lines.untrusted_comment))?;
        Self::from_lines(&lines, key, text.to_owned())
    }

    fn from_lines(lines: &Lines<'_>, key: KeyId, text: String) -> Result<Self, SignatureError> {
        let first: [u8; 74] =
            base64(lines.signature).ok_or_else(|| malformed(2, "canonical base64 of 74 bytes", lines.signature))?;
        let global_signature = base64(lines.global_signature)
            .ok_or_else(|| malformed(4, "canonical base64 of 64 bytes", lines.global_signature))?;
        match &first[..2] {
            b"ED" => {}
            b"Ed" => return Err(SignatureError::Legacy),
            _ => return Err(malformed(2, "the algorithm `ED`", lines.signature)),
        }
        Ok(Self {
            text,
            key,
            number: first[2..10].try_into().expect("8 bytes"),
            signature: first[10..].try_into().expect("64 bytes"),
            trusted_comment: lines.trusted_comment.to_owned(),
            global_signature,
        })
    }

    /// The four lines, each ended by a line feed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id of the key that the text names.
    pub fn key_id(&self) -> KeyId {
        self.key
    }

    /// The key number that the text names.
    pub fn key_number(&self) -> [u8; 8] {
        self.number
    }

    /// The trusted comment, without its prefix.
    pub fn trusted_comment(&self) -> &str {
        &self.trusted_comment
    }

    pub(super) fn signature_bytes(&self) -> &[u8] {
        &self.signature
    }

    pub(super) fn global_signature_bytes(&self) -> &[u8] {
        &self.global_signature
    }

    /// Whether the unsigned parts of the text are those of `key`.
    pub(super) fn names(&self, key: &PublicKey) -> Result<(), SignatureError> {
        if self.key != key.id() {
            return Err(malformed(1, "the id of the key", &self.key.to_string()));
        }
        if self.number != key.number() {
            return Err(malformed(2, "the number of the key", &format!("{:016X}", u64::from_le_bytes(self.number))));
        }
        Ok(())
    }
}

/// Brings a signature that another minisign program made with `key` into the canonical form: same four lines, canonical first one.
/// Everything else about the text must already be in the accepted form.
///
/// # Errors
/// [`SignatureError::Malformed`] when the text is not, or has another key number; [`SignatureError::Legacy`].
pub fn attach(text: &str, key: &PublicKey) -> Result<SignatureText, SignatureError> {
    let lines = Lines::split(text)?;
    let (_, signed_part) = text.split_once('\n').expect("four lines");
    let canonical = format!("{UNTRUSTED}{CANONICAL}{}\n{signed_part}", key.id());
    let signature = SignatureText::from_lines(&lines, key.id(), canonical)?;
    signature.names(key)?;
    Ok(signature)
}

/// The text of a signature whose two parts are made by `sign`: over the message's prehash, and over that signature with the comment.
pub(crate) fn assemble(
    key: &PublicKey,
    trusted_comment: &str,
    sign: impl Fn(&[u8]) -> [u8; 64],
    message: &[u8],
) -> SignatureText {
    let signature = sign(&Blake2b512::digest(message));
    let global_signature = sign(&[&signature[..], trusted_comment.as_bytes()].concat());
    let first = STANDARD.encode([&b"ED"[..], &key.number(), &signature].concat());
    let fourth = STANDARD.encode(global_signature);
    let text = format!("{UNTRUSTED}{CANONICAL}{}\n{first}\n{TRUSTED}{trusted_comment}\n{fourth}\n", key.id());
    let (key, number, trusted_comment) = (key.id(), key.number(), trusted_comment.to_owned());
    SignatureText { text, key, number, signature, trusted_comment, global_signature }
}

/// Whether a text may be a comment: 1 to 512 printable ASCII characters, no space at either end.
pub(crate) fn check_comment(comment: &str) -> Result<(), SignatureError> {
    line_comment(3, comment)
}

struct Lines<'a> {
    untrusted_comment: &'a str,
    signature: &'a str,
    trusted_comment: &'a str,
    global_signature: &'a str,
}

impl<'a> Lines<'a> {
    fn split(text: &'a str) -> Result<Self, SignatureError> {
        let parts: Vec<&str> = text.split('\n').take(6).collect();
        let &[first, signature, third, global_signature, ""] = parts.as_slice() else {
            let line = parts.len().clamp(1, 4) as u8;
            return Err(malformed(line, "exactly four lines, each ended by a line feed", text));
        };
        let untrusted_comment =
            first.strip_prefix(UNTRUSTED).ok_or_else(|| malformed(1, "the prefix `untrusted comment: `", first))?;
        let trusted_comment =
            third.strip_prefix(TRUSTED).ok_or_else(|| malformed(3, "the prefix `trusted comment: `", third))?;
        line_comment(1, untrusted_comment)?;
        line_comment(3, trusted_comment)?;
        Ok(Self { untrusted_comment, signature, trusted_comment, global_signature })
    }
}

fn line_comment(line: u8, comment: &str) -> Result<(), SignatureError> {
    let printable = comment.bytes().all(|b| (b' '..=b'~').contains(&b));
    let length_ok = (1..=COMMENT_BYTES_MAX).contains(&comment.len());
    if printable && length_ok && comment.trim() == comment {
        return Ok(());
    }
    Err(malformed(line, "1 to 512 printable ASCII characters without a space at either end", comment))
}

fn base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn malformed(line: u8, expected: &'static str, found: &str) -> SignatureError {
    SignatureError::Malformed { line, expected, found: found.chars().take(80).collect() }
}
