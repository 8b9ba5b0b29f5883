//! How large each part of a package may be (PKG-30 to PKG-38). Writer and reader use the same numbers.

/// Bytes of `mpp.json`.
pub const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Signatures of one package, or of one signed document of an index.
pub const SIGNATURES_MAX: usize = 16;
/// Bytes of one signature text. The longest that the grammar allows is 808; what is longer up to here is read and refused as
/// malformed, so that a comment that is too long has the same code in a package as alone.
pub const SIGNATURE_BYTES_MAX: u64 = 16 << 10;
/// Entries that a manifest may list.
pub const ENTRIES_MAX: usize = 1024;
/// Bytes of a whole package file.
pub const FILE_BYTES_MAX: u64 = 64 << 20;
/// Bytes of everything that a manifest lists, unpacked.
pub const UNPACKED_BYTES_MAX: u64 = 128 << 20;
/// An entry may unpack to this many bytes whatever its stored size is.
pub const UNPACKED_BYTES_FREE: u64 = 1 << 20;
/// Beyond that, to at most this many times its stored size.
pub const UNPACKED_RATIO_MAX: u64 = 100;
/// Bytes of a component.
pub const COMPONENT_BYTES_MAX: u64 = 32 << 20;
/// Bytes of `tools.json`.
pub const TOOLS_BYTES_MAX: u64 = 1 << 20;
/// The largest window of a zstd frame.
pub const WINDOW_BYTES_MAX: u64 = 8 << 20;
/// Bytes of the name of an entry.
pub const PATH_BYTES_MAX: usize = 100;
/// Bytes of a comment in a signature.
pub const COMMENT_BYTES_MAX: usize = 512;
/// Bytes of a description or of a reason.
pub const DESCRIPTION_BYTES_MAX: usize = 1024;
/// Bytes of one tool's definition as compact JSON.
pub const TOOL_BYTES_MAX: usize = 16 << 10;
/// Bytes of a version's text, so that every signature's comment fits its limit.
pub const VERSION_BYTES_MAX: usize = 128;
/// Bytes of the text of a signed message (SIG-51).
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// Bytes of a message's payload type.
pub const PAYLOAD_TYPE_BYTES_MAX: usize = 128;
