//! What a package asks for. Asking is not getting: a grant cuts this down to what the user allowed.

use crate::{ByteSize, Ident, PackageName, StrictMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything above the inert base that a package asks for. Absent means not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Folder slots by name; the user binds each to a real folder.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub folders: StrictMap<Ident, Folder>,
    /// Origins that may be reached over HTTP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpOrigin>,
    /// Secrets that the host adds to requests; the guest never sees them.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub secrets: StrictMap<Ident, Secret>,
    /// A key-value store of the package's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kv: Option<KeyValue>,
    /// Names of environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Names of configuration values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<String>,
    /// Precise clocks in place of coarse ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Reason>,
    /// Device slots by name; the user binds each to a real device.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub devices: StrictMap<Ident, Device>,
    /// Structured log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<Reason>,
    /// Progress shown while a call runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Reason>,
    /// Other packages whose tools may be called.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub tools: StrictMap<PackageName, Reason>,
}

impl Permissions {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn is_empty_map<K: Ord, V>(map: &StrictMap<K, V>) -> bool {
    map.is_empty()
}

/// Why something is asked for, in the author's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// One sentence, shown to the person who decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How far access to a folder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Files can be listed and read.
    ReadOnly,
    /// Files can also be made, changed and deleted.
    ReadWrite,
}

/// One folder slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// How far access goes.
    pub access: Access,
    /// Whether the tool works without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// One sentence, shown to the person who decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One origin with what may be done there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpOrigin {
    /// Scheme, host and, where it is not the default, port: `https://api.example.com`.
    pub origin: String,
    /// Methods in upper case.
    #[serde(default = "get_only")]
    pub methods: Vec<String>,
    /// Prefixes of paths, each beginning with a slash.
    #[serde(default = "every_path")]
    pub paths: Vec<String>,
    /// One sentence, shown to the person who decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

fn get_only() -> Vec<String> {
    vec!["GET".to_owned()]
}

fn every_path() -> Vec<String> {
    vec!["/".to_owned()]
}

/// One secret and where the host puts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The only origin that it is sent to.
    pub origin: String,
    /// The header that carries it, in lower case.
    pub header: String,
    /// The header's value, with `{}` where the secret stands.
    #[serde(default = "bare")]
    pub format: String,
    /// One sentence, shown to the person who decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

fn bare() -> String {
    "{}".to_owned()
}

/// A key-value store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyValue {
    /// How much it may hold.
    pub quota: ByteSize,
    /// One sentence, shown to the person who decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One device slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What kind of device: `serial`, `hid`, …
    pub class: Ident,
    /// One sentence, shown to the person who decides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}
