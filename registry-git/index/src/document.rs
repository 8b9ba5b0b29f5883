//! From bytes to a document: exact text, signatures first, shape after (spec/index.md IDX-5, IDX-6).

use crate::{IndexError, keys::Keys};
use mpp_package::{key::Signer, signature::Purpose, signed};
use mpp_schema::{FORMAT_MAJOR, FormatVersion, KeyId, index::Signed};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a document with a version looks like to somebody who cannot read the rest.
#[derive(Deserialize)]
struct Versioned {
    mpp: FormatVersion,
}

/// Reads a document that carries a version, and refuses a newer one by name.
pub(crate) fn parse<T: DeserializeOwned>(path: &str, text: &[u8]) -> Result<T, IndexError> {
    if let Ok(Versioned { mpp }) = serde_json::from_slice::<Versioned>(text)
        && mpp.major > FORMAT_MAJOR
    {
        return Err(IndexError::Newer { path: path.to_owned(), found: mpp });
    }
    parse_line(path, text)
}

/// Reads one JSON value that carries no version.
pub(crate) fn parse_line<T: DeserializeOwned>(path: &str, text: &[u8]) -> Result<T, IndexError> {
    serde_json::from_slice(text)
        .map_err(|error| IndexError::malformed(path, "a document of its format", error.to_string()))
}

/// One value as JSON without spaces, and a line feed.
pub(crate) fn line<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = compact(value).into_bytes();
    bytes.push(b'\n');
    bytes
}

/// One value as JSON without spaces.
pub(crate) fn compact<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own shapes have only text keys and finite numbers")
}

/// Reads a file that is one envelope and a line feed.
pub(crate) fn envelope(path: &str, file: &[u8]) -> Result<Signed, IndexError> {
    match lines(path, file)?.as_slice() {
        [one] => parse_line(path, one),
        more => Err(IndexError::malformed(path, "exactly one line", format!("{} lines", more.len()))),
    }
}

/// The lines of a file, each with its line feed; the last must have one.
pub(crate) fn lines<'a>(path: &str, file: &'a [u8]) -> Result<Vec<&'a [u8]>, IndexError> {
    let lines: Vec<_> = file.split_inclusive(|&byte| byte == b'\n').collect();
    match lines.last() {
        Some(last) if last.last() != Some(&b'\n') => {
            Err(IndexError::malformed(path, "a line feed at the end of each line", "a last line without one"))
        }
        _ => Ok(lines),
    }
}

/// Verifies an envelope and only then reads its text.
pub(crate) fn open<T: DeserializeOwned>(
    path: &str,
    signed: &Signed,
    purpose: &Purpose,
    keys: &Keys,
) -> Result<(T, Vec<KeyId>), IndexError> {
    let signers = signed::verify_text(signed, purpose, keys.keys(), keys.threshold())
        .map_err(|source| IndexError::Signature { path: path.to_owned(), source })?;
    Ok((parse(path, signed.signed.as_bytes())?, signers))
}

/// Signs a document for a purpose.
pub(crate) fn seal<T: Serialize>(
    path: &str,
    document: &T,
    purpose: &Purpose,
    signers: &[&dyn Signer],
) -> Result<Signed, IndexError> {
    signed::sign_text(compact(document), purpose, signers)
        .map_err(|source| IndexError::Key { path: path.to_owned(), source })
}
