//! The same protocol over HTTP, for agents that cannot start a program: one place, `/mcp`, and each request stands alone (MCP-40 to MCP-49).
//!
//! Who asks is said by a token, and by nothing else in the request. Both kinds of revision are answered without a session of the protocol;
//! messages are read as on standard input, and answered by the same handler. It holds no rule about who may come in: that is the [`Door`].

mod agreement;
mod answer;
mod exchange;
mod gate;
mod running;

use crate::serve::{Options, ServeError};
use crate::toolbox::Door;
use answer::Body;
use gate::Gate;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use running::Running;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Connections at one time; more wait to be taken.
const CONNECTIONS: usize = 256;
/// How long a client may take to say what it wants.
const HEADERS_TIME: Duration = Duration::from_secs(10);
/// How long nobody is listened to when a connection could not be taken, as when there are too many open files.
const REST: Duration = Duration::from_millis(100);

/// Whom to answer.
#[derive(Debug, Clone, Default)]
pub struct HttpOptions {
    /// Names by which this server is called besides the loopback ones, as they stand in `Host`: `name` or `name:port`.
    pub hosts: Vec<String>,
    /// Pages that may call it besides its own, as they stand in `Origin`.
    pub origins: Vec<String>,
}

/// Everything that answers need.
struct Server {
    door: Arc<dyn Door>,
    options: Options,
    gate: Gate,
    running: Arc<Running>,
}

/// Serves until the process ends.
///
/// # Errors
/// The listener cannot be used.
pub fn serve_http(
    door: Arc<dyn Door>,
    listener: TcpListener,
    http: HttpOptions,
    options: Options,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Streams)?;
    let port = listener.local_addr().map_err(ServeError::Streams)?.port();
    listener.set_nonblocking(true).map_err(ServeError::Streams)?;
    let server = Server { door, options, gate: Gate::new(http, port), running: Arc::default() };
    runtime.block_on(listen(Arc::new(server), listener))
}

async fn listen(server: Arc<Server>, listener: TcpListener) -> Result<(), ServeError> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(ServeError::Streams)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        // An answer is one small write; waiting for more of it would only delay it.
        let _ = stream.set_nodelay(true);
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(|request| one(Arc::clone(&server), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_TIME)
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away or speaks something else is no concern of anybody else.
            let _ = connection.await;
            drop(place);
        });
    }
}

async fn one(server: Arc<Server>, request: http::Request<Incoming>) -> Result<http::Response<Body>, Infallible> {
    let answered = exchange::answer(&server, request).await;
    Ok(answered.unwrap_or_else(|refused| refused.into_response()))
}
