//! The tool as an agent sees it: one question to one web service.
//!
//! `request.rs` speaks HTTP through the host, which checks each request against what was granted. `answer.rs` reads what came back; it knows
//! nothing of WebAssembly, so `cargo test` runs it as it is.

mod answer;
mod request;

wit_bindgen::generate!({ path: "wit", world: "tools", additional_derives: [PartialEq] });

use exports::acme::repository_facts::repositories::{Facts, Guest};

/// The origin that `Cargo.toml` asks for.
const ORIGIN: &str = "https://api.github.com";

struct Tool;

impl Guest for Tool {
    fn look_up(text: String) -> Result<Facts, String> {
        let path = answer::path(&text)?;
        let (status, body) = request::get(ORIGIN, &path)?;
        answer::read(status, &body)
    }
}

export!(Tool);
