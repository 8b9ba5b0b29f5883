//! What can be asked for: one path for each page, document and file, and the one place where a path is read.
//!
//! A path is read strictly: what is not written as [`Route::path`] writes it is nothing, so that each thing has one address, and no name from
//! outside is ever a path of the file system.

use crate::links;
use mpp_schema::{Digest, Ident, KeyId, PackageName, Version};

/// One thing that the site has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The first page.
    Home,
    /// The search page.
    Search,
    /// All namespaces.
    Namespaces,
    /// One namespace.
    Namespace(Ident),
    /// One key.
    Key(KeyId),
    /// The newest version of a package.
    Package(PackageName),
    /// One version.
    Version(PackageName, Version),
    /// What changes from one version (the first) to another.
    Difference(PackageName, Version, Version),
    /// The log and its head.
    Log,
    /// A chapter of the guide; empty for its table of contents.
    Guide(String),
    /// A document of the API.
    Api(Document),
    /// A package file.
    File(Digest),
    /// A file of the site itself: its name.
    Asset(String),
}

/// A document of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// What the API offers.
    OpenApi,
    /// A search.
    Search,
    /// All packages with what a search needs, for searching without a server.
    Everything,
    /// A package with its versions.
    Package(PackageName),
    /// One version, whole.
    Version(PackageName, Version),
    /// What changes from one version (the first) to another.
    Difference(PackageName, Version, Version),
    /// A namespace.
    Namespace(Ident),
    /// The signed head.
    Head,
    /// The log: how long it is, its hash, until when it is fresh.
    Log,
}

const API: &str = "api/v1/";

impl Route {
    /// Reads a path without its first `/` and without a query.
    pub fn parse(path: &str) -> Option<Self> {
        let route = Self::read(path)?;
        (route.path() == path).then_some(route)
    }

    fn read(path: &str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix(API) {
            return Document::read(rest.strip_suffix(".json")?).map(Self::Api);
        }
        if let Some(file) = path.strip_prefix("blobs/") {
            return file.strip_suffix(".mpp")?.parse().ok().map(Self::File);
        }
        if let Some(name) = path.strip_prefix("assets/") {
            return Some(Self::Asset(name.to_owned()));
        }
        match path.strip_suffix('/').unwrap_or(path).split('/').collect::<Vec<_>>()[..] {
            [""] => Some(Self::Home),
            ["search"] => Some(Self::Search),
            ["namespaces"] => Some(Self::Namespaces),
            ["namespaces", name] => Some(Self::Namespace(name.parse().ok()?)),
            ["keys", key] => Some(Self::Key(key.parse().ok()?)),
            ["packages", namespace, name] => Some(Self::Package(package(namespace, name)?)),
            ["packages", namespace, name, version] => {
                Some(Self::Version(package(namespace, name)?, version.parse().ok()?))
            }
            ["packages", namespace, name, to, "since", from] => {
                Some(Self::Difference(package(namespace, name)?, from.parse().ok()?, to.parse().ok()?))
            }
            ["log"] => Some(Self::Log),
            ["guide"] => Some(Self::Guide(String::new())),
            ["guide", chapter] => Some(Self::Guide(chapter.to_owned())),
            _ => None,
        }
    }

    /// The path, without a first `/`. Pages end in `/`.
    pub fn path(&self) -> String {
        match self {
            Self::Home => String::new(),
            Self::Search => "search/".to_owned(),
            Self::Namespaces => "namespaces/".to_owned(),
            Self::Namespace(name) => links::namespace(name),
            Self::Key(key) => links::key(*key),
            Self::Package(name) => links::package(name),
            Self::Version(name, version) => links::version(name, version),
            Self::Difference(name, from, to) => links::difference(name, from, to),
            Self::Log => "log/".to_owned(),
            Self::Guide(chapter) if chapter.is_empty() => "guide/".to_owned(),
            Self::Guide(chapter) => format!("guide/{chapter}/"),
            Self::Api(document) => format!("{API}{}.json", document.path()),
            Self::File(file) => links::file(*file),
            Self::Asset(name) => format!("assets/{name}"),
        }
    }

    /// The file of a static site that holds it.
    pub fn static_file(&self) -> String {
        let path = self.path();
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path }
    }
}

impl Document {
    fn read(path: &str) -> Option<Self> {
        match path.split('/').collect::<Vec<_>>()[..] {
            ["openapi"] => Some(Self::OpenApi),
            ["search"] => Some(Self::Search),
            ["everything"] => Some(Self::Everything),
            ["head"] => Some(Self::Head),
            ["log"] => Some(Self::Log),
            ["namespaces", name] => Some(Self::Namespace(name.parse().ok()?)),
            ["packages", namespace, name] => Some(Self::Package(package(namespace, name)?)),
            ["packages", namespace, name, version] => {
                Some(Self::Version(package(namespace, name)?, version.parse().ok()?))
            }
            ["packages", namespace, name, to, "since", from] => {
                Some(Self::Difference(package(namespace, name)?, from.parse().ok()?, to.parse().ok()?))
            }
            _ => None,
        }
    }

    fn path(&self) -> String {
        match self {
            Self::OpenApi => "openapi".to_owned(),
            Self::Search => "search".to_owned(),
            Self::Everything => "everything".to_owned(),
            Self::Head => "head".to_owned(),
            Self::Log => "log".to_owned(),
            Self::Namespace(name) => format!("namespaces/{name}"),
            Self::Package(name) => format!("packages/{}/{}", name.namespace(), name.name()),
            Self::Version(name, version) => format!("packages/{}/{}/{version}", name.namespace(), name.name()),
            Self::Difference(name, from, to) => {
                format!("packages/{}/{}/{to}/since/{from}", name.namespace(), name.name())
            }
        }
    }
}

fn package(namespace: &str, name: &str) -> Option<PackageName> {
    format!("{namespace}:{name}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn each_thing_has_one_path() {
        for path in [
            "",
            "search/",
            "namespaces/acme/",
            "packages/acme/md/",
            "packages/acme/md/1.0.0/",
            "packages/acme/md/1.1.0/since/1.0.0/",
            "log/",
            "guide/",
            "guide/grants/",
            "api/v1/openapi.json",
            "api/v1/search.json",
            "api/v1/packages/acme/md.json",
            "api/v1/packages/acme/md/1.0.0-beta.1.json",
            "api/v1/packages/acme/md/1.1.0/since/1.0.0.json",
            "api/v1/head.json",
            "assets/style.css",
        ] {
            let route = Route::parse(path).unwrap_or_else(|| panic!("{path:?} is nothing"));
            assert_eq!(route.path(), path);
        }
        let page = Route::parse("packages/acme/md/").map(|route| route.static_file());
        assert_eq!(page.as_deref(), Some("packages/acme/md/index.html"));
    }

    #[test]
    fn what_is_written_otherwise_is_nothing() {
        for path in [
            "search",
            "packages/acme/md",
            "packages/acme/md//",
            "packages/../md/",
            "packages/acme/%6dd/",
            "packages/Acme/md/",
            "packages/acme/md/01.0.0/",
            "blobs/../head.json",
            "api/v1/",
            "api/v2/head.json",
            "//evil.example/",
            "log/?",
        ] {
            assert_eq!(Route::parse(path), None, "{path:?}");
        }
    }
}
