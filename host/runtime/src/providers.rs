//! What stands behind the capabilities: an embedder puts its own in place of any of them.

use crate::cap::env::{Environment, NoEnvironment};
use crate::cap::http::connect::{Connector, SystemConnector};
use crate::cap::http::resolve::{Resolver, SystemResolver};
use crate::cap::http::secrets::{NoSecrets, Secrets};
use crate::cap::http::tls::TlsRoots;
use crate::cap::tools::{NoTools, Tools};
use mpp_kv::{NoStore, Store};
use std::fmt;
use std::sync::Arc;

/// One provider for each capability that reaches outside of the host.
#[derive(Clone)]
pub struct Providers {
    /// Values of the environment variables that are granted. Nothing by default.
    pub environment: Arc<dyn Environment>,
    /// Addresses of names that tools may reach. The operating system's by default.
    pub resolver: Arc<dyn Resolver>,
    /// Connections to addresses that were judged. The operating system's by default.
    pub connector: Arc<dyn Connector>,
    /// Who is believed to know a server. The roots of the web by default.
    pub tls_roots: TlsRoots,
    /// Secrets that the host adds to requests. Nothing by default.
    pub secrets: Arc<dyn Secrets>,
    /// Packages whose tools another tool may call. None by default.
    pub tools: Arc<dyn Tools>,
    /// What packages keep between their calls. Nothing by default.
    pub kv: Arc<dyn Store>,
}

impl Default for Providers {
    fn default() -> Self {
        Self {
            environment: Arc::new(NoEnvironment),
            tools: Arc::new(NoTools),
            resolver: Arc::new(SystemResolver),
            connector: Arc::new(SystemConnector),
            tls_roots: TlsRoots::web(),
            secrets: Arc::new(NoSecrets),
            kv: Arc::new(NoStore),
        }
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").finish_non_exhaustive()
    }
}
