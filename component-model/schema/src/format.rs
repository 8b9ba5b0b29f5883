//! The version that every persisted document carries first.

use crate::text::excerpt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The major version that this code reads and writes.
pub const FORMAT_MAJOR: u64 = 1;

/// `major.minor` of a document. A reader refuses a newer major version by name and reads older and equal ones. A number that is too large
/// to be held counts as the largest that is: newer than everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FormatVersion {
    /// Changes when an older reader would misunderstand the document.
    pub major: u64,
    /// Changes when an older reader still understands it.
    pub minor: u64,
}

impl FormatVersion {
    /// What this code writes.
    pub const CURRENT: Self = Self { major: FORMAT_MAJOR, minor: 0 };
}

impl TryFrom<String> for FormatVersion {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let parsed =
            text.split_once('.').and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }));
        parsed.ok_or_else(|| format!("expected a format version such as \"1.0\", found \"{}\"", excerpt(&text)))
    }
}

/// Decimal digits without a zero before them.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().unwrap_or(u64::MAX))
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

#[cfg(test)]
mod tests {
    use super::FormatVersion;

    #[track_caller]
    fn check(text: &str, expected: Option<(u64, u64)>) {
        let parsed = FormatVersion::try_from(text.to_owned()).ok().map(|version| (version.major, version.minor));
        assert_eq!(parsed, expected, "{text}");
    }

    #[test]
    fn a_version_has_one_spelling() {
        check("1.0", Some((1, 0)));
        check("10.20", Some((10, 20)));
        for other in ["", "1", "1.", ".1", "01.0", "1.00", "+1.0", "1.0.0", " 1.0", "1.0 ", "1,0", "٣.0"] {
            check(other, None);
        }
    }

    #[test]
    fn a_version_of_the_far_future_is_still_newer() {
        check("70000.0", Some((70_000, 0)));
        check(&format!("{}.0", "9".repeat(100)), Some((u64::MAX, 0)));
    }
}
