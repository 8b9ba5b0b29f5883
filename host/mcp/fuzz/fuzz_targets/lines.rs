//! Whatever the bytes and wherever they are cut: the reader gives the same messages, one or one answer for each line (MCP-20 to MCP-23).

#![no_main]

use libfuzzer_sys::fuzz_target;
use mpp_mcp::decoded::decoded;
use tokio::io::AsyncReadExt as _;

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (cut, bytes) = input;
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let whole = decoded(&bytes[..]);
    assert_eq!(decoded(first.chain(second)), whole);
    assert!(whole.len() <= bytes.iter().filter(|byte| **byte == b'\n').count());
    for message in whole.iter().filter(|message| !message.is_empty()) {
        serde_json::from_str::<serde_json::Value>(message).expect("what was read can be written");
    }
});
