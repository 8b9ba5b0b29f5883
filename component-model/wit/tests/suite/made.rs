//! Components and tool sets for the tests, made from WIT text.

use mpp_wit::{ToolSet, WitError, WitFolder};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

pub(crate) fn folder(text: &str) -> WitFolder {
    WitFolder { files: [("world.wit".to_owned(), text.to_owned())].into() }
}

/// The tools of a world that exports `body` from one interface.
pub(crate) fn tools_of(body: &str) -> Result<ToolSet, WitError> {
    ToolSet::from_wit(&folder(&world_around(body)), None)
}

pub(crate) fn world_around(body: &str) -> String {
    format!("package acme:notes@0.1.0;\ninterface api {{\n{body}\n}}\nworld notes {{ export api; }}\n")
}

/// A component of that world whose functions do nothing but trap.
pub(crate) fn component(text: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", text).expect("the WIT of the test parses");
    let world = resolve.select_world(&[package], None).expect("the WIT of the test has one world");
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata fits");
    let mut encoder = ComponentEncoder::default().module(&module).expect("the module fits its world");
    encoder.encode().expect("the component can be encoded")
}
