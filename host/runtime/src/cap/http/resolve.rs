//! From a name to addresses, once per request.

use super::failure::Failure;
use mpp_policy::{HostPattern, Reach, Target};
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::Error;

/// Who knows the addresses of names. It is asked on a thread for blocking work, and not for addresses that were granted themselves.
pub trait Resolver: Send + Sync {
    /// The addresses of a name; an error when it has none.
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// How many names are looked up at one time in this process. A lookup cannot be called off, so it keeps its place until it ends.
static LOOKUPS: Semaphore = Semaphore::const_new(64);

/// The addresses that a request may be sent to.
pub(super) async fn addresses(
    resolver: Arc<dyn Resolver>,
    target: &Target,
    reach: Reach,
) -> Result<Vec<IpAddr>, Failure> {
    let HostPattern::Name(name) = &target.origin().host else {
        return match reach {
            Reach::Address(address) => Ok(vec![address]),
            Reach::Public => Err(Error::HttpRequestDenied.into()),
        };
    };
    let name = name.clone();
    let place = LOOKUPS.acquire().await.map_err(|_| Error::InternalError(None))?;
    let lookup = tokio::task::spawn_blocking(move || {
        let _place = place;
        resolver.resolve(&name)
    });
    let found = lookup.await.map_err(|_| Error::InternalError(None))?;
    let not_found = |_| Error::DnsError { rcode: None, info_code: None };
    let found = Reach::admit(target, found.map_err(not_found)?)?;
    if found.is_empty() { Err(Error::DestinationNotFound.into()) } else { Ok(found) }
}
