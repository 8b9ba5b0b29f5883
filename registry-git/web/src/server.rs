//! `mpp registry serve`: the site over HTTP/1.1.
//!
//! Reads only, holds no session and trusts no header. A client may ask so often, so long and so slowly, and no more; what it asked is answered from
//! the newest state that was verified, or with a problem document.

mod exchange;
mod kept;
mod site;

pub use exchange::{Reply, Request, reply};
pub use site::Site;

use governor::{Quota, RateLimiter, clock::DefaultClock, state::keyed::HashMapStateStore};
use http_body_util::Full;
use hyper::{body::Bytes, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore};

/// What clients may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections there may be at one time; more wait to be accepted.
    pub connections: usize,
    /// How many requests one address may send in a second, with ten times as many at once; nothing for as many as it likes.
    pub requests_per_second: Option<NonZeroU32>,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub head: Duration,
    /// How long a connection may last in all: whoever reads slowly is cut off then.
    pub connection: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            requests_per_second: NonZeroU32::new(50),
            head: Duration::from_secs(10),
            connection: Duration::from_secs(300),
        }
    }
}

/// What the head of a request may take, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;

type Rates = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>;

/// Serves until the process ends. The socket is the caller's, and so is saying where it is.
///
/// # Errors
/// When the socket cannot be used.
pub fn serve(listener: std::net::TcpListener, site: Arc<Site>, limits: Limits) -> std::io::Result<Infallible> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(accept(listener, site, limits))
}

async fn accept(listener: std::net::TcpListener, site: Arc<Site>, limits: Limits) -> std::io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(limits.connections));
    let rates = limits.requests_per_second.map(rates).map(Arc::new);
    let mut accepted: u32 = 0;
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { continue };
        // A connection that ended before it was accepted is nobody's error; with no file left there is a pause.
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        accepted = accepted.wrapping_add(1);
        if let Some(rates) = rates.as_ref().filter(|_| accepted.is_multiple_of(1_024)) {
            rates.retain_recent();
        }
        let (site, rates) = (Arc::clone(&site), rates.clone());
        tokio::spawn(async move {
            let _place = place;
            let answering = connection(stream, from, site, rates, limits.head);
            // What is cut off here reads too slowly or stays too long; it may come back.
            let _ = tokio::time::timeout(limits.connection, answering).await;
        });
    }
}

fn rates(per_second: NonZeroU32) -> Rates {
    let burst = per_second.saturating_mul(NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN));
    RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst))
}

async fn connection(
    stream: tokio::net::TcpStream,
    from: SocketAddr,
    site: Arc<Site>,
    rates: Option<Arc<Rates>>,
    head: Duration,
) -> hyper::Result<()> {
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        let slow = rates.as_ref().is_some_and(|rates| rates.check_key(&from.ip()).is_err());
        async move { Ok::<_, Infallible>(respond(&site, &request, slow).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// Reading takes git and hashing, so it happens off the threads that move bytes.
async fn respond(site: &Arc<Site>, request: &hyper::Request<Incoming>, slow: bool) -> hyper::Response<Full<Bytes>> {
    let asked = Request::read(request.method(), request.uri(), request.headers(), slow);
    let site = Arc::clone(site);
    let reply = tokio::task::spawn_blocking(move || reply(&site, &asked)).await;
    response(reply.unwrap_or_else(|_| Reply::broken()))
}

fn response(reply: Reply) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or(hyper::StatusCode::BAD_GATEWAY);
    for (name, value) in reply.headers {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            response.headers_mut().insert(header::HeaderName::from_static(name), value);
        }
    }
    response
}
