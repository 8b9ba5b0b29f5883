//! What stands behind the capabilities: an embedder puts its own in place of any of them.

use crate::cap::env::{Environment, NoEnvironment};
use std::fmt;
use std::sync::Arc;

/// One provider for each capability that reaches outside of the host.
#[derive(Clone)]
pub struct Providers {
    /// Values of the environment variables that are granted. Nothing by default.
    pub environment: Arc<dyn Environment>,
}

impl Default for Providers {
    fn default() -> Self {
        Self { environment: Arc::new(NoEnvironment) }
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").finish_non_exhaustive()
    }
}
