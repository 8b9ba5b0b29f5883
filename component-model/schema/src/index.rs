//! The files of a registry's index. `spec/index.md` says what they mean together.
//!
//! Everything that somebody signs travels in one envelope, [`Signed`]: the exact text that was signed, and minisign signatures over it.

use crate::{Digest, FormatVersion, Instant, PackageName, RegistryId, Version, VersionReq, manifest::Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Exact signed text with its signatures. The text is verified as it stands and parsed after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The document, exactly as it was signed.
    pub signed: String,
    /// Minisign signatures, each the four lines of a `.minisig` file, sorted.
    pub signatures: Vec<String>,
}

/// What somebody without a head key asks the registry to take in (spec/index.md IDX-100): lines for its files, each signed by those who may
/// say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// The lines, in the order in which they follow from each other.
    pub lines: Vec<ProposedLine>,
}

/// A root that is signed on several machines, on its way from one to the next (spec/index.md IDX-78). It is no file of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingRoot {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The root that is in force, so that whoever signs sees what changes.
    pub before: Signed,
    /// The root that is to follow it, with the signatures so far, which may be none.
    pub next: Signed,
}

/// One line of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedLine {
    /// The file that it is added to.
    pub path: String,
    /// The line.
    pub line: Signed,
}

/// `config.json`: how to use the registry. Merely read; changing it needs a log record like any file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// The format's version.
    pub mpp: FormatVersion,
    /// Where package files are kept.
    pub blobs: Blobs,
    /// Other registries that this one follows. Whoever uses this one decides about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Followed>,
}

/// A registry that another one names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Followed {
    /// What it is called there.
    pub name: crate::Ident,
    /// Where it is.
    pub url: String,
    /// Its identity.
    pub id: RegistryId,
    /// SHA-256 of the signed text of its first root.
    pub root: Digest,
}

/// Where package files are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Blobs {
    /// In the index's own repository: `refs/mpp/packages/<namespace>/<name>`, one commit a version.
    GitRefs,
    /// At an address made from a template: `https://example.com/{digest}.mpp`.
    Template {
        /// The template.
        url: String,
    },
    /// As blobs in a repository of an OCI registry, made from a template: `https://example.com/tools/{namespace}/{name}`.
    Oci {
        /// The template.
        url: String,
    },
}

/// Public keys and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    /// Minisign public keys (`RW…`), sorted.
    pub keys: Vec<String>,
    /// How many distinct keys must sign; at least 1.
    pub threshold: u8,
}

/// `root/<version>.json`, inside [`Signed`]: who may sign heads, and who may change that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// 1 for the first; each next one is signed by the thresholds of both.
    pub version: u32,
    /// Who may sign the next root.
    pub root_keys: KeySet,
    /// Who may sign heads.
    pub head_keys: KeySet,
    /// How long a head is fresh.
    pub head_lifetime_days: u16,
    /// When this was signed.
    pub issued: Instant,
    /// When this root stops being accepted.
    pub expires: Instant,
    /// Where the log goes on after head keys were misused. A client that followed a longer log drops what came after this point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<LogPoint>,
}

/// A point in the log: how many records there are before it, and the hash of the chain over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogPoint {
    /// The number of records before it.
    pub length: u64,
    /// The hash of the chain over them.
    pub hash: Digest,
}

/// `head.json`, inside [`Signed`]: the one statement that fixes the whole index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// The version of the root whose head keys signed.
    pub root: u32,
    /// Grows by at least one with every head under one root; a head under a newer root is newer whatever its number.
    pub seq: u64,
    /// Number of records in the log.
    pub log_length: u64,
    /// Hash of the chain over the whole log.
    pub log_hash: Digest,
    /// SHA-256 of `shards.json`.
    pub shards: Digest,
    /// When this was signed.
    pub issued: Instant,
    /// When this stops being fresh: at most the root's `head_lifetime_days` after `issued`.
    pub expires: Instant,
}

/// One line of `log/<segment>.jsonl`: a file of the tree and what it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// Position in the log, from 0.
    pub n: u64,
    /// The file.
    pub path: String,
    /// SHA-256 of its new content.
    pub sha256: Digest,
    /// When it was written, as its writer says.
    pub at: Instant,
}

/// `shards.json`: the digest of each shard file, in the order of the shards; nothing for a shard that is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// The format's version.
    pub mpp: FormatVersion,
    /// 256 digests, one for each two-digit shard name from `00` to `ff`.
    pub shards: Vec<Option<Digest>>,
}

/// One line of `ns/<namespace>.jsonl`, inside [`Signed`]: who owns a namespace. A chain: each next one is signed by both owners' thresholds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamespaceRecord {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// The namespace.
    pub namespace: crate::Ident,
    /// 1 for the claim.
    pub version: u32,
    /// Who may publish, and who may change that.
    pub owners: KeySet,
    /// When this was signed.
    pub issued: Instant,
    /// That the registry gave the namespace away, and its owners did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
}

/// A namespace that the registry gives to other owners, signed by root keys in place of the owners before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The version of the root whose keys signed: the one in force at this record's place in the log.
    pub root: u32,
    /// Why, for people.
    pub reason: String,
}

/// One line of `pkg/<shard>/<namespace>/<name>.jsonl`, inside [`Signed`]: what a publisher says about a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// The package.
    pub name: PackageName,
    /// The version of the namespace record whose owners signed: the one in force at this statement's place in the log.
    pub owners: u32,
    /// The version of the root whose keys signed in place of the owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<u32>,
    /// When this was signed.
    pub issued: Instant,
    /// What is said.
    pub says: Says,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// This version exists and is this file.
    Release(Release),
    /// Do not choose this version anew.
    Yank(Notice),
    /// This version may be chosen again.
    Unyank(Notice),
    /// Use something else.
    Deprecate(Notice),
    /// This version must not run.
    Block(Notice),
    /// Somebody vouches for exactly this file.
    CoSign(CoSignature),
    /// Something of a kind that is not known here, in a document of a newer minor version.
    #[serde(skip)]
    Newer,
}

/// Something said about one version, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The version.
    pub version: Version,
    /// Why, for people.
    pub reason: String,
}

/// Who vouches for which file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoSignature {
    /// The version.
    pub version: Version,
    /// Package digest of its release.
    pub package: Digest,
    /// SHA-256 of the whole file, as in its release.
    pub file: Digest,
    /// The minisign public key (`RW…`) of who vouches, and signs.
    pub key: String,
}

/// One line of `adv/<namespace>/<name>.jsonl`, inside [`Signed`]: what people should know about some versions of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// The package.
    pub name: PackageName,
    /// The version of the namespace record that is in force at this advisory's place in the log.
    pub owners: u32,
    /// The version of the root whose keys signed in place of the owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<u32>,
    /// When this was signed.
    pub issued: Instant,
    /// What it is called: letters, digits, `-` and `.`.
    pub id: String,
    /// The versions that it concerns.
    #[schemars(with = "String")]
    pub versions: VersionReq,
    /// How bad it is.
    pub severity: Severity,
    /// What people should know.
    pub text: String,
    /// The first version that is not concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<Version>,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It was a mistake, and concerns nobody.
    Withdrawn,
    /// Worth knowing.
    Low,
    /// Update when it suits.
    Medium,
    /// Update soon.
    High,
    /// Stop using it.
    Critical,
}

/// `revoked/<key id>.json`, inside [`Signed`]: a publisher's key that must not be believed in what is logged later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registry.
    pub registry: RegistryId,
    /// The minisign public key (`RW…`).
    pub key: String,
    /// The version of the root whose keys signed in place of the key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<u32>,
    /// When this was signed.
    pub issued: Instant,
    /// Why, for people.
    pub reason: String,
}

/// A version that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Semantic version.
    pub version: Version,
    /// Package digest: SHA-256 of `mpp.json`.
    pub package: Digest,
    /// SHA-256 of the whole file.
    pub file: Digest,
    /// Size of the whole file in bytes.
    pub size: u64,
    /// What the package is for.
    pub kind: Kind,
    /// One sentence, for search.
    pub description: String,
    /// Names of its tools, for search.
    pub tools: Vec<crate::ToolName>,
    /// The git commit whose tree holds the file, where blobs are kept in git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}
