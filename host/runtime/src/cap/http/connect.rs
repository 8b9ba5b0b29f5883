//! A connection to one of the addresses that were judged.

use super::failure::{connect_error, tls_error};
use super::tls::TlsRoots;
use mpp_policy::{HostPattern, Origin, Scheme};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use wasmtime_wasi_http::Error;

/// A connection on its way.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + 'a>>;

/// Who connects to addresses. It is asked only for addresses that were judged; an embedder may lead them through a tunnel of its own.
pub trait Connector: Send + Sync {
    /// Connects to an address. Runs inside of a tokio runtime, and is dropped when it takes too long.
    fn connect(&self, address: SocketAddr) -> Connecting<'_>;
}

/// Connects with the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemConnector;

impl Connector for SystemConnector {
    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        Box::pin(TcpStream::connect(address))
    }
}

/// What HTTP is spoken on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How many addresses of one name are tried.
const ADDRESSES_MAX: usize = 8;

/// Connects to the first of `addresses` that answers, with TLS where the origin says so.
pub(super) async fn connect(
    connector: &dyn Connector,
    addresses: &[IpAddr],
    origin: &Origin,
    roots: &TlsRoots,
) -> Result<Box<dyn Stream>, Error> {
    let stream = first(connector, addresses, origin.port).await.map_err(|error| connect_error(&error))?;
    match origin.scheme {
        Scheme::Http => Ok(Box::new(stream)),
        Scheme::Https => {
            let config = roots.config().map_err(|_| Error::ConfigurationError)?;
            let name = server_name(&origin.host).ok_or(Error::TlsCertificateError)?;
            let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| tls_error(&error))?;
            Ok(Box::new(stream))
        }
    }
}

async fn first(connector: &dyn Connector, addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses.iter().take(ADDRESSES_MAX) {
        match connector.connect((*address, port).into()).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn server_name(host: &HostPattern) -> Option<ServerName<'static>> {
    match host {
        HostPattern::Name(name) => ServerName::try_from(name.clone()).ok(),
        HostPattern::V4(address) => Some(IpAddr::from(*address).into()),
        HostPattern::V6(address) => Some(IpAddr::from(*address).into()),
        HostPattern::Any | HostPattern::Below(_) => None,
    }
}
