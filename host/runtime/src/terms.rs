//! The terms of a call: what the tool may do and who asks for it, decided by somebody else before the call.

use crate::cancel::Cancel;
use crate::cap::caller::Agent;
use crate::cap::progress::Progress;
use crate::deterministic::Deterministic;
use crate::limits::Ceilings;
use mpp_policy::{Grants, consent::Receipt};
use std::fmt;
use std::sync::Arc;

/// The terms of a call. The default is the inert base: nothing granted, nobody known to ask, nobody watching.
#[derive(Clone, Default)]
pub struct Terms {
    /// What the tool may do.
    pub grants: Arc<Grants>,
    /// What the call does not go beyond, nor any that it makes.
    pub ceilings: Ceilings,
    /// Who asks, when the host knows.
    pub caller: Option<Arc<Agent>>,
    /// The proof that this call may be made, once it was asked for; a tool can read the approval in it.
    pub receipt: Option<Arc<Receipt>>,
    /// Who is shown the tool's progress.
    pub progress: Option<Arc<dyn Progress>>,
    /// What stops the call early.
    pub cancel: Option<Cancel>,
    /// Fixed clocks and random numbers. Its time is measured in work, not by the wall, on a host that meters it
    /// ([`Metering::Fuel`](crate::Metering::Fuel)).
    pub deterministic: Option<Deterministic>,
}

impl Terms {
    /// Terms with these grants.
    pub fn granted(grants: Grants) -> Self {
        Self { grants: Arc::new(grants), ..Self::default() }
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("grants", &self.grants)
            .field("ceilings", &self.ceilings)
            .field("caller", &self.caller)
            .field("receipt", &self.receipt)
            .field("cancel", &self.cancel)
            .field("deterministic", &self.deterministic)
            .finish_non_exhaustive()
    }
}
