//! The audit log: one line a record, each with the hash of the line before, and signed checkpoints. `spec/consent.md` has the rules.

use crate::{
    Digest, FormatVersion, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, PackageName, StrictMap, ToolName,
    Version,
    consent::{Level, Surface},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The payload type of a checkpoint.
pub const CHECKPOINT_TYPE: &str = "application/vnd.mpp.audit-checkpoint.v1+json";

/// One record, without the fields that chain it to the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// Its number in the log, from 0.
    pub seq: u64,
    /// SHA-256 of the line before, without its line feed; of the log's id for the first.
    pub before: Digest,
    /// When.
    pub at: Instant,
    /// What happened.
    #[serde(rename = "what")]
    pub event: AuditEvent,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum AuditEvent {
    /// The log was begun.
    Begun {
        /// The format's version.
        mpp: FormatVersion,
        /// The home.
        host: HostId,
        /// The log's own identity.
        log: LedgerId,
        /// The key that signs checkpoints.
        key: MessageKeyId,
    },
    /// A line that was cut short by a crash was removed.
    Recovered {
        /// How many bytes it had.
        bytes: u64,
    },
    /// Somebody asked for a call, and this was decided.
    Decided(Box<Decided>),
    /// An approval was used up, before the call was begun.
    Consumed {
        /// The approval.
        nonce: Nonce,
    },
    /// A call ended.
    Ended {
        /// The sequence number of its decision.
        call: u64,
        /// `returned`, `tool-error`, or the code of what stopped it.
        ending: String,
        /// Keyed digest of the result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Digest>,
        /// Codes of what was refused to the tool while it ran.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refused: Vec<String>,
        /// What the privacy filter found.
        #[serde(default, skip_serializing_if = "Filtered::is_empty")]
        filtered: Filtered,
        /// What left the sandbox over the network, and where to.
        #[serde(default, skip_serializing_if = "Sent::is_empty")]
        sent: Sent,
    },
    /// A checkpoint: the envelope over what the log is up to the line before.
    Checkpoint {
        /// The envelope.
        envelope: String,
    },
}

impl AuditEvent {
    /// What it says in words that others chose. Everything else in it is a name of a package, key or code, a number, a digest, or where a
    /// request went.
    pub fn words(&mut self) -> Vec<&mut String> {
        match self {
            Self::Decided(decided) => decided.granted.iter_mut().chain([&mut decided.rule]).collect(),
            Self::Begun { .. }
            | Self::Recovered { .. }
            | Self::Consumed { .. }
            | Self::Ended { .. }
            | Self::Checkpoint { .. } => Vec::new(),
        }
    }
}

/// What the privacy filter found in one call: numbers by kind, never a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filtered {
    /// What was replaced.
    #[serde(skip_serializing_if = "has_no_keys")]
    pub masked: StrictMap<String, u64>,
    /// What was seen and left as it was.
    #[serde(skip_serializing_if = "has_no_keys")]
    pub reported: StrictMap<String, u64>,
    /// Texts that did not leave at all.
    #[serde(skip_serializing_if = "is_zero")]
    pub blocked: u64,
    /// Whether tokens in the arguments were turned back into values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub opened: bool,
}

impl Filtered {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn has_no_keys(counts: &StrictMap<String, u64>) -> bool {
    counts.is_empty()
}

/// What one call sent over the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Sent {
    /// How many requests, by origin.
    #[serde(skip_serializing_if = "has_no_keys")]
    pub requests: StrictMap<String, u64>,
    /// Bytes of heads and bodies that were sent, to all origins together.
    #[serde(skip_serializing_if = "is_zero")]
    pub up_bytes: u64,
    /// Bytes that were received.
    #[serde(skip_serializing_if = "is_zero")]
    pub down_bytes: u64,
}

impl Sent {
    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One decision about one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Decided {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// Its publisher.
    pub publisher: KeyId,
    /// The tool.
    pub tool: ToolName,
    /// The agent; nothing for an anonymous one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<MessageKeyId>,
    /// Keyed digest of the arguments.
    pub arguments: Digest,
    /// Digest of the grants in force.
    pub grants: Digest,
    /// What was granted, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<String>,
    /// The level.
    pub level: Level,
    /// Which rule decided, in words.
    pub rule: String,
    /// `allowed`, or the code of the refusal.
    pub answer: String,
    /// Where it was decided; nothing when nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface: Option<Surface>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<MessageKeyId>,
    /// Digest of the exact text that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Digest>,
}

/// The payload of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The log.
    pub log: LedgerId,
    /// How many lines it had.
    pub lines: u64,
    /// SHA-256 of the last of them.
    pub last: Digest,
    /// When.
    pub at: Instant,
}
