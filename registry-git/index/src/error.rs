//! Every reason to refuse an index, a part of it, or an edit of it.

use crate::files::FilesError;
use mpp_package::{key::KeyError, signature::SignatureError};
use mpp_schema::{
    Code, Coded, Digest, FormatVersion, Ident, Instant, KeyId, PackageName, RegistryId, Version, codes, text,
};

/// Why an index was refused.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file does not have its shape.
    #[error("read `{path}`: expected {expected}, found {found}")]
    Malformed {
        /// The file, with the line where there are several.
        path: String,
        /// What it must be.
        expected: &'static str,
        /// What is wrong with it.
        found: String,
    },
    /// A document of a newer format.
    #[error("read `{path}`: expected format {}.x or older, found {found}", mpp_schema::FORMAT_MAJOR)]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: FormatVersion,
    },
    /// A key in a document that may not be used, or a key that could not sign one.
    #[error("used the keys of `{path}`")]
    Key {
        /// The file.
        path: String,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// A signature that does not hold.
    #[error("verified the signatures of `{path}`")]
    Signature {
        /// The file.
        path: String,
        /// Why.
        source: SignatureError,
    },
    /// A document of another registry.
    #[error("read `{path}`: expected a document of registry {expected}, found one of {found}")]
    OtherRegistry {
        /// The file.
        path: String,
        /// The registry that is asked.
        expected: RegistryId,
        /// The registry in the document.
        found: RegistryId,
    },
    /// A root that may not follow the one before it.
    #[error("verified root {version}: {reason}")]
    RootInvalid {
        /// Its version.
        version: u32,
        /// Why.
        reason: String,
    },
    /// A root that has expired.
    #[error("verified root {version}: it expired at {expired}, and it is {now}")]
    RootExpired {
        /// Its version.
        version: u32,
        /// When.
        expired: Instant,
        /// The clock.
        now: Instant,
    },
    /// The first root is not the pinned one.
    #[error("verified the first root: expected fingerprint {expected}, found {found}")]
    RootPin {
        /// What was pinned.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// The head is older than the stored one.
    #[error("verified the head: expected {expected} or newer, found {found}")]
    Rollback {
        /// What was seen before.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Two heads contradict each other, and both are signed.
    #[error("compared two signed heads of registry {registry}: both say sequence number {seq}, and they differ")]
    Fork {
        /// The registry.
        registry: RegistryId,
        /// The number.
        seq: u64,
        /// Both heads, as proof: one line each.
        evidence: Vec<u8>,
    },
    /// The head is not fresh any more.
    #[error("verified the head: it expired at {expired}, and it is {now}")]
    Stale {
        /// When.
        expired: Instant,
        /// The clock.
        now: Instant,
    },
    /// The clock shows less than before, or less than the head.
    #[error("read the clock: expected {mark} or later, found {now}")]
    ClockBackwards {
        /// What was seen before.
        mark: Instant,
        /// The clock.
        now: Instant,
    },
    /// The log does not continue what was seen, or does not hash to what the head says.
    #[error("verified the log at record {n}: {reason}")]
    LogBroken {
        /// Where.
        n: u64,
        /// What is wrong.
        reason: String,
        /// The heads before and now, as proof, when there was one before: one line each.
        evidence: Vec<u8>,
    },
    /// A file that changed without a record.
    #[error("verified `{path}`: expected {expected}, found {found}")]
    Unlogged {
        /// The file.
        path: String,
        /// What the log says.
        expected: String,
        /// What the tree or the shard table says.
        found: String,
    },
    /// A file that is not what the head says.
    #[error("verified `{path}`: expected the digest {expected}, found {found}")]
    Mismatch {
        /// The file.
        path: String,
        /// What the head says, directly or through the shard table.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// Something that was there is gone.
    #[error("verified `{path}`: {what} is gone")]
    Removed {
        /// The file.
        path: String,
        /// What is missing.
        what: &'static str,
    },
    /// A statement that the owners of the namespace did not sign.
    #[error("verified what `{path}` says: the owners of namespace `{namespace}` did not sign it: {reason}")]
    NotOwner {
        /// The file.
        path: String,
        /// The namespace.
        namespace: Ident,
        /// What was found instead.
        reason: String,
    },
    /// A document that root keys of the registry would have to sign.
    #[error("verified what `{path}` says: the registry's root keys did not sign it: {reason}")]
    NotRoot {
        /// The file.
        path: String,
        /// What was found instead.
        reason: String,
    },
    /// A document that a revoked key signed, and too few others.
    #[error("verified what `{path}` says: it was signed by key {key}, which was revoked before")]
    KeyRevoked {
        /// The file.
        path: String,
        /// The key.
        key: KeyId,
    },
    /// A namespace that is not in the hands in which it was pinned.
    #[error("compared the owners of namespace `{namespace}` with the pinned key {pinned}: {reason}")]
    Pinned {
        /// The namespace.
        namespace: Ident,
        /// The key that was pinned.
        pinned: KeyId,
        /// What the registry says.
        reason: String,
    },
    /// Only blocked versions fit, or the very version is blocked.
    #[error("{name}@{version} was blocked: {}", text::excerpt(reason))]
    Blocked {
        /// The package.
        name: PackageName,
        /// The version.
        version: Box<Version>,
        /// Why, as whoever blocked it says.
        reason: String,
    },
    /// A version that exists.
    #[error("released {name}@{version}: expected a new version, found {existing}")]
    DuplicateVersion {
        /// The package.
        name: PackageName,
        /// The version.
        version: Box<Version>,
        /// The one that exists; it may differ in build metadata.
        existing: Box<Version>,
    },
    /// A name that people would confuse with another.
    #[error("claimed the name `{name}`: people would confuse it with `{existing}`")]
    Collision {
        /// The new name.
        name: String,
        /// The one that exists.
        existing: String,
    },
    /// A head must be signed, and no key for it is at hand.
    #[error("signed a head of registry {registry}: expected {threshold} of its head keys, found none at hand")]
    NoHeadKey {
        /// The registry.
        registry: RegistryId,
        /// How many would have to sign.
        threshold: u8,
    },
    /// A root must be signed, and no key for it is at hand.
    #[error(
        "signed root {version} of registry {registry}: expected a root key of it or of the root before, found none at hand"
    )]
    NoRootKey {
        /// The registry.
        registry: RegistryId,
        /// The version of the new root.
        version: u32,
    },
    /// All that fits, and may be chosen, was signed a short while ago.
    #[error(
        "resolved {name} {requirement}: {version} was signed at {issued}, and what is chosen anew must be older than {until}"
    )]
    TooYoung {
        /// The package.
        name: PackageName,
        /// What was required.
        requirement: String,
        /// The oldest of the versions that are too young.
        version: Box<Version>,
        /// When it was signed.
        issued: Instant,
        /// When it would have to be signed at the latest.
        until: Instant,
    },
    /// Nothing fits a requirement.
    #[error("resolved {name} {requirement}: {found}")]
    NotFound {
        /// The package.
        name: PackageName,
        /// What was required.
        requirement: String,
        /// What there is instead.
        found: String,
    },
}

impl IndexError {
    pub(crate) fn malformed(path: &str, expected: &'static str, found: impl Into<String>) -> Self {
        // Parts of it are somebody else's: the name of an unknown field, for one.
        Self::Malformed { path: path.to_owned(), expected, found: text::excerpt(&found.into()) }
    }

    /// Signed bytes that prove that the registry contradicts itself, to be kept and shown to others.
    pub fn evidence(&self) -> Option<&[u8]> {
        match self {
            Self::Fork { evidence, .. } | Self::LogBroken { evidence, .. } if !evidence.is_empty() => Some(evidence),
            _ => None,
        }
    }
}

impl Coded for IndexError {
    fn code(&self) -> Code {
        match self {
            Self::Files(error) => error.code(),
            Self::Malformed { .. } => codes::INDEX_MALFORMED,
            Self::Newer { .. } => codes::FORMAT_NEWER,
            Self::Key { source, .. } => source.code(),
            Self::Signature { source, .. } => source.code(),
            Self::OtherRegistry { .. } => codes::SIG_BINDING,
            Self::RootInvalid { .. } => codes::ROOT_INVALID,
            Self::RootExpired { .. } => codes::ROOT_EXPIRED,
            Self::RootPin { .. } => codes::ROOT_PIN,
            Self::Rollback { .. } => codes::INDEX_ROLLBACK,
            Self::Fork { .. } => codes::INDEX_FORK,
            Self::Stale { .. } => codes::INDEX_STALE,
            Self::ClockBackwards { .. } => codes::CLOCK_BACKWARDS,
            Self::LogBroken { .. } => codes::INDEX_LOG_BROKEN,
            Self::Unlogged { .. } => codes::INDEX_UNLOGGED,
            Self::Mismatch { .. } => codes::INDEX_MISMATCH,
            Self::Removed { .. } => codes::INDEX_REMOVED,
            Self::NotOwner { .. } => codes::TRUST_NAMESPACE,
            Self::NotRoot { .. } => codes::TRUST_NAMESPACE,
            Self::KeyRevoked { .. } => codes::KEY_REVOKED,
            Self::Pinned { .. } => codes::TRUST_PIN,
            Self::Blocked { .. } => codes::PKG_BLOCKED,
            Self::DuplicateVersion { .. } => codes::INDEX_DUPLICATE_VERSION,
            Self::Collision { .. } => codes::NAME_COLLISION,
            Self::NoHeadKey { .. } => codes::REGISTRY_NO_HEAD_KEY,
            Self::NoRootKey { .. } => codes::REGISTRY_NO_ROOT_KEY,
            Self::TooYoung { .. } => codes::PACKAGE_TOO_YOUNG,
            Self::NotFound { .. } => codes::PACKAGE_NOT_FOUND,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Newer { .. } => "install a newer MPP: `cargo install --path toolchain/cargo-mpp`",
            Self::RootPin { .. } => {
                "compare the fingerprint with whoever runs the registry, then `mpp registry add` it anew"
            }
            Self::Stale { .. } => "ask whoever runs the registry to sign a new head with `mpp registry sign-head`",
            Self::ClockBackwards { .. } => "set the clock of this machine and try again",
            Self::NotOwner { .. } => {
                "publish under a namespace of your own, or with a key that owns this one: `mpp key list`"
            }
            Self::NotRoot { .. } => "sign with root keys of the registry: `--root-key FILE`",
            Self::KeyRevoked { .. } => "use another key: `mpp key list`",
            Self::Pinned { namespace, .. } => {
                let ask = "ask the publisher on another channel what happened; then";
                return vec![format!("{ask}: mpp trust unpin {namespace}")];
            }
            Self::Blocked { name, .. } => {
                return vec![format!("mpp info {name}"), format!("mpp uninstall {name}")];
            }
            Self::TooYoung { name, .. } => {
                return vec![
                    "wait, or require a version that is older".to_owned(),
                    format!("take it all the same: mpp install {name} --minimum-age 0"),
                ];
            }
            Self::DuplicateVersion { .. } => "raise `version` and publish again; a published version never changes",
            Self::Collision { .. } => "choose a name that people will not confuse",
            Self::NoHeadKey { .. } => "publish from the home that made the registry, or ask whoever runs it to publish",
            Self::NoRootKey { .. } => "name the key that its root keys list: `--root-key NAME|FILE`",
            Self::NotFound { .. } => "`mpp search TEXT` lists packages, `mpp info NS:NAME` the versions of one",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
