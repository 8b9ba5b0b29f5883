//! Paths in reports: as text, with a mark in place of what is no Unicode, so that a report can always be printed.

use serde::Serializer;
use std::path::Path;

/// For `serialize_with`.
pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
