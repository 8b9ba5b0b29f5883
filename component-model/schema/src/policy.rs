//! `policy.toml`: what the owner of a home decided beforehand, for every package.
//!
//! Written by a person and obeyed, so unknown fields are refused: a denial that is spelled wrong must not be silently nothing.

use crate::{
    ByteSize, Digest, FormatVersion, Ident, KeyId, MessageKeyId, PackageName, StrictMap, ToolName, consent::Level,
    manifest::PrivacyModes,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyFile {
    /// The format's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mpp: Option<FormatVersion>,
    /// Whether grants may be made without a terminal.
    #[serde(default)]
    pub headless_grants: bool,
    /// How many days ago a version must have been signed to be chosen anew. A project may ask for more, never for less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_age_days: Option<u32>,
    /// Other owners whose tokens count here: a name for each public key (PEM, or its one line of base64).
    #[serde(default)]
    pub grantors: StrictMap<Ident, String>,
    /// Who may approve calls.
    #[serde(default, skip_serializing_if = "Approvers::says_nothing")]
    pub approvers: Approvers,
    /// The highest level of a call by somebody who is no known agent; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Level>,
    /// What a package gets that asks for it, without a token.
    #[serde(default)]
    pub without_asking: WithoutAsking,
    /// What nobody gets, whatever a token says.
    #[serde(default)]
    pub deny: Deny,
    /// What no token goes beyond.
    #[serde(default)]
    pub limits: PolicyLimits,
    /// What is done about personal data and secrets that would leave.
    #[serde(default, skip_serializing_if = "PrivacyPolicy::says_nothing")]
    pub privacy: PrivacyPolicy,
    /// Calls that need more confirmation than the host would ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<Require>,
    /// Calls that were approved beforehand, where nobody can be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approve: Vec<Approve>,
}

/// What is done about personal data and secrets that would leave; `spec/privacy.md` has the words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PrivacyPolicy {
    /// For each direction, `all` or kinds, with a mode each, where it is another than without a policy.
    pub modes: PrivacyModes,
    /// Patterns of the user: a name for each, and a regular expression.
    pub patterns: StrictMap<String, String>,
    /// Filters that are asked: a name for what each finds, and an installed package of the kind `filter`.
    pub filters: StrictMap<String, PackageName>,
    /// Whether results hold tokens in place of numbers.
    pub tokens: bool,
    /// For which packages tokens in arguments are turned back into values, and of which kinds.
    pub open_tokens: StrictMap<PackageName, Vec<String>>,
}

impl PrivacyPolicy {
    fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Who may approve calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Approvers {
    /// Whether the approver key of this home counts. Without it, nobody can approve on a terminal of this home.
    pub own: bool,
    /// Approvers of other homes: a name for each public key (PEM, or its one line of base64).
    pub keys: StrictMap<Ident, String>,
}

impl Default for Approvers {
    fn default() -> Self {
        Self { own: true, keys: StrictMap::default() }
    }
}

impl Approvers {
    fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A demand for more confirmation. It never lowers a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Require {
    /// Of this package; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageName>,
    /// Of this tool; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolName>,
    /// When this agent asks; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<MessageKeyId>,
    /// At least this level.
    pub level: Level,
}

/// An approval beforehand. It is bound to exactly the code, the tool and the grants that were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Approve {
    /// Digest of the package.
    pub digest: Digest,
    /// The tool.
    pub tool: ToolName,
    /// Digest of the grants in force.
    pub grants: Digest,
    /// Digest of the typed arguments; nothing for all. At L4 they must be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Digest>,
    /// The agent; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<MessageKeyId>,
    /// Up to this level.
    pub level: Level,
}

/// What a package gets that asks for it, without a token. Nothing here reaches outside of the host's own memory and the package's own data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WithoutAsking {
    /// A store of its own.
    pub kv: bool,
    /// Reading settings that were given to it.
    pub config: bool,
    /// Writing to the log.
    pub logging: bool,
    /// Showing progress.
    pub progress: bool,
}

impl Default for WithoutAsking {
    fn default() -> Self {
        Self { kv: true, config: true, logging: true, progress: true }
    }
}

/// A permission by its name in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionName {
    /// Folders.
    Folders,
    /// Requests to origins.
    Http,
    /// Secrets.
    Secrets,
    /// A store of its own.
    Kv,
    /// Environment variables.
    Env,
    /// Settings.
    Config,
    /// Precise clocks.
    Clock,
    /// Devices.
    Devices,
    /// Log lines.
    Logging,
    /// Progress.
    Progress,
    /// Other packages' tools.
    Tools,
}

impl PermissionName {
    /// The name as a manifest writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Folders => "folders",
            Self::Http => "http",
            Self::Secrets => "secrets",
            Self::Kv => "kv",
            Self::Env => "env",
            Self::Config => "config",
            Self::Clock => "clock",
            Self::Devices => "devices",
            Self::Logging => "logging",
            Self::Progress => "progress",
            Self::Tools => "tools",
        }
    }
}

/// What nobody gets, whatever a token says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deny {
    /// Packages that get nothing.
    pub packages: Vec<PackageName>,
    /// Publishers whose packages get nothing.
    pub publishers: Vec<KeyId>,
    /// Permissions that nobody gets.
    pub permissions: Vec<PermissionName>,
    /// Origins that nobody reaches; a wildcard means every name below it.
    pub origins: Vec<String>,
    /// Folders that nobody gets, nor anything inside of them or around them.
    pub folders: Vec<String>,
}

/// What no token and no call goes beyond. These only lower what a call may use otherwise; of two, the smaller holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PolicyLimits {
    /// The longest that a token may count, in days. One that counts for longer, or always, is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The most that one package's store may hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<ByteSize>,
    /// The most linear memory of one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// The longest that one call may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// The most that one call may write to stdout, to stderr and to the log, each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<ByteSize>,
    /// The largest result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ByteSize>,
    /// The most requests of one call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_requests: Option<u64>,
    /// The most that the requests of one call may send together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_up: Option<ByteSize>,
    /// The most that the responses of one call may bring together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_down: Option<ByteSize>,
}

#[cfg(test)]
mod tests {
    use super::PolicyFile;

    #[test]
    fn an_empty_file_is_the_default_and_a_wrong_word_is_refused() {
        assert_eq!(serde_json::from_str::<PolicyFile>("{}").unwrap(), PolicyFile::default());
        assert!(PolicyFile::default().without_asking.kv && !PolicyFile::default().headless_grants);
        for wrong in [r#"{"headless_grant":true}"#, r#"{"deny":{"folder":["/srv"]}}"#, r#"{"limits":{"day":3}}"#] {
            assert!(serde_json::from_str::<PolicyFile>(wrong).is_err(), "{wrong}");
        }
    }
}
