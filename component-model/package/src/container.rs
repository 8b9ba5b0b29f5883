//! The file: a POSIX tar archive in exactly one spelling (PKG-1 to PKG-10).
//!
//! The writer is the specification and the reader compares: each header block is built again from the entry's name and size, so an
//! accepted file is byte for byte what the writer would write. What the entries mean is not known here.

mod error;
mod header;
mod path;
mod reader;
mod writer;

pub use error::ContainerError;
pub use header::{BLOCK_BYTES, header_block, set_checksum};
pub use path::{check_path, check_paths};
pub use reader::{EntryHeader, Reader};
pub use writer::{padding, write};

/// The first entry.
pub const MANIFEST_PATH: &str = "mpp.json";
/// The folder of the signatures.
pub const SIGNATURES_FOLDER: &str = "signatures/";
/// How the name of a signature ends.
pub const SIGNATURE_SUFFIX: &str = ".minisig";
/// The component, the first entry that a manifest lists.
pub const COMPONENT_PATH: &str = "component.wasm.zst";
/// The tools' definitions, the second entry that a manifest lists.
pub const TOOLS_PATH: &str = "tools.json.zst";
/// The folder of the WIT texts.
pub const WIT_FOLDER: &str = "wit/";
/// The text that explains the package.
pub const README_PATH: &str = "README.md.zst";
/// The licence's text.
pub const LICENSE_PATH: &str = "LICENSE.zst";
/// The list of what the component was made of.
pub const SBOM_PATH: &str = "sbom.cdx.json.zst";

/// The name of the entry that holds the signature of `key`.
pub fn signature_path(key: mpp_schema::KeyId) -> String {
    format!("{SIGNATURES_FOLDER}{key}{SIGNATURE_SUFFIX}")
}
