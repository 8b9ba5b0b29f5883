//! The audit log: one line a record, each with the hash of the line before, and signed checkpoints. `spec/consent.md` has the rules.

use crate::{
    Digest, FormatVersion, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, PackageName, ToolName, Version,
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
    },
    /// A checkpoint: the envelope over what the log is up to the line before.
    Checkpoint {
        /// The envelope.
        envelope: String,
    },
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
