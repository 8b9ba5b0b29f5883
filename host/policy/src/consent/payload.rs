//! A signed payload in its one spelling: what our writer writes for the same document.

use mpp_schema::{FORMAT_MAJOR, manifest::VersionProbe};
use serde::{Serialize, de::DeserializeOwned};

/// Reads `payload`; unknown, repeated and reordered fields, spaces and other spellings are refused.
pub(crate) fn read<T: DeserializeOwned + Serialize>(payload: &[u8]) -> Result<T, String> {
    let text = |error: serde_json::Error| error.to_string();
    let probe: VersionProbe = serde_json::from_slice(payload).map_err(text)?;
    if probe.mpp.major != FORMAT_MAJOR {
        return Err(format!("expected format version {FORMAT_MAJOR}.x, found {}", probe.mpp));
    }
    let document: T = serde_json::from_slice(payload).map_err(text)?;
    if serde_json::to_vec(&document).map_err(text)? != payload {
        return Err("its text is not the one spelling of what it says".to_owned());
    }
    Ok(document)
}
