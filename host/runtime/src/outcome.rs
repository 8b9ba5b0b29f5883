//! What a call gave: a result, the tool's own error, a trap or a limit, and what the tool wrote meanwhile.

use crate::cap::logging::Record;
use crate::privacy::Found;
use crate::refusals::Refusals;
use crate::stop::Stop;
use mpp_schema::{Code, codes, text};
use mpp_wit::value::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a call gave, as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome {
    /// How the call ended.
    pub ending: Ending,
    /// What the tool wrote.
    pub log: Log,
    /// What the host refused to it meanwhile.
    pub refusals: Refusals,
    /// What the privacy filter did.
    pub found: Found,
    /// What left over the network, by the tool and those that it called.
    pub sent: Sent,
    /// Wall time of the call, waiting for a turn included.
    pub elapsed: Duration,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The tool returned; nothing when it has no result.
    Returned(Option<Json>),
    /// The tool returned the `err` of a `result`: its own word that it failed.
    ToolError(Json),
    /// The tool stopped with a trap, or returned a value that has no JSON form.
    Trapped {
        /// `tool.trap` or `tool.result`.
        code: Code,
        /// What happened.
        message: String,
    },
    /// The host stopped the tool: at a limit, or because the call was cancelled.
    Limited {
        /// One of `limit.*`, `call.cancelled`, `pii.blocked` when the result must not leave, or `kv.failed` when what the tool wrote could
        /// not be kept.
        code: Code,
        /// What happened.
        message: String,
    },
}

impl Ending {
    /// The stable reason; nothing when the tool returned a result.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Returned(_) => None,
            Self::ToolError(_) => Some(codes::TOOL_ERROR),
            Self::Trapped { code, .. } | Self::Limited { code, .. } => Some(*code),
        }
    }
}

impl From<Stop> for Ending {
    fn from(stop: Stop) -> Self {
        let is_limit = stop.is_limit();
        let Stop { code, message } = stop;
        if is_limit { Self::Limited { code, message } } else { Self::Trapped { code, message } }
    }
}

/// What a call gave, as typed values: for hosts that have no use for JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesOutcome {
    /// The result, or why the call was stopped. A `result` that is `err` is a value here.
    pub ended: Result<Option<Value>, Stop>,
    /// What the tool wrote.
    pub log: Log,
    /// What the host refused to it meanwhile.
    pub refusals: Refusals,
    /// What the privacy filter did.
    pub found: Found,
    /// What left over the network, by the tool and those that it called.
    pub sent: Sent,
    /// Wall time of the call, waiting for a turn included.
    pub elapsed: Duration,
}

impl ValuesOutcome {
    /// Of a call that ended before its tool began.
    pub(crate) fn not_started(stop: Stop, elapsed: Duration) -> Self {
        let (log, refusals, found, sent) = Default::default();
        Self { ended: Err(stop), log, refusals, found, sent, elapsed }
    }
}

/// What left a call over the network: for its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// How many requests, by origin.
    pub requests: BTreeMap<String, u64>,
    /// Bytes of heads and bodies that were sent, to all origins together.
    pub up_bytes: u64,
    /// Bytes that were received.
    pub down_bytes: u64,
}

impl Sent {
    /// Adds what left a call that was made within the call.
    pub(crate) fn add(&mut self, inner: Self) {
        for (origin, count) in inner.requests {
            *self.requests.entry(origin).or_default() += count;
        }
        self.up_bytes = self.up_bytes.saturating_add(inner.up_bytes);
        self.down_bytes = self.down_bytes.saturating_add(inner.down_bytes);
    }
}

/// What a tool wrote to stdout, stderr and the log, as it wrote it but for what was masked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// Bytes of stdout.
    pub stdout: Vec<u8>,
    /// Bytes of stderr.
    pub stderr: Vec<u8>,
    /// Lines of `wasi:logging`.
    pub records: Vec<Record>,
}

impl Log {
    /// Stdout, line by line, with everything escaped that could hide something or move a terminal's cursor.
    pub fn stdout_lines(&self) -> Vec<String> {
        lines(&self.stdout)
    }

    /// Stderr, in the same way.
    pub fn stderr_lines(&self) -> Vec<String> {
        lines(&self.stderr)
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(text::escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn lines_are_escaped_only_when_shown() {
        let log = Log { stdout: b"one\r\n\x1b[2Jtwo\n\xff".to_vec(), ..Log::default() };
        assert_eq!(log.stdout_lines(), ["one", "\\u{1b}[2Jtwo", "\u{fffd}"]);
        assert!(log.stderr_lines().is_empty());
    }
}
