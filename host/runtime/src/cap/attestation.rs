//! `mpp:host/attestation`: the approval of this very call, which a tool may pass on as proof. Rule HOST-76.
//!
//! A tool that another one calls has none: nobody was asked about its call.

use crate::state::State;
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(record)]
struct Approval {
    #[component(name = "envelope")]
    envelope: String,
    #[component(name = "approver")]
    approver: String,
    #[component(name = "level")]
    level: String,
    #[component(name = "nonce")]
    nonce: String,
    #[component(name = "expires")]
    expires: String,
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    linker.instance("mpp:host/attestation@0.1.0")?.func_wrap("get", |store, (): ()| Ok((store.data().approval(),)))
}

impl State {
    fn approval(&self) -> Option<Approval> {
        let receipt = self.terms.receipt.as_deref()?;
        let (approval, envelope) = (receipt.approval()?, receipt.envelope()?);
        Some(Approval {
            envelope: envelope.to_owned(),
            approver: approval.approver.to_string(),
            level: approval.level.to_string(),
            nonce: approval.nonce.to_string(),
            expires: approval.expires.to_string(),
        })
    }
}
