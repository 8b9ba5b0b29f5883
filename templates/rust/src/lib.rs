//! The tool as an agent sees it: one short function for each function in `wit/world.wit`, which says what they promise.
//!
//! What the functions do is in the modules below. They know nothing of WebAssembly, so `cargo test` runs them as they are.

mod document;
mod links;
mod outline;
mod prose;

wit_bindgen::generate!({ path: "wit", world: "tools", additional_derives: [PartialEq] });

use document::Document;
use exports::acme::markdown_tool::markdown::{self, Figures, Heading, Link};

struct Tool;

impl markdown::Guest for Tool {
    fn outline(text: String) -> Vec<Heading> {
        outline::outline(&Document::new(&text))
    }

    fn section(text: String, anchor: String) -> Result<String, String> {
        outline::section(&Document::new(&text), &anchor).map(str::to_owned)
    }

    fn links(text: String) -> Vec<Link> {
        links::links(&Document::new(&text))
    }

    fn stats(text: String) -> Figures {
        prose::stats(&Document::new(&text))
    }

    fn plain_text(text: String) -> String {
        prose::plain_text(&Document::new(&text), prose::CodeBlocks::Keep)
    }
}

export!(Tool);
