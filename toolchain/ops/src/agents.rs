//! Who asks for a call: nobody that is known, an agent that the user named, or one that signed its request.

use crate::{Context, OpsError};
use mpp_host::{Agent, Verification};
use mpp_policy::consent::{CallOfAgent, Caller, pairwise_id, verify_call};
use mpp_schema::{Digest, KeyId, PackageName, ToolName};
use std::sync::Arc;

/// Who asks, in the words of whoever started the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Who {
    /// Nobody that is known.
    #[default]
    Anonymous,
    /// The agent of this name: no signature proves it (CONS-58).
    Named(String),
    /// The agent that signed this request for the call.
    Signed(String),
}

/// Who asks, looked up or verified.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    pub(crate) caller: Option<Caller>,
    verified: Option<Verification>,
}

impl Asking {
    /// Looks up or verifies who asks for this call.
    ///
    /// # Errors
    /// `agent.unknown`, or what is wrong with the request.
    pub(crate) fn find(
        context: &Context<'_>,
        who: &Who,
        package: &PackageName,
        tool: &ToolName,
        arguments: Digest,
    ) -> Result<Self, OpsError> {
        let (caller, verified) = match who {
            Who::Anonymous => return Ok(Self::default()),
            Who::Named(name) => (context.home.agents()?.configured(name, package)?, Verification::Configured),
            Who::Signed(envelope) => {
                let call = CallOfAgent { host: context.home.host_id()?, now: context.now, package, tool, arguments };
                (verify_call(envelope.trim_end(), &call, &context.home.agents()?)?, Verification::Signature)
            }
        };
        Ok(Self { caller: Some(caller), verified: Some(verified) })
    }

    /// What tools of one publisher are told (CONS-57).
    pub(crate) fn for_tools_of(&self, context: &Context<'_>, publisher: KeyId) -> Result<Option<Arc<Agent>>, OpsError> {
        let (Some(caller), Some(verified)) = (&self.caller, self.verified) else { return Ok(None) };
        Ok(Some(Arc::new(Agent {
            id: pairwise_id(&context.home.pairwise_secret()?, caller.agent, publisher),
            name: caller.name.clone(),
            verified,
            delegation: caller.delegation.clone(),
        })))
    }
}
