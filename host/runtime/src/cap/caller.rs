//! `mpp:host/caller`: who asks for this call. Anonymous until somebody says otherwise in the terms; a tool cannot. Rule HOST-75.

use crate::state::State;
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

/// An agent that asks for a call.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Agent {
    /// Stable, and another one for each publisher, so that tools cannot compare notes about an agent.
    #[component(name = "id")]
    pub id: String,
    /// What the user calls it.
    #[component(name = "name")]
    pub name: String,
    /// How the host knows.
    #[component(name = "verified")]
    pub verified: Verification,
    /// Names of those who handed the request on, the first one first.
    #[component(name = "delegation")]
    pub delegation: Vec<String>,
}

/// How the host knows who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum Verification {
    /// The user said so when starting the host.
    #[component(name = "configured")]
    Configured,
    /// By a token that the user gave to it.
    #[component(name = "token")]
    Token,
    /// By its signature over this call.
    #[component(name = "signature")]
    Signature,
}

#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(variant)]
enum Identity {
    #[component(name = "anonymous")]
    Anonymous,
    #[component(name = "agent")]
    Agent(Agent),
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    linker.instance("mpp:host/caller@0.1.0")?.func_wrap("get", |store, (): ()| {
        let agent = store.data().terms.caller.as_deref();
        Ok((agent.cloned().map_or(Identity::Anonymous, Identity::Agent),))
    })
}
