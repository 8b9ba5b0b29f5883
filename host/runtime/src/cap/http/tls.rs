//! TLS: who is believed to know a server.
//!
//! The roots of the web travel with the program, so that a process which may not read the system's files can still check a server.

use std::fmt;
use std::sync::{Arc, OnceLock};
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

/// Certificates that servers are checked against: those of the web, and those that an embedder adds. Clones share their work.
#[derive(Clone, Default)]
pub struct TlsRoots {
    more: Vec<CertificateDer<'static>>,
    /// Made when a request first needs it.
    config: Arc<OnceLock<Result<Arc<ClientConfig>, Error>>>,
}

/// The bytes are not a certificate that can be a root.
#[derive(Debug, thiserror::Error)]
#[error("not a certificate that servers can be checked against: {0}")]
pub struct BadRoot(#[source] Error);

impl TlsRoots {
    /// The roots of the web alone.
    pub fn web() -> Self {
        Self::default()
    }

    /// These and one more: a certificate of X.509, as DER.
    pub fn with(&self, certificate: Vec<u8>) -> Result<Self, BadRoot> {
        let certificate = CertificateDer::from(certificate);
        RootCertStore::empty().add(certificate.clone()).map_err(BadRoot)?;
        Ok(Self { more: [self.more.clone(), vec![certificate]].concat(), config: Arc::default() })
    }

    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        self.config.get_or_init(|| config(&self.more)).clone()
    }
}

fn config(more: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    more.iter().try_for_each(|certificate| roots.add(certificate.clone()))?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A ticket of one call would let a server recognise the next, which may be another tool's.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

impl fmt::Debug for TlsRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsRoots").field("more", &self.more.len()).finish_non_exhaustive()
    }
}
