//! Whose store it is: the key of a publisher, and the name of a package.

use mpp_schema::{KeyId, PackageName};
use sha2::{Digest as _, Sha256};

/// What a package can show when it asks for its store: who signed it, and what it is called.
///
/// The store belongs to one key, the one that claimed it. A package opens it when that key is among its signers (HOST-60).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Keys whose signatures were verified, the one that claims a new store first. At least one.
    pub publishers: Vec<KeyId>,
    /// The package.
    pub package: PackageName,
}

/// The folder of what one key claimed: short, because the path of a socket must be, and without letters that a file system could fold.
pub(crate) fn folder_name(publisher: KeyId, package: &PackageName) -> String {
    let mut hash = Sha256::new();
    hash.update(b"mpp-kv-v1\0");
    hash.update(publisher.to_string());
    hash.update(b"\0");
    hash.update(package.to_string());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
