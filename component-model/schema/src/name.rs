//! Names as WIT writes them: kebab-case identifiers in ASCII, and `namespace:name` pairs of them.

use crate::{Code, Coded, codes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The longest identifier, in bytes.
const IDENT_BYTES_MAX: usize = 64;

/// A text that is not the name that was expected.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}, found \"{}\"", found.escape_default())]
pub struct ParseNameError {
    expected: &'static str,
    found: String,
}

impl ParseNameError {
    fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(80).collect() }
    }
}

impl Coded for ParseNameError {
    fn code(&self) -> Code {
        codes::NAME_INVALID
    }
}

/// A WIT identifier in lower case: words of `[a-z0-9]` joined by single hyphens, the first beginning with a
/// letter; at most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ident(String);

/// The name of a tool: the name of its function in WIT.
pub type ToolName = Ident;

impl Ident {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Ident {
    type Err = ParseNameError;
    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        let letter_first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let words_ok = text
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        if letter_first && words_ok && text.len() <= IDENT_BYTES_MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseNameError::new("a kebab-case identifier such as `my-tool`, at most 64 bytes", text))
    }
}

/// `namespace:name`, both identifiers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName {
    namespace: Ident,
    name: Ident,
}

impl PackageName {
    /// Joins a namespace and a name.
    pub fn new(namespace: Ident, name: Ident) -> Self {
        Self { namespace, name }
    }
    /// The part before the colon.
    pub fn namespace(&self) -> &Ident {
        &self.namespace
    }
    /// The part after the colon.
    pub fn name(&self) -> &Ident {
        &self.name
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)
    }
}

impl FromStr for PackageName {
    type Err = ParseNameError;
    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        let wrong = || ParseNameError::new("a package name such as `acme:notes`", text);
        let (namespace, name) = text.split_once(':').ok_or_else(wrong)?;
        let ident = |part: &str| part.parse().map_err(|_| wrong());
        Ok(Self { namespace: ident(namespace)?, name: ident(name)? })
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! text_form {
    ($name:ident, $pattern:literal) => {
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
        impl TryFrom<String> for $name {
            type Error = ParseNameError;
            fn try_from(text: String) -> Result<Self, ParseNameError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }
    };
}
text_form!(Ident, "^[a-z][a-z0-9]*(-[a-z0-9]+)*$");
text_form!(PackageName, "^[a-z][a-z0-9]*(-[a-z0-9]+)*:[a-z][a-z0-9]*(-[a-z0-9]+)*$");

#[cfg(test)]
mod tests {
    use super::{Ident, PackageName};

    #[test]
    fn identifiers() {
        for good in ["a", "notes", "my-tool", "a1-b2", "sha-256"] {
            assert!(good.parse::<Ident>().is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "-a", "a-", "a--b", "1a", "Notes", "a_b", "a.b", "ä", long.as_str()] {
            assert!(bad.parse::<Ident>().is_err(), "{bad}");
        }
    }

    #[test]
    fn package_names() {
        assert_eq!("acme:notes".parse::<PackageName>().unwrap().to_string(), "acme:notes");
        for bad in ["acme", "acme:", ":notes", "acme:notes:x", "acme/notes", "acme:notes@1"] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad}");
        }
    }
}
