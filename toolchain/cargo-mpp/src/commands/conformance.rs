//! `mpp conformance`: the protocol of `conformance/PROTOCOL.md`, one request on stdin, one answer on stdout.

use super::Output;
use clap::Args;
use mpp_ops::OpsError;
use std::io::Read as _;

#[derive(Debug, Args)]
pub struct Arguments {}

/// Larger requests are cut, and so refused as malformed.
const REQUEST_BYTES_MAX: u64 = 16 << 20;

pub fn run(_: Arguments) -> Result<Output, OpsError> {
    let mut request = String::new();
    let read = std::io::stdin().lock().take(REQUEST_BYTES_MAX).read_to_string(&mut request);
    let answer = mpp_ops::conformance::answer(if read.is_ok() { &request } else { "" });
    let json = serde_json::from_str::<serde_json::Value>(&answer).unwrap_or_default();
    Ok(Output::new(json, answer + "\n"))
}
