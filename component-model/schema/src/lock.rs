//! `mpp-tools.toml` and `mpp.lock`: which tools a project uses, and exactly which ones those are.

use crate::{Digest, FormatVersion, KeyId, PackageName, RegistryId, Version, VersionReq};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `mpp-tools.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolsRequest {
    /// Requirements by package name: `"acme:notes" = "1.2"`.
    #[serde(default)]
    pub tools: BTreeMap<PackageName, ToolRequirement>,
}

/// What is required of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
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
    /// Who signed.
    pub signers: Vec<KeyId>,
    /// The registry it came from.
    pub registry: RegistryId,
}
