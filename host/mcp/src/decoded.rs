//! What the decoder makes of bytes, for its fuzz target alone: a build with `--cfg fuzzing` has it, and no other.

use crate::lines::{LINE_BYTES_MAX, Line, Lines};
use crate::transport;
use std::sync::Arc;
use tokio::io::AsyncRead;

/// One text for each line: the message, or the error that answers it.
pub fn decoded(input: impl AsyncRead + Unpin) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.map(|runtime| runtime.block_on(all(input))).unwrap_or_default()
}

async fn all(input: impl AsyncRead + Unpin) -> Vec<String> {
    let (mut lines, open, mut found) = (Lines::new(input, LINE_BYTES_MAX), Arc::default(), Vec::new());
    while let Ok(Some(line)) = lines.next().await {
        found.push(match line {
            Line::Text(line) => transport::shown(line, &open),
            Line::TooLong => "too long".to_owned(),
        });
    }
    found
}
