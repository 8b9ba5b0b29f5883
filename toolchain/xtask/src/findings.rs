//! What a check found: where, what is wrong, and what to do about it.

use std::fmt;

/// What a check found; nothing when all is well.
pub(crate) type Findings = Vec<Finding>;

/// One thing that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    place: String,
    wrong: String,
    help: String,
}

impl Finding {
    /// `place` is a file or a crate, `wrong` a lowercase fragment, `help` what would put it right.
    pub(crate) fn new(place: impl Into<String>, wrong: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: place.into(), wrong: wrong.into(), help: help.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    help: {}", self.place, self.wrong, self.help)
    }
}
