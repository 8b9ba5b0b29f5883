//! The filter as a host sees it: the one function of `wit/world.wit`, which says what it promises.
//!
//! What is looked for is in the module below. It knows nothing of WebAssembly, so `cargo test` runs it as it is.

mod customer_number;

wit_bindgen::generate!({ path: "wit", world: "filter" });

use exports::mpp::filter::detector::{Finding, Guest};

struct Filter;

impl Guest for Filter {
    fn detect(texts: Vec<Vec<u8>>) -> Result<Vec<Finding>, String> {
        let mut findings = Vec::new();
        for (number, text) in (0..).zip(&texts) {
            for span in customer_number::find(text) {
                findings.push(Finding { text: number, start: place(span.start)?, end: place(span.end)? });
            }
        }
        Ok(findings)
    }
}

/// An error blocks the texts: better than letting out what was found but cannot be told.
fn place(place: usize) -> Result<u32, String> {
    u32::try_from(place).map_err(|error| error.to_string())
}

export!(Filter);
