//! Where the files of an index are (spec/index.md IDX-1 to IDX-4).

use mpp_schema::{Digest, Ident, KeyId, PackageName};
use sha2::{Digest as _, Sha256};

/// How to use the registry.
pub const CONFIG: &str = "config.json";
/// The signed head.
pub const HEAD: &str = "head.json";
/// The digests of the shard files.
pub const SHARDS: &str = "shards.json";
/// Records in one full segment of the log.
pub const SEGMENT_RECORDS: u64 = 1024;
/// The largest file of an index that a reader accepts, in bytes.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 512;

/// `root/<version>.json`.
pub fn root(version: u32) -> String {
    format!("root/{version}.json")
}

/// `ns/<namespace>.jsonl`.
pub fn namespace(namespace: &Ident) -> String {
    format!("ns/{namespace}.jsonl")
}

/// `pkg/<shard>/<namespace>/<name>.jsonl`.
pub fn package(name: &PackageName) -> String {
    format!("pkg/{}/{}/{}.jsonl", shard_of_package(name), name.namespace(), name.name())
}

/// `adv/<namespace>/<name>.jsonl`.
pub fn advisories(name: &PackageName) -> String {
    format!("adv/{}/{}.jsonl", name.namespace(), name.name())
}

/// `revoked/<key id>.json`.
pub fn revocation(key: KeyId) -> String {
    format!("revoked/{key}.json")
}

/// `log/<segment>.jsonl`: the file that holds record `n`.
pub fn log_segment(n: u64) -> String {
    format!("log/{:08}.jsonl", n / SEGMENT_RECORDS)
}

/// `shards/<shard>`.
pub fn shard_file(shard: Shard) -> String {
    format!("shards/{shard}")
}

/// One of 256 parts of the shard table, written as two hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u8);

impl Shard {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

/// The shard of a package's file: the first byte of SHA-256 of `namespace:name`.
pub fn shard_of_package(name: &PackageName) -> Shard {
    Shard(Sha256::digest(name.to_string())[0])
}

/// The shard whose table lists a covered file: a package's own, or the first byte of SHA-256 of the path.
pub fn shard_of_path(path: &str) -> Shard {
    match Covered::of(path) {
        Covered::Package(name) => shard_of_package(&name),
        _ => Shard(Sha256::digest(path)[0]),
    }
}

/// What a covered file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// `config.json`.
    Config,
    /// `root/<version>.json`.
    Root(u32),
    /// `ns/<namespace>.jsonl`.
    Namespace(Ident),
    /// `pkg/…`.
    Package(PackageName),
    /// `adv/…`.
    Advisories(PackageName),
    /// `revoked/<key id>.json`.
    Revocation(KeyId),
    /// A file that this version of the format gives no meaning.
    Other,
}

impl Covered {
    /// What the file at `path` is.
    pub fn of(path: &str) -> Self {
        Self::known(path).unwrap_or(Self::Other)
    }

    fn known(path: &str) -> Option<Self> {
        if path == CONFIG {
            return Some(Self::Config);
        }
        if let Some(version) = path.strip_prefix("root/") {
            let version = version.strip_suffix(".json")?.parse().ok()?;
            return (path == root(version)).then_some(Self::Root(version));
        }
        if let Some(name) = path.strip_prefix("ns/") {
            return Some(Self::Namespace(name.strip_suffix(".jsonl")?.parse().ok()?));
        }
        if let Some(key) = path.strip_prefix("revoked/") {
            return Some(Self::Revocation(key.strip_suffix(".json")?.parse().ok()?));
        }
        if let Some(name) = path.strip_prefix("adv/") {
            let (namespace, name) = name.strip_suffix(".jsonl")?.split_once('/')?;
            return Some(Self::Advisories(PackageName::new(namespace.parse().ok()?, name.parse().ok()?)));
        }
        let mut parts = path.strip_prefix("pkg/")?.strip_suffix(".jsonl")?.splitn(3, '/').skip(1);
        let name = PackageName::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (path == package(&name)).then_some(Self::Package(name))
    }
}

/// Whether the log and the shard table cover the file: every file does but those that fix the index themselves.
pub fn is_covered(path: &str) -> bool {
    path != HEAD && path != SHARDS && !path.starts_with("log/") && !path.starts_with("shards/")
}

/// Whether a tree may hold a file at this path: short, printable ASCII, no part that git or a file system reads in its own way.
pub fn is_path(path: &str) -> bool {
    path.len() <= PATH_BYTES_MAX && path.split('/').all(is_path_part)
}

/// Whether one part of a path is acceptable.
pub fn is_path_part(part: &str) -> bool {
    let plain = part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b'\\' | b':'));
    let lower = part.to_ascii_lowercase();
    plain && !part.is_empty() && !part.ends_with('.') && lower != ".git" && !lower.starts_with("git~")
}

/// The fingerprint of a root, as people compare and lock files pin it: SHA-256 of its signed text.
pub fn fingerprint(root: &mpp_schema::index::Signed) -> Digest {
    Digest::of(root.signed.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Covered, is_covered, is_path, log_segment, package, shard_of_path};

    #[track_caller]
    fn check(path: &str, expected: Covered) {
        assert_eq!(Covered::of(path), expected, "{path}");
    }

    /// IDX-1.
    #[test]
    fn every_path_has_one_meaning() {
        let notes = "acme:notes".parse().unwrap();
        check("config.json", Covered::Config);
        check("root/12.json", Covered::Root(12));
        check("ns/acme.jsonl", Covered::Namespace("acme".parse().unwrap()));
        check(&package(&notes), Covered::Package(notes.clone()));
        check("adv/acme/notes.jsonl", Covered::Advisories(notes.clone()));
        let key = mpp_schema::KeyId::from_bytes([0xab; 32]);
        check(&super::revocation(key), Covered::Revocation(key));
        check(&super::revocation(key).to_uppercase(), Covered::Other);
        for other in ["adv/acme.jsonl", "adv/acme/notes/x.jsonl", "adv/acme/notes.json", "revoked/ab.json"] {
            check(other, Covered::Other);
        }
        let other_shard = package(&notes).replace("pkg/", "pkg/0");
        for other in ["root/012.json", "root/+1.json", "ns/Acme.jsonl", "README.md", other_shard.as_str()] {
            check(other, Covered::Other);
        }
    }

    /// IDX-4.
    #[test]
    fn a_package_lives_in_the_shard_that_lists_it() {
        let path = package(&"acme:notes".parse().unwrap());
        assert_eq!(path[4..6], shard_of_path(&path).to_string());
    }

    #[test]
    fn segments_hold_1024_records() {
        assert_eq!(log_segment(1023), "log/00000000.jsonl");
        assert_eq!(log_segment(1024), "log/00000001.jsonl");
    }

    /// IDX-2.
    #[test]
    fn what_fixes_the_index_is_not_covered_by_it() {
        for path in ["head.json", "shards.json", "log/00000000.jsonl", "shards/0a"] {
            assert!(!is_covered(path), "{path}");
        }
        assert!(is_covered("config.json") && is_covered("ns/acme.jsonl"));
    }

    #[test]
    fn paths() {
        assert!(is_path("pkg/0a/acme/notes.jsonl") && is_path(".github/workflows/index.yml"));
        for bad in [
            "",
            "/a",
            "a//b",
            "a/../b",
            ".git/config",
            "a/.GIT",
            "git~1",
            "a b",
            "a\\b",
            "c:x",
            "a\u{202e}",
            ".git.",
            "a/.GIT./b",
            "a./b",
            ".",
            "..",
        ] {
            assert!(!is_path(bad), "{bad}");
        }
    }
}
