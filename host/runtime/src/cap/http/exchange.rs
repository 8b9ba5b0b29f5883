//! One request and one response, on a connection of their own that ends with them.

use super::account::{Account, header_bytes};
use super::body::{Counted, Piece, Received, frame_bytes};
use super::connect::{Stream, connect};
use super::failure::{Failure, hyper_error};
use super::hooks::Rest;
use super::outgoing::Masked;
use super::resolve;
use super::secrets::Wanted;
use crate::limits::HttpLimits;
use crate::providers::Providers;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use mpp_policy::{Reach, Target, is_refused_header};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How long to wait for one thing, and whether the host says so or the tool itself.
#[derive(Debug, Clone, Copy)]
struct Wait {
    at_most: Duration,
    by_host: bool,
}

impl Wait {
    fn new(limit: Duration, asked: Option<Duration>) -> Self {
        match asked {
            Some(asked) if asked < limit => Self { at_most: asked, by_host: false },
            _ => Self { at_most: limit, by_host: true },
        }
    }

    async fn bound<T>(self, what: &str, error: Error, future: impl Future<Output = T>) -> Result<T, Failure> {
        timeout(self.at_most, future).await.map_err(|_| match self.by_host {
            true => Failure::time(error, what, self.at_most),
            false => error.into(),
        })
    }
}

/// How long to wait in one exchange: the host's limits, or less where the tool wants less.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    connect: Wait,
    first_byte: Wait,
    between_bytes: Wait,
}

impl Times {
    pub(super) fn new(limits: &HttpLimits, asked: RequestOptions) -> Self {
        Self {
            connect: Wait::new(limits.connect, asked.connect_timeout),
            first_byte: Wait::new(limits.first_byte, asked.first_byte_timeout),
            between_bytes: Wait::new(limits.between_bytes, asked.between_bytes_timeout),
        }
    }
}

/// A request that was judged, with everything that sending it needs.
pub(super) struct Exchange {
    pub(super) account: Arc<Account>,
    pub(super) providers: Arc<Providers>,
    pub(super) target: Target,
    pub(super) reach: Reach,
    pub(super) request: Request<Counted>,
    pub(super) masked: Masked,
    pub(super) wanted: Wanted,
    pub(super) times: Times,
}

type Connection = http1::Connection<TokioIo<Box<dyn Stream>>, Counted>;

impl Exchange {
    /// Sends the request, and gives the head of the response and the task that receives the rest.
    pub(super) async fn run(self) -> Result<(Response<WasiBody>, Rest), Error> {
        let account = Arc::clone(&self.account);
        self.attempt().await.map_err(|failure| account.told(failure))
    }

    async fn attempt(self) -> Result<(Response<WasiBody>, Rest), Failure> {
        let Self { account, providers, target, reach, request, masked, wanted, times } = self;
        let turn = timeout(times.connect.at_most, Arc::clone(&account.turns).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(|| Failure::at_once(&account.limits))?;
        let mut request = masked.prepare(request).await?;
        wanted.add_to(&mut request).await?;
        let connected = async {
            let addresses = resolve::addresses(Arc::clone(&providers.resolver), &target, reach).await?;
            let stream = connect(&*providers.connector, &addresses, target.origin(), &providers.tls_roots).await;
            stream.map_err(Failure::from)
        };
        let stream = times.connect.bound("connecting", Error::ConnectionTimeout, connected).await??;
        let (response, connection) = head(stream, request, &account, times.first_byte).await?;
        let (sender, receiver) = mpsc::channel(1);
        let (parts, incoming) = response.into_parts();
        let rest = rest(connection, pump(incoming, sender, account, times.between_bytes));
        Ok((Response::from_parts(parts, Received::new(receiver, turn).boxed_unsync()), Box::new(rest)))
    }
}

/// Sends the request and receives the head of the response.
async fn head(
    stream: Box<dyn Stream>,
    request: Request<Counted>,
    account: &Account,
    wait: Wait,
) -> Result<(Response<Incoming>, Pin<Box<Connection>>), Failure> {
    let limits = &account.limits;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(limits.header_bytes.max(HYPER_BUFFER_MIN)).max_headers(limits.headers);
    let handshake = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| hyper_error(&error))?;
    let mut connection = Box::pin(connection);
    let answer = driven(&mut connection, sender.send_request(request));
    let answer = wait.bound("the head of the response", Error::ConnectionReadTimeout, answer).await?;
    let mut response = answer.map_err(|error| match error {
        _ if account.up_is_over() => Error::HttpRequestBodySize(Some(limits.up_bytes)).into(),
        error if error.is_parse_too_large() => Failure::response_headers(limits),
        error => hyper_error(&error).into(),
    })?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::HttpUpgradeFailed.into());
    }
    account.down(header_bytes(response.headers()))?;
    remove_refused(response.headers_mut());
    Ok((response, connection))
}

/// The least that hyper accepts.
const HYPER_BUFFER_MIN: usize = 8 << 10;

/// Waits for an answer while the connection moves.
async fn driven<T>(
    connection: &mut Pin<Box<Connection>>,
    answer: impl Future<Output = hyper::Result<T>>,
) -> hyper::Result<T> {
    let mut answer = pin!(answer);
    let mut is_open = true;
    poll_fn(|cx| {
        if is_open && let Poll::Ready(ended) = connection.as_mut().poll(cx) {
            is_open = false;
            ended?;
        }
        answer.as_mut().poll(cx)
    })
    .await
}

/// Moves the connection until the body was received; then both are dropped, and with them the connection is closed.
async fn rest(mut connection: Pin<Box<Connection>>, pump: impl Future<Output = ()>) -> Result<(), Error> {
    let mut pump = pin!(pump);
    let mut is_open = true;
    poll_fn(|cx| {
        // The body hears itself of an error here.
        if is_open && connection.as_mut().poll(cx).is_ready() {
            is_open = false;
        }
        pump.as_mut().poll(cx)
    })
    .await;
    Ok(())
}

/// Hands the body on, piece by piece, as fast as the tool takes it.
async fn pump(mut incoming: Incoming, sender: mpsc::Sender<Piece>, account: Arc<Account>, wait: Wait) {
    loop {
        let piece = match next(&mut incoming, &account, wait).await {
            Ok(Some(frame)) => Piece::Frame(frame),
            Ok(None) => Piece::End,
            Err(failure) => Piece::Failed(account.told(failure)),
        };
        let is_last = !matches!(piece, Piece::Frame(_));
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

async fn next(incoming: &mut Incoming, account: &Account, wait: Wait) -> Result<Option<Frame<Bytes>>, Failure> {
    let frame = wait.bound("the next piece of the response", Error::ConnectionReadTimeout, incoming.frame()).await?;
    let Some(frame) = frame else { return Ok(None) };
    let mut frame = frame.map_err(|error| hyper_error(&error))?;
    account.down(frame_bytes(&frame))?;
    if let Some(trailers) = frame.trailers_mut() {
        remove_refused(trailers);
    }
    Ok(Some(frame))
}

/// A response may not say what only a connection may, and a tool that copies its headers into a request is not at fault.
fn remove_refused(headers: &mut HeaderMap) {
    let refused: Vec<_> = headers.keys().filter(|name| is_refused_header(name.as_str())).cloned().collect();
    for name in refused {
        headers.remove(name);
    }
}
