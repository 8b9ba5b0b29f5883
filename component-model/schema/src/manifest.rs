//! `mpp.json`, the first entry of a package: who it is, what it holds, what it asks for and where it came from.
//!
//! Its bytes are what publishers sign; their SHA-256 is the package digest. Signed, so unknown fields and duplicate keys are refused.

use crate::{ByteSize, Digest, FormatVersion, PackageName, StrictMap, ToolName, Version, permissions::Permissions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format's version.
    pub mpp: FormatVersion,
    /// What the package is for.
    pub kind: Kind,
    /// `namespace:name`.
    pub name: PackageName,
    /// Semantic version.
    pub version: Version,
    /// One sentence.
    pub description: String,
    /// SPDX expression.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub license: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub homepage: Option<String>,
    /// The WIT world in the package's `wit/` folder that declares the tools: `namespace:package/world` (with `@version` where it has one).
    pub world: String,
    /// The author's trust level; the host computes its own, and the stricter wins.
    pub trust: TrustLevel,
    /// What is asked for above the inert base.
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub permissions: Permissions,
    /// What the author says about single tools. Can only raise what the host computes.
    #[serde(default, skip_serializing_if = "no_tools")]
    pub tools: StrictMap<ToolName, ToolPolicy>,
    /// Which agents may call; can only narrow the host's policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<Agents>,
    /// Limits that are asked for, up to the host's caps.
    #[serde(default, skip_serializing_if = "asks_for_nothing")]
    pub limits: Option<Limits>,
    /// What the package asks of the privacy filter: for each direction, `all` or kinds, with a mode each. Can only make it stricter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacyModes>,
    /// Where the package came from.
    pub source: Source,
    /// Every later content entry, in the order of the file.
    pub entries: Vec<Entry>,
}

/// For each direction, `all` or kinds of data, with a mode each; `spec/privacy.md` has the words.
pub type PrivacyModes = StrictMap<String, StrictMap<String, String>>;

fn no_tools(tools: &StrictMap<ToolName, ToolPolicy>) -> bool {
    tools.is_empty()
}

/// A field that holds nothing is left out (PKG-40).
fn says_nothing(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(str::is_empty)
}

fn asks_for_nothing(limits: &Option<Limits>) -> bool {
    limits.as_ref().is_none_or(|limits| *limits == Limits::default())
}

/// What a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Tools for agents.
    Tool,
    /// A detector of personal data.
    Filter,
    /// A step of a build.
    Plugin,
}

/// How much of the outside a package may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrustLevel {
    /// The base, a store of its own, configuration, logging, progress.
    Sandboxed,
    /// Folders, listed origins, secrets, environment, clock, other tools.
    Limited,
    /// Devices, address literals, wildcard origins, wide folders.
    Elevated,
}

/// What a tool can do to the world, from harmless to final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Computes.
    None,
    /// Reads what was granted.
    Read,
    /// Changes what was granted.
    Write,
    /// Sends, pays, publishes.
    External,
    /// Deletes or overwrites what cannot be had back.
    Destructive,
    /// Bulk or final.
    Irreversible,
}

/// What the author says about one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolPolicy {
    /// At least this risk.
    pub risk: Risk,
}

/// Which agents may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agents {
    /// Agents by `name:…`, `key:…` or `role:…`.
    pub allow: Vec<String>,
}

/// Limits that a package asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// All linear memories together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// Wall time of one call, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
}

/// Where a package came from: enough to build it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Address of the repository.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub repository: Option<String>,
    /// The commit that was built, when the work tree was clean.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub commit: Option<String>,
    /// The folder of the project inside its repository.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub folder: Option<String>,
    /// What built it: `cargo`, `componentize-py`, …
    pub builder: String,
    /// The compiler and its version: `rustc 1.95.0 (…)`.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub compiler: Option<String>,
    /// Flags that decide about the bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// SHA-256 of the builder's lock file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<Digest>,
    /// Whether a second build gives the same bytes.
    #[serde(default)]
    pub reproducible: bool,
    /// Digests of the plugins that took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginUse>,
}

/// A plugin that took part in a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginUse {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Its package digest.
    pub digest: Digest,
}

/// One content entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in the package.
    pub path: String,
    /// Bytes as stored.
    pub size: u64,
    /// SHA-256 as stored.
    pub sha256: Digest,
    /// What is inside, for an entry that ends in `.zst`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked: Option<Unpacked>,
}

/// The content of a compressed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unpacked {
    /// Bytes when decompressed.
    pub size: u64,
    /// SHA-256 when decompressed.
    pub sha256: Digest,
}

/// The first thing read of a manifest: only its version, so that a newer one is refused by name.
#[derive(Debug, Deserialize)]
pub struct VersionProbe {
    /// The format's version.
    pub mpp: FormatVersion,
}
