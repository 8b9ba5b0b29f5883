//! The one error of the verbs: any library's error, with its code, and hints that only a verb can know.

use mpp_schema::{Code, Coded, Problem};
use std::fmt::Write as _;

/// An error of any library, kept whole.
#[derive(Debug)]
pub struct OpsError {
    source: Box<dyn Coded + Send + Sync>,
    hints: Vec<String>,
}

impl<E: Coded + Send + Sync + 'static> From<E> for OpsError {
    fn from(error: E) -> Self {
        let hints = error.hints();
        Self { source: Box::new(error), hints }
    }
}

impl OpsError {
    /// Adds a hint that is more useful than those of the library, so it comes first.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.insert(0, hint.into());
        self
    }

    /// Adds a hint that is less useful than those of the library, so it comes last.
    #[must_use]
    pub fn last_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The stable reason.
    pub fn code(&self) -> Code {
        self.source.code()
    }

    /// What can be done, most useful first.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The message with its causes, each said once.
    pub fn message(&self) -> String {
        let mut message = self.source.to_string();
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                let _ = write!(message, ": {text}");
            }
            cause = error.source();
        }
        message
    }

    /// The form that `--json` prints.
    pub fn problem(&self) -> Problem {
        Problem { code: self.code().to_string(), message: self.message(), help: self.hints.join("\n") }
    }
}
