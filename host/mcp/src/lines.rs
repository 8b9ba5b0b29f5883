//! Messages as lines: one JSON object each, at most 16 MiB. A longer line is skipped to its end, and costs no memory (MCP-21).

use std::io;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// The longest line, in bytes, without its end.
pub(crate) const LINE_BYTES_MAX: usize = 16 << 20;
/// Room that is kept from one line to the next.
const KEPT_BYTES: usize = 64 << 10;

/// Reads lines. [`next`](Self::next) may be dropped while it waits: what was read stays.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// What was returned last is still in `line`.
    is_taken: bool,
    skipping: bool,
    line_bytes_max: usize,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Without its end.
    Text(&'a [u8]),
    /// It was longer than is read.
    TooLong,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(input: R, line_bytes_max: usize) -> Self {
        let input = BufReader::with_capacity(64 << 10, input);
        Self { input, line: Vec::new(), is_taken: false, skipping: false, line_bytes_max }
    }

    /// The next line that is not empty; nothing at the end of the input. A last line without its end is none.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        if std::mem::take(&mut self.is_taken) {
            self.line.clear();
            self.line.shrink_to(KEPT_BYTES);
        }
        loop {
            let read = self.input.fill_buf().await?;
            if read.is_empty() {
                return Ok(None);
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            if self.line.len() + part.len() > self.line_bytes_max {
                self.skipping = true;
                self.line = Vec::new();
            }
            if !self.skipping {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(part.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_none() {
                continue;
            }
            if std::mem::take(&mut self.skipping) {
                return Ok(Some(Line::TooLong));
            }
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
            if !self.line.is_empty() {
                self.is_taken = true;
                return Ok(Some(Line::Text(&self.line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines};
    use tokio::io::{AsyncRead, AsyncReadExt as _};

    async fn all(input: impl AsyncRead + Unpin) -> Vec<String> {
        let mut lines = Lines::new(input, 8);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(match line {
                Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Line::TooLong => "too long".to_owned(),
            });
        }
        found
    }

    #[tokio::test(flavor = "current_thread")]
    async fn lines_are_bounded_and_ended() {
        assert_eq!(all(&b"one\r\n\n\r\ntwo\nrest"[..]).await, ["one", "two"]);
        assert_eq!(all(&b"12345678\n123456789\n\n3\n"[..]).await, ["12345678", "too long", "3"]);
        assert_eq!(all(&b"x".repeat(1 << 20)[..]).await, Vec::<String>::new());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn lines_are_the_same_however_they_arrive() {
        let input = b"one\r\n\n12345678\n123456789\r\n\r\n1234567\r\nrest";
        let expected = ["one", "12345678", "too long", "1234567"];
        for first in 0..=input.len() {
            for second in first..=input.len() {
                let pieces = input[..first].chain(&input[first..second]).chain(&input[second..]);
                assert_eq!(all(pieces).await, expected, "cut at {first} and {second}");
            }
        }
    }
}
