//! Where things are in the site, relative to its top: the same on a server and in a folder of files, whatever address it has.

use mpp_schema::{Digest, Ident, KeyId, PackageName, Version};

/// How a page reaches the top of the site: `../` for each folder that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top(String);

impl Top {
    /// Of a path as [`crate::route::Route::path`] writes it.
    pub fn of(path: &str) -> Self {
        match path.matches('/').count() {
            0 => Self("./".to_owned()),
            depth => Self("../".repeat(depth)),
        }
    }

    /// A path from here.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// The newest version of a package.
pub fn package(name: &PackageName) -> String {
    format!("packages/{}/{}/", name.namespace(), name.name())
}

/// One version.
pub fn version(name: &PackageName, version: &Version) -> String {
    format!("{}{version}/", package(name))
}

/// What changes between two versions.
pub fn difference(name: &PackageName, from: &Version, to: &Version) -> String {
    format!("{}{to}/since/{from}/", package(name))
}

/// A namespace.
pub fn namespace(name: &Ident) -> String {
    format!("namespaces/{name}/")
}

/// A key.
pub fn key(key: KeyId) -> String {
    format!("keys/{key}/")
}

/// A package file.
pub fn file(file: Digest) -> String {
    format!("blobs/{file}.mpp")
}

#[cfg(test)]
mod tests {
    use super::Top;

    #[test]
    fn the_top_is_as_many_steps_up_as_there_are_folders() {
        assert_eq!(Top::of("").to("style.css"), "./style.css");
        assert_eq!(Top::of("log/").to("style.css"), "../style.css");
        assert_eq!(Top::of("packages/a/b/").to(""), "../../../");
    }
}
