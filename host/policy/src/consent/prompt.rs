//! What a person is shown: bytes made by the host from the values that are hashed, and what must be typed to say yes (CONS-20 to CONS-23).
//!
//! Lines of the host begin in the first column. Everything that a tool, a model or a stranger wrote stands behind two spaces and a bar, escaped,
//! so that no argument can pass for a line of the host.

use mpp_schema::{Digest, KeyId, MessageKeyId, PackageName, ToolName, Version, consent::Level, text::escaped};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// What a question is about.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The package.
    pub package: &'a PackageName,
    /// Its version.
    pub version: &'a Version,
    /// Its digest.
    pub digest: Digest,
    /// Its publisher.
    pub publisher: KeyId,
    /// The tool.
    pub tool: &'a ToolName,
    /// The typed arguments in their one text, an object.
    pub arguments: &'a str,
    /// What is granted, one sentence each.
    pub granted: &'a [String],
    /// The agent's id and the user's name for it.
    pub agent: Option<(MessageKeyId, &'a str)>,
    /// The level.
    pub level: Level,
    /// Why it is this level.
    pub why: &'a [String],
    /// What changed since it was confirmed before.
    pub changed: Option<&'a str>,
}

/// What must be typed to say yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// `yes`.
    Yes,
    /// A random code.
    Code(String),
    /// A phrase that says what happens.
    Phrase(String),
}

impl Challenge {
    /// What a level asks for; `random` makes the code.
    pub fn of(level: Level, package: &PackageName, tool: &ToolName, random: [u8; 4]) -> Self {
        match level {
            Level::L4 => Self::Phrase(format!("let {tool} of {package} do this")),
            Level::L3 => Self::Code(format!("{:06}", u32::from_be_bytes(random) % 1_000_000)),
            _ => Self::Yes,
        }
    }

    /// Whether a line that was typed says yes. Spaces around it do not count; everything else does.
    pub fn is_met_by(&self, line: &str) -> bool {
        let line = line.trim();
        match self {
            Self::Yes => line == "yes" || line == "y",
            Self::Code(code) => line == code,
            Self::Phrase(phrase) => line == phrase,
        }
    }

    /// The question.
    pub fn question(&self) -> String {
        match self {
            Self::Yes => "allow it? [y/N] ".to_owned(),
            Self::Code(code) => format!("to allow this one call, type {code}: "),
            Self::Phrase(phrase) => format!("to allow this one call, type `{phrase}`: "),
        }
    }
}

/// A text that is shown, and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    text: String,
}

/// How many characters of one argument are shown at most: its beginning and its end.
const SHOWN_CHARS: (usize, usize) = (1_200, 300);
/// How many arguments are shown.
const FIELDS_MAX: usize = 40;
/// How many characters of a line of an argument.
const COLUMNS: usize = 72;

impl Prompt {
    /// The text about a call.
    pub fn new(shown: &Shown<'_>) -> Self {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "A call needs your decision ({}: {}).", shown.level, shown.why.join("; "));
        let _ = writeln!(text, "tool       {} of {} {}", shown.tool, shown.package, shown.version);
        let _ = writeln!(text, "package    {}", shown.digest);
        let _ = writeln!(text, "publisher  {}", shown.publisher);
        let _ = match shown.agent {
            Some((id, name)) => writeln!(text, "agent      \"{}\" {id}", escaped(name).replace('"', "\\\"")),
            None => writeln!(text, "agent      anonymous"),
        };
        if let Some(changed) = shown.changed {
            let _ = writeln!(text, "CHANGED since you confirmed it: {}", escaped(changed));
        }
        text.push_str("with these arguments:\n");
        arguments(&mut text, shown.arguments);
        text.push_str("It may:\n");
        for sentence in shown.granted {
            quoted(&mut text, sentence);
        }
        if shown.granted.is_empty() {
            text.push_str("  | compute on these arguments, and nothing else\n");
        }
        let _ = writeln!(text, "Arguments: {}", Digest::of(shown.arguments.as_bytes()));
        Self { text }
    }

    /// The exact text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its digest, which an approval carries.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

fn arguments(text: &mut String, arguments: &str) {
    let Ok(Json::Object(fields)) = serde_json::from_str::<Json>(arguments) else {
        return quoted(text, arguments);
    };
    if fields.is_empty() {
        text.push_str("  | none\n");
    }
    for (name, value) in fields.iter().take(FIELDS_MAX) {
        quoted(text, &format!("{name}: {value}"));
    }
    if fields.len() > FIELDS_MAX {
        let _ = writeln!(text, "NOT SHOWN: {} more arguments", fields.len() - FIELDS_MAX);
    }
}

/// `said` behind bars, in lines that fit a terminal. Of a long text the beginning and the end, with a line of the host between them.
fn quoted(text: &mut String, said: &str) {
    let chars: Vec<char> = visible(said).chars().collect();
    let (head, tail) = SHOWN_CHARS;
    if chars.len() <= head + tail {
        return lines(text, &chars);
    }
    lines(text, &chars[..head]);
    let (hidden, digest) = (chars.len() - head - tail, Digest::of(said.as_bytes()));
    let _ = writeln!(text, "NOT SHOWN: {hidden} characters of it; SHA-256 of the whole {digest}");
    lines(text, &chars[chars.len() - tail..]);
}

fn lines(text: &mut String, chars: &[char]) {
    for line in chars.chunks(COLUMNS) {
        text.push_str("  | ");
        text.extend(line);
        text.push('\n');
    }
}

/// Hidden characters escaped, and every character outside of ASCII too: two letters that look alike are told apart.
fn visible(said: &str) -> String {
    let plain = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() };
    escaped(said).chars().map(plain).collect()
}

#[cfg(test)]
mod tests;
