//! What people and agents sign around a call: an approval of one call, an agent's request for one, and a delegation from one agent to another.
//!
//! Each travels inside a DSSE envelope; `spec/consent.md` says when one counts. Signed, so unknown fields and duplicate keys are refused.

use crate::{Digest, FormatVersion, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, PackageName, ToolName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The payload type of an approval.
pub const APPROVAL_TYPE: &str = "application/vnd.mpp.approval.v1+json";
/// The payload type of an agent's call.
pub const AGENT_CALL_TYPE: &str = "application/vnd.mpp.agent-call.v1+json";
/// The payload type of a delegation.
pub const DELEGATION_TYPE: &str = "application/vnd.mpp.delegation.v1+json";

/// How much a call may do to the world, and so how a person is asked about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    /// Computes: silent.
    #[default]
    L0,
    /// Reads what was granted: logged.
    L1,
    /// Changes what was granted: asked once a session.
    L2,
    /// Sends, pays, publishes, deletes, overwrites: asked each time.
    L3,
    /// Bulk or final: asked each time, with a phrase to type.
    L4,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Where a decision was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// The controlling terminal of the process that calls.
    Terminal,
    /// The same, with an approver key that needs its password.
    TerminalLocked,
    /// `mpp approve`, with an approver key that is not locked.
    Approve,
    /// `mpp approve`, with an approver key that needs its password.
    ApproveLocked,
    /// A client reported it. No proof of a person.
    Client,
    /// The policy file.
    Policy,
}

/// The payload of an approval: one call, once, here and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The approver key that signs this.
    pub approver: MessageKeyId,
    /// The home whose call it is.
    pub host: HostId,
    /// The ledger that records its use.
    pub ledger: LedgerId,
    /// Chosen anew for each approval.
    pub nonce: Nonce,
    /// When it was signed.
    pub issued: Instant,
    /// From when on it does not count.
    pub expires: Instant,
    /// Digest of the package.
    pub package: Digest,
    /// The publisher.
    pub publisher: KeyId,
    /// The tool.
    pub tool: ToolName,
    /// Digest of the typed arguments.
    pub arguments: Digest,
    /// Digest of the grants in force.
    pub grants: Digest,
    /// The agent that asks; nothing for an anonymous one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<MessageKeyId>,
    /// The level.
    pub level: Level,
    /// Where it was decided.
    pub surface: Surface,
    /// Digest of the exact text that was shown.
    pub shown: Digest,
}

/// The payload of an agent's request for one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentCall {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The agent that signs this.
    pub agent: MessageKeyId,
    /// The home that is asked.
    pub host: HostId,
    /// Chosen anew for each request.
    pub nonce: Nonce,
    /// When it was signed.
    pub issued: Instant,
    /// From when on it does not count.
    pub expires: Instant,
    /// The package.
    pub package: PackageName,
    /// The tool.
    pub tool: ToolName,
    /// Digest of the typed arguments.
    pub arguments: Digest,
    /// Envelopes of delegations, from an agent that the home knows to the one that asks; none when it is known itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegation: Vec<String>,
}

/// The payload of a delegation: an agent lets another one ask in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The agent that signs this.
    pub from: MessageKeyId,
    /// The public key of the agent that may ask: its one line of base64.
    pub to: String,
    /// The home where this counts.
    pub host: HostId,
    /// When it was signed.
    pub issued: Instant,
    /// From when on it does not count.
    pub expires: Instant,
    /// The highest level of a call.
    pub level: Level,
    /// Packages, sorted; nothing for every one that the delegating agent may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<PackageName>>,
    /// Tools, sorted; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolName>>,
}
