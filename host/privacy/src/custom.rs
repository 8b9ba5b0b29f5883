//! Patterns of the user: regular expressions of bounded length, in linear time (PRIV-7).

use crate::{Kind, detect::Hit};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, Look};

/// The longest match of a pattern.
pub const PATTERN_BYTES_MAX: usize = 256;
/// The largest program that a pattern may become.
const PROGRAM_BYTES_MAX: usize = 256 * 1024;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no regular expression of the accepted kind, or too large a one.
    #[error("the pattern `{name}` does not parse: {reason}")]
    Syntax {
        /// The pattern's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// It could match nothing.
    #[error("the pattern `{name}` matches an empty text")]
    Empty {
        /// The pattern's name.
        name: String,
    },
    /// Its longest match is too long, or has no bound.
    #[error("the pattern `{name}` can match more than {PATTERN_BYTES_MAX} bytes: write `{{1,64}}` in place of `+`")]
    Unbounded {
        /// The pattern's name.
        name: String,
    },
    /// It asks for the beginning or the end of the whole text, which a stream does not know.
    #[error("the pattern `{name}` uses `\\A` or `\\z`: `^` and `$` are the ends of a line")]
    Anchored {
        /// The pattern's name.
        name: String,
    },
    /// A name stands in placeholders, so it must be plain.
    #[error("`{name}` is no name of a pattern: expected capitals, digits and hyphens, at most 32")]
    Name {
        /// The name.
        name: String,
    },
}

/// A pattern and its name.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) name: String,
    expression: Regex,
}

impl Pattern {
    pub(crate) fn new(name: &str, expression: &str) -> Result<Self, PatternError> {
        let own = || name.to_owned();
        check_name(name)?;
        let syntax = |reason: String| PatternError::Syntax { name: own(), reason };
        let parsed = regex_syntax::ParserBuilder::new().multi_line(true).utf8(false).build().parse(expression);
        let parsed: Hir = parsed.map_err(|error| syntax(error.to_string()))?;
        let properties = parsed.properties();
        if properties.minimum_len().unwrap_or(0) == 0 {
            return Err(PatternError::Empty { name: own() });
        }
        if properties.maximum_len().is_none_or(|longest| longest > PATTERN_BYTES_MAX) {
            return Err(PatternError::Unbounded { name: own() });
        }
        if properties.look_set().contains(Look::Start) || properties.look_set().contains(Look::End) {
            return Err(PatternError::Anchored { name: own() });
        }
        let mut builder = RegexBuilder::new(expression);
        builder.multi_line(true).size_limit(PROGRAM_BYTES_MAX);
        let expression = builder.build().map_err(|error| syntax(error.to_string()))?;
        Ok(Self { name: own(), expression })
    }

    /// The matches that begin at `from` or later.
    pub(crate) fn find(&self, rule: usize, bytes: &[u8], from: usize, out: &mut Vec<Hit>) {
        let mut place = from;
        while let Some(found) = self.expression.find_at(bytes, place) {
            out.push(Hit::new(Kind::Custom, rule, found.start(), found.end()));
            place = found.end();
        }
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), PatternError> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    let good = (1..=32).contains(&name.len()) && name.bytes().all(plain) && name.as_bytes()[0] != b'-';
    if good { Ok(()) } else { Err(PatternError::Name { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternError};

    #[test]
    fn patterns_are_bounded_plain_and_never_empty() {
        // PRIV-7
        assert!(Pattern::new("STAFF", r"\bE-[0-9]{6}\b").is_ok());
        assert!(Pattern::new("LINE", r"^id: [0-9]{1,9}$").is_ok());
        assert!(matches!(Pattern::new("X", "a*"), Err(PatternError::Empty { .. })));
        assert!(matches!(Pattern::new("X", "a+"), Err(PatternError::Unbounded { .. })));
        assert!(matches!(Pattern::new("X", r"\Aabc"), Err(PatternError::Anchored { .. })));
        assert!(matches!(Pattern::new("X", r"(?-m)^abc"), Err(PatternError::Anchored { .. })));
        assert!(matches!(Pattern::new("X", r"(a)\1"), Err(PatternError::Syntax { .. })));
        assert!(matches!(Pattern::new("X", r"a(?=b)"), Err(PatternError::Syntax { .. })));
        assert!(matches!(
            Pattern::new("X", r"(\w{10}){20}"),
            Err(PatternError::Unbounded { .. } | PatternError::Syntax { .. })
        ));
        assert!(matches!(Pattern::new("a]b", "abc"), Err(PatternError::Name { .. })));
    }
}
