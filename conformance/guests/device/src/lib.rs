//! A guest for the host's tests: a device that was bound to a slot.

use exports::guest::device::tools::Guest;
use imports::mpp::host::device::{InputStream, OpenError, OutputStream, open};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({ world: "device", path: "wit" });

mod imports {
    wit_bindgen::generate!({
        inline: "package guest:imports; world imports { import mpp:host/device@0.1.0; }",
        path: ["../../../component-model/wit/wit/wasi-io-0.2", "../../../component-model/wit/wit/mpp-host-0.1"],
        world: "guest:imports/imports",
        generate_all,
        with: {
            "wasi:io/error@0.2.0": wasip2::io::error,
            "wasi:io/poll@0.2.0": wasip2::io::poll,
            "wasi:io/streams@0.2.0": wasip2::io::streams,
        },
    });
}

struct Device;
export!(Device);

fn opened(slot: &str) -> Result<(InputStream, OutputStream), String> {
    open(slot).map_err(named)
}

fn named(error: OpenError) -> String {
    error.name().to_owned()
}

fn failed(error: StreamError) -> String {
    match error {
        StreamError::Closed => "closed".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}

/// What opening says.
fn word(slot: &str) -> String {
    opened(slot).map_or_else(|error| error, |_| "opened".to_owned())
}

impl Guest for Device {
    fn open_device(slot: String) -> Result<String, String> {
        opened(&slot).map(|_| "opened".to_owned())
    }

    fn exchange(slot: String, line: String) -> Result<String, String> {
        let (input, output) = opened(&slot)?;
        output.blocking_write_and_flush(format!("{line}\n").as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        while answer.last() != Some(&b'\n') {
            answer.extend(input.blocking_read(1).map_err(failed)?);
        }
        Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
    }

    fn exchange_bytes(slot: String, data: Vec<u8>) -> Result<Vec<u8>, String> {
        let (input, output) = opened(&slot)?;
        let mut answer = Vec::new();
        for part in data.chunks(1024) {
            output.blocking_write_and_flush(part).map_err(failed)?;
            let end = answer.len() + part.len();
            while answer.len() < end {
                input.subscribe().block();
                answer.extend(input.read(4096).map_err(failed)?);
            }
        }
        Ok(answer)
    }

    fn open_twice(slot: String) -> (String, String) {
        let first = opened(&slot);
        let second = word(&slot);
        drop(first);
        (second, word(&slot))
    }

    fn read_to_end(slot: String) -> Result<String, String> {
        let (input, _output) = opened(&slot)?;
        let mut text = Vec::new();
        loop {
            match input.blocking_read(4096) {
                Ok(bytes) => text.extend(bytes),
                Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&text).into_owned()),
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn send_without_end(slot: String) -> Result<u64, String> {
        let (_input, output) = opened(&slot)?;
        loop {
            output.blocking_write_and_flush(&[b'x'; 4096]).map_err(failed)?;
        }
    }
}
