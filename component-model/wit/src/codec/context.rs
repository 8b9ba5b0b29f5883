//! Where the reader is, and what went wrong there. serde's errors carry only text, so path and reason travel beside them.

use super::CodecError;
use crate::Value;
use mpp_schema::text::escaped;
use serde::de::Error;
use serde_json::error::Category;
use std::cell::{Cell, RefCell};

/// So many members may be left out in one reading. Each becomes a value that no byte of the text pays for.
const ABSENT_MAX: usize = 1 << 20;

/// Longer texts are cut in messages.
const FOUND_CHARS_MAX: usize = 40;

/// One step from a value to a value inside it.
pub(super) enum Step<'a> {
    /// A member with that name.
    Name(&'a str),
    /// The item of a tuple.
    Item(usize),
    /// An element of a list.
    Index(usize),
}

/// The state of one reading.
pub(super) struct Context<'a> {
    root: &'static str,
    path: RefCell<Vec<Step<'a>>>,
    failure: Cell<Option<CodecError>>,
    absent: Cell<usize>,
}

impl<'a> Context<'a> {
    pub(super) fn new(root: &'static str) -> Self {
        Self { root, path: RefCell::default(), failure: Cell::default(), absent: Cell::default() }
    }

    pub(super) fn enter(&self, step: Step<'a>) {
        self.path.borrow_mut().push(step);
    }

    pub(super) fn leave(&self) {
        self.path.borrow_mut().pop();
    }

    /// The value of a member that is left out.
    pub(super) fn absent<E: Error>(&self) -> Result<Value, E> {
        let absent = self.absent.get() + 1;
        self.absent.set(absent);
        if absent > ABSENT_MAX {
            return Err(self.fail(format!("more than {ABSENT_MAX} members are left out, counted over the whole text")));
        }
        Ok(Value::Option(None))
    }

    /// Keeps the reason and the path, and gives the empty error that makes the parser stop.
    pub(super) fn fail<E: Error>(&self, problem: String) -> E {
        self.failure.set(Some(CodecError::Mismatch { path: self.path_text(), problem }));
        E::custom("")
    }

    /// What stopped the parser: our own reason, or its complaint about the text.
    pub(super) fn error(&self, error: &serde_json::Error) -> CodecError {
        self.failure.take().unwrap_or_else(|| match error.classify() {
            Category::Data => CodecError::Mismatch { path: self.path_text(), problem: without_position(error) },
            // The parser calls it syntax, but it is a number of JSON's grammar, only larger than any f64.
            Category::Syntax if error.to_string().starts_with(OUT_OF_RANGE) => {
                CodecError::Mismatch { path: self.path_text(), problem: OUT_OF_RANGE.to_owned() }
            }
            _ => CodecError::Syntax { root: self.root, problem: error.to_string() },
        })
    }

    fn path_text(&self) -> String {
        let mut text = self.root.to_owned();
        for step in self.path.borrow().iter() {
            text += &match step {
                Step::Name(name) => format!(".{name}"),
                Step::Item(position) => format!(".f{position}"),
                Step::Index(index) => format!("[{index}]"),
            };
        }
        text
    }
}

/// A text that was found, for a message.
pub(super) fn found_text(text: &str) -> String {
    let start: String = text.chars().take(FOUND_CHARS_MAX).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("\"{}{dots}\"", escaped(&start))
}

/// What the parser says of a number that is too large.
const OUT_OF_RANGE: &str = "number out of range";

/// The parser's own complaint about a value in our words, without the line and column that mean nothing beside a path.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.strip_prefix("invalid type: ").and_then(|text| text.rsplit_once(", expected ")) {
        Some((found, expected)) => format!("expected {expected}, found {found}"),
        None => text.to_owned(),
    }
}
