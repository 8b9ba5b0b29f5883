//! `mpp-tools.toml` and `mpp.lock`: which tools a project uses, and exactly which ones those are.

use crate::{Digest, FormatVersion, KeyId, PackageName, RegistryId, Version, VersionReq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `mpp-tools.toml`.
///
/// Written by a person and obeyed, so unknown fields are refused: a minimum age that is spelled wrong must not be silently nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolsRequest {
    /// How many days ago a version must have been signed to be chosen anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_age_days: Option<u32>,
    /// Requirements by package name: `"acme:notes" = "1.2"`.
    #[serde(default)]
    pub tools: BTreeMap<PackageName, ToolRequirement>,
}

/// What is required of one package. Unknown fields are refused here too: a registry that is spelled wrong must not be any registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum ToolRequirement {
    /// Only a version requirement.
    Version(#[schemars(with = "String")] VersionReq),
    /// A version requirement and the registry it is for.
    Full {
        /// The versions that fit.
        #[schemars(with = "String")]
        version: VersionReq,
        /// The name of the registry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registry: Option<String>,
    },
}

impl ToolRequirement {
    /// The versions that fit.
    pub fn version(&self) -> &VersionReq {
        match self {
            Self::Version(version) | Self::Full { version, .. } => version,
        }
    }

    /// What the project calls the registry that the package must come from; nothing where that is open.
    pub fn registry(&self) -> Option<&str> {
        match self {
            Self::Version(_) => None,
            Self::Full { registry, .. } => registry.as_deref(),
        }
    }
}

/// `mpp.lock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lockfile {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The registries that are used, so that a cloned project never trusts on first use.
    #[serde(default, rename = "registry", skip_serializing_if = "Vec::is_empty")]
    pub registries: Vec<LockedRegistry>,
    /// The packages, sorted by name.
    #[serde(default, rename = "package", skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<LockedPackage>,
}

/// A registry in a lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockedRegistry {
    /// What the project calls it.
    pub name: String,
    /// Its identity.
    pub id: RegistryId,
    /// SHA-256 of the signed text of its first root.
    pub root: Digest,
    /// Where it was.
    pub url: String,
}

/// A package in a lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockedPackage {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Package digest: SHA-256 of `mpp.json`.
    pub digest: Digest,
    /// SHA-256 of the whole file.
    pub file: Digest,
    /// Whose signatures in the file count: owners of the namespace when the version was published.
    pub signers: Vec<KeyId>,
    /// The registry it came from.
    pub registry: RegistryId,
}
