//! A permission token: what a person allowed one package. Its bytes travel signed, inside a DSSE envelope; `spec/permissions.md` says when
//! one counts.
//!
//! Signed, so unknown fields and duplicate keys are refused.

use crate::{
    ByteSize, Digest, FormatVersion, GrantId, HostId, Ident, Instant, KeyId, MessageKeyId, PackageName, StrictMap,
    ToolName, permissions::Access,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The payload type of the envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.mpp.grant.v1+json";

/// The document inside of the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The token itself.
    pub id: GrantId,
    /// The publisher whose signature the package must carry.
    pub publisher: KeyId,
    /// The package.
    pub package: PackageName,
    /// Digest of the request (PERM-1): what the package asked for when this was granted.
    pub request: Digest,
    /// Where this counts.
    pub host: Audience,
    /// The owner key that signs this.
    pub granted_by: MessageKeyId,
    /// When it was signed.
    pub issued: Instant,
    /// How long it counts.
    pub lifetime: Lifetime,
    /// Which of the package's tools it counts for.
    pub functions: Functions,
    /// Whether what is asked for and not allowed here was left out on purpose: the tool then runs without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only: bool,
    /// What is allowed.
    #[serde(default)]
    pub allows: Allows,
}

/// Where a token counts: a home, or everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// In every home that accepts the signer.
    Any,
    /// In one home.
    Host(HostId),
}

impl TryFrom<String> for Audience {
    type Error = crate::ParseDigestError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "*" { Ok(Self::Any) } else { text.parse().map(Self::Host) }
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> String {
        audience.to_string()
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Host(host) => host.fmt(f),
        }
    }
}

impl JsonSchema for Audience {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Audience".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(\\*|[0-9a-f]{32})$" })
    }
}

/// How long a token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Lifetime {
    /// For one call.
    Once,
    /// For the calls of one session, named by the digest that its host made of it.
    Session(Digest),
    /// Up to a moment.
    Until(Instant),
    /// Until it is revoked.
    Always,
}

/// Which of a package's tools a token counts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Functions {
    /// Every one.
    All,
    /// These, sorted.
    Only(Vec<ToolName>),
}

/// What a token allows: never more than the package asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allows {
    /// Which folder each slot stands for.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub folders: StrictMap<Ident, BoundFolder>,
    /// Origins that may be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Secrets that the host may add to requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Ident>,
    /// How much the key-value store may hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kv: Option<ByteSize>,
    /// Environment variables that may be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Settings that may be read, with their values.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub config: StrictMap<String, String>,
    /// Precise clocks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock: bool,
    /// Which device each slot stands for.
    #[serde(default, skip_serializing_if = "is_empty_map")]
    pub devices: StrictMap<Ident, String>,
    /// Log lines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub logging: bool,
    /// Progress.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub progress: bool,
    /// Packages whose tools may be called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<PackageName>,
}

impl Allows {
    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn is_empty_map<K: Ord, V>(map: &StrictMap<K, V>) -> bool {
    map.is_empty()
}

/// A folder for a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundFolder {
    /// The folder: absolute, without links, `.` or `..`.
    pub path: String,
    /// How far access goes.
    pub access: Access,
}

#[cfg(test)]
mod tests {
    use super::{Allows, Audience, Functions, Lifetime};
    use serde::{Serialize, de::DeserializeOwned};

    #[track_caller]
    fn check<T: DeserializeOwned + Serialize>(json: &str, expected: bool) {
        let read = serde_json::from_str::<T>(json);
        assert_eq!(read.is_ok(), expected, "{json}");
        if let Ok(value) = read {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
    }

    #[test]
    fn each_thing_has_one_spelling() {
        check::<Audience>(r#""*""#, true);
        check::<Audience>(r#""0123456789abcdef0123456789abcdef""#, true);
        check::<Audience>(r#""0123""#, false);
        check::<Lifetime>(r#""once""#, true);
        check::<Lifetime>(r#"{"until":"2026-01-31T12:00:00Z"}"#, true);
        check::<Lifetime>(r#""never""#, false);
        check::<Functions>(r#""all""#, true);
        check::<Functions>(r#"{"only":["search"]}"#, true);
        check::<Allows>(r#"{"http":["https://a.example"],"clock":true}"#, true);
        check::<Allows>(r#"{"root":true}"#, false);
        check::<Allows>(r#"{"config":{"a":"1","a":"2"}}"#, false);
    }
}
