//! What is said about one call before its tool is named: what it may do, who asks for it, and how long it waits for a person. The words
//! that `call` and `run` share.

use super::permissions::Permissions;
use clap::Args;
use mpp_ops::{
    Context, OpsError, ToolInput, Who,
    verb::{
        agent,
        call::{Permit, ToolRequest},
    },
};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Asking {
    /// Say what the call would be allowed to do, and why; make no call
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask about what is allowed for this call
    #[arg(long)]
    yes: bool,
    /// The agent that asks, as `mpp agent list` names it
    #[arg(long, value_name = "NAME", conflicts_with = "agent_request")]
    agent: Option<String>,
    /// The request that the agent signed for this call, as `mpp agent sign` writes it
    #[arg(long, value_name = "FILE")]
    agent_request: Option<PathBuf>,
    /// How long to wait for somebody who approves the call with `mpp approve`, where there is no terminal
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    #[command(flatten)]
    permissions: Permissions,
}

impl Asking {
    /// A request for a call of `tool`, with the words that follow it.
    pub fn request<'a>(
        self,
        context: &Context<'_>,
        tool: Option<&'a str>,
        words: impl Iterator<Item = String>,
    ) -> Result<ToolRequest<'a>, OpsError> {
        Ok(ToolRequest {
            tool,
            input: ToolInput(words.collect()),
            who: self.who(context)?,
            permit: Permit { wishes: self.permissions.wishes(), yes: self.yes },
            wait_seconds: self.wait,
            goes_on: false,
        })
    }

    fn who(&self, context: &Context<'_>) -> Result<Who, OpsError> {
        match (&self.agent, &self.agent_request) {
            (Some(name), _) => Ok(Who::Named(name.clone())),
            (None, Some(file)) => Ok(Who::Signed(agent::read_request(context, file)?)),
            (None, None) => Ok(Who::Anonymous),
        }
    }
}
