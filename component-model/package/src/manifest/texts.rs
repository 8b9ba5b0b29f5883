//! Texts that a model or a person reads (PKG-49): no character that nobody sees, and not too long.

use super::ManifestError;
use crate::{
    limits::DESCRIPTION_BYTES_MAX,
    strict_json::{Step, find_text, place},
};
use mpp_schema::text::hidden_character;
use serde_json::Value;

/// Checks every string of a document, keys too; descriptions and reasons also for their length.
pub(crate) fn check_texts(file: &'static str, document: &Value) -> Result<(), ManifestError> {
    let refused = find_text(document, &mut Vec::new(), &mut |way, text| {
        if let Some(found) = hidden_character(text) {
            return Some(ManifestError::Hidden { file, field: place(way), found });
        }
        let limited = matches!(way.last(), Some(Step::Key("description" | "reason")));
        (limited && text.len() > DESCRIPTION_BYTES_MAX).then(|| {
            let (limit, found) = (DESCRIPTION_BYTES_MAX, text.len());
            ManifestError::Long { file, field: place(way), limit, found }
        })
    });
    refused.map_or(Ok(()), Err)
}
