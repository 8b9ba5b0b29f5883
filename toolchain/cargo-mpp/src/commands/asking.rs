//! Who asks for a call, and how long it waits for a person: the words that `call` and `run` share.

use clap::Args;
use mpp_ops::{Context, OpsError, Who, verb::agent};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Asking {
    /// The agent that asks, as `mpp agent list` names it
    #[arg(long, value_name = "NAME", conflicts_with = "agent_request")]
    pub agent: Option<String>,
    /// The request that the agent signed for this call, as `mpp agent sign` writes it
    #[arg(long, value_name = "FILE")]
    pub agent_request: Option<PathBuf>,
    /// How long to wait for somebody who approves the call with `mpp approve`, where there is no terminal
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
}

impl Asking {
    pub fn who(&self, context: &Context<'_>) -> Result<Who, OpsError> {
        match (&self.agent, &self.agent_request) {
            (Some(name), _) => Ok(Who::Named(name.clone())),
            (None, Some(file)) => Ok(Who::Signed(agent::read_request(context, file)?)),
            (None, None) => Ok(Who::Anonymous),
        }
    }
}
