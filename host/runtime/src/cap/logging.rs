//! `wasi:logging`: lines with a level and a context, kept in the log of the call. Permission `logging`; rule HOST-74.

use crate::privacy;
use crate::state::State;
use crate::stop::LimitHit;
use mpp_privacy::Direction;
use mpp_schema::{codes, text};
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum Level {
    /// What happens, step by step.
    #[component(name = "trace")]
    Trace,
    /// For whoever looks for a mistake.
    #[component(name = "debug")]
    Debug,
    /// Good to know.
    #[component(name = "info")]
    Info,
    /// Something is odd.
    #[component(name = "warn")]
    Warn,
    /// Something failed.
    #[component(name = "error")]
    Error,
    /// Nothing works any more.
    #[component(name = "critical")]
    Critical,
}

impl Level {
    /// The level as the interface names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// One line of a tool's log, as the tool wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// What it is about, in the tool's words.
    pub context: String,
    /// The line.
    pub message: String,
}

impl Record {
    /// The record on one line, with everything escaped that could hide something or move a terminal's cursor.
    pub fn line(&self) -> String {
        let (level, message) = (self.level.as_str(), text::escaped(&self.message));
        match self.context.as_str() {
            "" => format!("{level}: {message}"),
            context => format!("{level} [{}]: {message}", text::escaped(context)),
        }
    }
}

/// What a tool logged so far.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) kept: Vec<Record>,
    bytes: usize,
}

/// Records of one call.
const RECORDS_MAX: usize = 10_000;

impl Records {
    /// Keeps a record, and stops the call at its limit.
    fn push(&mut self, record: Record, bytes_max: usize) -> Result<(), LimitHit> {
        self.bytes = self.bytes.saturating_add(record.context.len()).saturating_add(record.message.len());
        if self.bytes > bytes_max || self.kept.len() == RECORDS_MAX {
            return Err(LimitHit::Output { stream: "the log", limit: bytes_max });
        }
        self.kept.push(record);
        Ok(())
    }
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut instance = linker.instance("wasi:logging/logging@0.1.0-draft")?;
    instance.func_wrap("log", |mut store, (level, context, message): (Level, String, String)| {
        let state = store.data_mut();
        if !state.terms.grants.logging() {
            state.refusals.push(codes::CAP_DENIED, || "a log line was dropped: logging is not granted".to_owned());
            return Ok(());
        }
        match state.guard.text(Direction::Log, "", context).and_then(|context| {
            let message = state.guard.text(Direction::Log, &context, message)?;
            Ok(Record { level, context, message })
        }) {
            Ok(record) => Ok(state.records.push(record, state.log_bytes_max)?),
            Err(blocked) => {
                let (code, message) = privacy::refusal("a log line", &blocked);
                state.refusals.push(code, || message);
                Ok(())
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Level, RECORDS_MAX, Record, Records};

    fn record(message: &str) -> Record {
        Record { level: Level::Warn, context: "net".to_owned(), message: message.to_owned() }
    }

    #[test]
    fn a_line_is_escaped_when_it_is_shown() {
        assert_eq!(record("a\n\x1b[2Jb").line(), "warn [net]: a\\n\\u{1b}[2Jb");
        assert_eq!(Record { context: String::new(), ..record("x") }.line(), "warn: x");
    }

    #[test]
    fn records_are_bounded_in_bytes_and_in_number() {
        let mut records = Records::default();
        assert!(records.push(record("1234567"), 20).is_ok());
        assert!(records.push(record("1234567"), 20).is_ok());
        assert!(records.push(record(""), 20).is_err());
        let mut records = Records::default();
        (0..RECORDS_MAX).for_each(|_| assert!(records.push(record(""), usize::MAX).is_ok()));
        assert!(records.push(record(""), usize::MAX).is_err());
    }
}
