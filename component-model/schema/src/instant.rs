//! A moment in UTC to the second, in exactly one spelling: `2026-01-31T12:00:00Z`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Seconds since 1970-01-01T00:00:00Z, written as RFC 3339 with a `Z` and no fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(i64);

impl Instant {
    /// The moment this many seconds after 1970; `None` outside the years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(|_| Self(seconds))
    }
    /// Seconds since 1970.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }
    /// The moment `days` later, or the last one that can be written.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        self.plus_seconds(u64::from(days) * 86_400)
    }
    /// The moment `seconds` later, or the last one that can be written.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add_unsigned(seconds).min(Timestamp::MAX.as_second()))
    }
}

impl TryFrom<String> for Instant {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let instant = text.parse::<Timestamp>().ok().map(|at| Self(at.as_second()));
        match instant {
            Some(instant) if instant.to_string() == text => Ok(instant),
            _ => {
                Err(format!("expected a moment such as \"2026-01-31T12:00:00Z\", found \"{}\"", text.escape_default()))
            }
        }
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> String {
        instant.to_string()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Timestamp::from_second(self.0).unwrap_or(Timestamp::MAX);
        write!(f, "{at}")
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" })
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn one_spelling_only() {
        let noon: Instant = serde_json::from_str(r#""2026-01-31T12:00:00Z""#).unwrap();
        assert_eq!(noon.unix_seconds(), 1_769_860_800);
        assert_eq!(noon.plus_days(1).to_string(), "2026-02-01T12:00:00Z");
        for other in ["2026-01-31T12:00:00.5Z", "2026-01-31T13:00:00+01:00", "2026-01-31 12:00:00Z", "yesterday"] {
            assert!(serde_json::from_value::<Instant>(other.into()).is_err(), "{other}");
        }
    }
}
