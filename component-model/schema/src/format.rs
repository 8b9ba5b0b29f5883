//! The version that every persisted document carries first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The major version that this code reads and writes.
pub const FORMAT_MAJOR: u16 = 1;

/// `major.minor` of a document. A reader refuses a newer major version by name and reads older and equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FormatVersion {
    /// Changes when an older reader would misunderstand the document.
    pub major: u16,
    /// Changes when an older reader still understands it.
    pub minor: u16,
}

impl FormatVersion {
    /// What this code writes.
    pub const CURRENT: Self = Self { major: FORMAT_MAJOR, minor: 0 };
}

impl TryFrom<String> for FormatVersion {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text
            .split_once('.')
            .and_then(|(major, minor)| Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? }));
        match parsed {
            Some(version) if version.to_string() == text => Ok(version),
            _ => Err(format!("expected a format version such as \"1.0\", found \"{}\"", text.escape_default())),
        }
    }
}

impl From<FormatVersion> for String {
    fn from(version: FormatVersion) -> String {
        version.to_string()
    }
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl JsonSchema for FormatVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FormatVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$" })
    }
}
