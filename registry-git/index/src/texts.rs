//! The texts of an index that people read (spec/index.md IDX-20, IDX-60, IDX-71).

use crate::IndexError;
use mpp_package::limits::DESCRIPTION_BYTES_MAX;
use mpp_schema::text;

/// The longest id of an advisory.
const ID_BYTES_MAX: usize = 64;

/// Refuses a text that hides something or is too long.
pub(crate) fn check(at: &str, text: &str) -> Result<(), IndexError> {
    if let Some(hidden) = text::hidden_character(text) {
        let found = hidden.escape_unicode().to_string();
        return Err(IndexError::malformed(at, "a text without hidden characters", found));
    }
    match text.len() {
        0..=DESCRIPTION_BYTES_MAX => Ok(()),
        bytes => Err(IndexError::malformed(at, "a text of at most 1024 bytes", format!("{bytes} bytes"))),
    }
}

/// The same for a text that must say something.
pub(crate) fn check_reason(at: &str, text: &str) -> Result<(), IndexError> {
    match text.trim().is_empty() {
        true => Err(IndexError::malformed(at, "a reason", "none")),
        false => check(at, text),
    }
}

/// Refuses an id of an advisory that is not short and plain.
pub(crate) fn check_id(at: &str, id: &str) -> Result<(), IndexError> {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    let begins = id.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    match plain && begins && id.len() <= ID_BYTES_MAX {
        true => Ok(()),
        false => Err(IndexError::malformed(
            at,
            "an id of letters, digits, `-` and `.`",
            format!("\"{}\"", text::excerpt(id)),
        )),
    }
}
