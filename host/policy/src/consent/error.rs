//! Why a call is not made: one variant a reason, each with its code.

use mpp_package::dsse::DsseError;
use mpp_schema::{Code, Coded, ToolName, codes, consent::Level, text::excerpt};

/// Why a call is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// An approval that is none.
    #[error("read an approval: {}", excerpt(.0))]
    Malformed(String),
    /// Signed by a key that approves nothing here.
    #[error("verified an approval: it is not signed by an approver of this home")]
    Key,
    /// For another home or ledger.
    #[error("could not use the approval: it was made for another {0}")]
    Audience(&'static str),
    /// Not now.
    #[error("could not use the approval: {0}")]
    Time(&'static str),
    /// For another call.
    #[error("could not use the approval: it was made for another call, its `{0}` differs")]
    Binding(&'static str),
    /// Used before.
    #[error("could not use the approval: it was used before")]
    Replayed,
    /// The ledger of used approvals.
    #[error("could not use the ledger of used approvals: {0}")]
    Store(String),
    /// The answer was no.
    #[error("did not call `{tool}`: {why}")]
    Denied {
        /// The tool.
        tool: String,
        /// What was answered.
        why: &'static str,
    },
    /// Nobody could be asked.
    #[error("did not call `{tool}`: it needs a confirmation, and {why}")]
    Unavailable {
        /// The tool.
        tool: String,
        /// Why nobody could be asked.
        why: String,
        /// What would help.
        help: Vec<String>,
    },
    /// Too many questions.
    #[error("did not ask about `{tool}`: {asked} questions were asked in the last ten minutes")]
    Budget {
        /// The tool.
        tool: String,
        /// How many.
        asked: usize,
    },
    /// The package or the grants are others than those that were confirmed.
    #[error("did not call `{tool}`: {what} changed since it was confirmed, and nobody could be asked again")]
    Changed {
        /// The tool.
        tool: String,
        /// What changed.
        what: String,
    },
    /// A request of an agent.
    #[error("could not accept the agent's request: {why}")]
    Agent {
        /// The stable reason.
        code: Code,
        /// In words.
        why: String,
    },
}

impl ConsentError {
    pub(super) fn agent(code: Code, why: impl Into<String>) -> Self {
        Self::Agent { code, why: why.into() }
    }

    /// A call beyond the level that its caller may ask for.
    pub fn too_high(caller: Option<&super::Caller>, tool: &ToolName, level: Level, highest: Level) -> Self {
        let who = caller.map_or_else(
            || "somebody who is no known agent".to_owned(),
            |caller| format!("the agent `{}`", excerpt(&caller.name)),
        );
        Self::agent(
            codes::AGENT_UNKNOWN,
            format!("{who} may ask for calls up to {highest}, and `{tool}` needs {level}"),
        )
    }

    /// What a bad envelope means where an agent sent it.
    pub(super) fn agent_message(error: &DsseError) -> Self {
        let code = match error {
            DsseError::Malformed { .. } | DsseError::Limit { .. } => codes::AGENT_MALFORMED,
            DsseError::OtherKey { .. } => codes::AGENT_UNKNOWN,
            _ => codes::AGENT_SIGNATURE,
        };
        Self::agent(code, error.to_string())
    }
}

impl Coded for ConsentError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed(_) => codes::ATT_MALFORMED,
            Self::Key => codes::ATT_KEY,
            Self::Audience(_) => codes::ATT_AUDIENCE,
            Self::Time(_) => codes::ATT_TIME,
            Self::Binding(_) => codes::ATT_BINDING,
            Self::Replayed => codes::ATT_REPLAYED,
            Self::Store(_) => codes::ATT_STORE,
            Self::Denied { .. } => codes::HITL_DENIED,
            Self::Unavailable { .. } => codes::HITL_UNAVAILABLE,
            Self::Budget { .. } => codes::HITL_BUDGET,
            Self::Changed { .. } => codes::APPROVAL_CHANGED,
            Self::Agent { code, .. } => *code,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unavailable { help, .. } => help.clone(),
            Self::Changed { .. } => vec!["call it again on a terminal, where the change is shown".to_owned()],
            Self::Budget { .. } => vec!["wait ten minutes, or look into: mpp log show".to_owned()],
            _ => Vec::new(),
        }
    }
}
