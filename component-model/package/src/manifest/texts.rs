//! Texts that a model or a person reads (PKG-49): no character that nobody sees, and not too long.

use super::ManifestError;
use crate::{limits::DESCRIPTION_BYTES_MAX, strict_json::find_text};
use mpp_schema::text::hidden_character;
use serde_json::Value;

/// Checks every string of a document, keys too; descriptions and reasons also for their length.
pub(crate) fn check_texts(file: &'static str, document: &Value) -> Result<(), ManifestError> {
    let refused = find_text(document, "", &mut |field, text| {
        let field = || field.to_owned();
        if let Some(found) = hidden_character(text) {
            return Some(ManifestError::Hidden { file, field: field(), found });
        }
        let limited = ["description", "reason"].iter().any(|name| field().rsplit('.').next() == Some(name));
        (limited && text.len() > DESCRIPTION_BYTES_MAX).then(|| {
            let (limit, found) = (DESCRIPTION_BYTES_MAX, text.len());
            ManifestError::Long { file, field: field(), limit, found }
        })
    });
    refused.map_or(Ok(()), Err)
}
