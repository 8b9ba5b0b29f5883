//! A number of bytes as people write it: `"4MiB"`, `"512KiB"`, or a plain number.

use crate::text::excerpt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A number of bytes; written as text with a binary unit where it is a whole number of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct ByteSize(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl TryFrom<Written> for ByteSize {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let text = match written {
            Written::Number(bytes) => return Ok(Self(bytes)),
            Written::Text(text) => text,
        };
        let wrong = || format!("expected a size such as \"4MiB\", found \"{}\"", excerpt(&text));
        let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..digits_end].parse().map_err(|_| wrong())?;
        let unit = &text[digits_end..];
        let unit = match unit.strip_prefix(' ').unwrap_or(unit) {
            "" => 1,
            unit => UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1,
        };
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> String {
        size.to_string()
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, bytes) =
            UNITS.iter().find(|(_, bytes)| self.0 != 0 && self.0.is_multiple_of(*bytes)).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number of bytes, plain or with a binary unit.",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB)?$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSize;

    #[track_caller]
    fn check(json: &str, expected: Option<u64>) {
        assert_eq!(serde_json::from_str::<ByteSize>(json).ok().map(|size| size.0), expected, "{json}");
    }

    #[test]
    fn reads_numbers_and_units_and_refuses_the_rest() {
        check("12", Some(12));
        check(r#""4MiB""#, Some(4 << 20));
        check(r#""512 KiB""#, Some(512 << 10));
        check(r#""4MB""#, None);
        check(r#""-1""#, None);
        check(r#""""#, None);
        check(r#""4  MiB""#, None);
        check(r#""4\nMiB""#, None);
        check(r#""4\u3000MiB""#, None);
        check(r#"" 4MiB""#, None);
        check(r#""4MiB ""#, None);
        check(r#""99999999999GiB""#, None);
    }

    #[test]
    fn writes_the_largest_whole_unit() {
        assert_eq!(ByteSize(4 << 20).to_string(), "4MiB");
        assert_eq!(ByteSize(1500).to_string(), "1500B");
        assert_eq!(ByteSize(0).to_string(), "0B");
    }
}
