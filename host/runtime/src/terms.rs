//! The terms of a call: what the tool may do, decided by somebody else before the call.

use mpp_policy::Grants;
use std::sync::Arc;

/// The terms of a call. The default is the inert base: nothing granted.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// What the tool may do.
    pub grants: Arc<Grants>,
}

impl Terms {
    /// Terms with these grants.
    pub fn granted(grants: Grants) -> Self {
        Self { grants: Arc::new(grants) }
    }
}
