//! What of a request leaves: address, headers, body and trailers, masked (PRIV-54 to PRIV-56).
//!
//! The masked request is what is judged and sent. What cannot be masked where it stands, a host or the name of a header, refuses the request.
//! A body goes through a stream that holds back its end, so that a finding is found wherever the tool cuts it.

use super::account::Account;
use super::body::Counted;
use super::failure::Failure;
use crate::privacy::Guard;
use bytes::{Buf as _, Bytes};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Request, Uri, uri::PathAndQuery};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use mpp_policy::Target;
use mpp_privacy::{Blocked, Direction, Kind, Stream};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use wasmtime_wasi_http::{Error, WasiBody};

/// A body whose length the tool stated is collected before it is sent, up to this; a longer one goes in chunks.
const COLLECTED_BYTES_MAX: u64 = 1 << 20;

/// The request with its path, its query and its headers masked.
pub(super) fn head(guard: &Guard, request: Request<WasiBody>) -> Result<Request<WasiBody>, Failure> {
    if guard.is_off(Direction::Http) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    parts.uri = uri(guard, parts.uri)?;
    headers(guard, &mut parts.headers).map_err(|blocked| Failure::blocked("a header", &blocked))?;
    Ok(Request::from_parts(parts, body))
}

fn uri(guard: &Guard, uri: Uri) -> Result<Uri, Failure> {
    let Some(written) = uri.path_and_query().map(|path| path.as_str().to_owned()) else { return Ok(uri) };
    let masked = guard.text(Direction::Http, "", written.clone());
    let masked = masked.map_err(|blocked| Failure::blocked("the address", &blocked))?;
    if masked == written {
        return Ok(uri);
    }
    // A placeholder as an address writes it. Elsewhere in an address these signs mean the same when they are encoded.
    let encoded = masked.replace('[', "%5B").replace(']', "%5D").replace('#', "%23");
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(encoded.parse::<PathAndQuery>().map_err(|_| Error::HttpRequestUriInvalid)?);
    Ok(Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)?)
}

fn headers(guard: &Guard, headers: &mut HeaderMap) -> Result<(), Blocked> {
    for name in headers.keys() {
        guard.refuse_in(Direction::Http, name.as_str().as_bytes())?;
    }
    for (name, value) in headers.iter_mut() {
        let masked = guard.bytes(Direction::Http, name.as_str(), value.as_bytes().to_vec())?;
        if masked != value.as_bytes() {
            // Placeholders are plain, and the rest was a value before.
            *value = HeaderValue::from_bytes(&masked).unwrap_or_else(|_| HeaderValue::from_static(""));
        }
    }
    Ok(())
}

/// A name that carries what must not leave is not looked up. An address in a name leads to itself, and was granted.
pub(super) fn host(guard: &Guard, target: &Target) -> Result<(), Failure> {
    let name = target.authority();
    if guard.is_off(Direction::Http) || !name.bytes().any(|byte| byte.is_ascii_alphabetic()) || name.starts_with('[') {
        return Ok(());
    }
    match guard.with(|masker| masker.first_masked(Direction::Http, "", name.as_bytes())) {
        Ok(None | Some(Kind::Ip)) => Ok(()),
        Ok(Some(kind)) => Err(Failure::blocked("the address", &Blocked::Policy { kind })),
        Err(blocked) => Err(Failure::blocked("the address", &blocked)),
    }
}

/// The request with a body that is masked while it is sent; and whether it should be collected first, so that its length can be stated.
pub(super) fn body(
    guard: &Guard,
    account: &Arc<Account>,
    mut request: Request<WasiBody>,
) -> (Request<WasiBody>, Masked) {
    if guard.is_off(Direction::Http) || request.body().is_end_stream() {
        return (request, Masked::No);
    }
    let stated = request.headers_mut().remove(CONTENT_LENGTH);
    let stated = stated.and_then(|stated| stated.to_str().ok()?.parse::<u64>().ok());
    let masked = match stated {
        Some(length) if length <= COLLECTED_BYTES_MAX => Masked::Collected,
        _ => Masked::InChunks,
    };
    let (guard, account) = (guard.clone(), Arc::clone(account));
    (request.map(|body| MaskedBody::new(body, guard, account).boxed_unsync()), masked)
}

/// How a masked body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Masked {
    /// It is not masked.
    No,
    /// When all of it is there, with its length.
    Collected,
    /// As it comes.
    InChunks,
}

impl Masked {
    /// The body as it is sent.
    pub(super) async fn prepare(self, request: Request<Counted>) -> Result<Request<Counted>, Error> {
        if self != Self::Collected {
            return Ok(request);
        }
        let (parts, body) = request.into_parts();
        let whole = body.collect().await?.to_bytes();
        Ok(Request::from_parts(parts, Counted::before(Full::new(whole).map_err(|never| match never {}).boxed_unsync())))
    }
}

/// A body through a [`Stream`].
struct MaskedBody {
    body: WasiBody,
    guard: Guard,
    account: Arc<Account>,
    stream: Option<Stream>,
    ready: VecDeque<Frame<Bytes>>,
    /// Why nothing more follows.
    failed: bool,
}

impl MaskedBody {
    fn new(body: WasiBody, guard: Guard, account: Arc<Account>) -> Self {
        Self { body, guard, account, stream: Some(Stream::new(Direction::Http)), ready: VecDeque::new(), failed: false }
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<(), Blocked> {
        match frame.into_data() {
            Ok(mut data) => {
                let piece = data.copy_to_bytes(data.remaining());
                let Some(stream) = &mut self.stream else { return Ok(()) };
                let mut out = Vec::new();
                self.guard.with(|masker| stream.push(masker, &piece, &mut out))?;
                self.send(out);
            }
            Err(frame) => {
                self.finish()?;
                if let Ok(mut trailers) = frame.into_trailers() {
                    headers(&self.guard, &mut trailers)?;
                    self.ready.push_back(Frame::trailers(trailers));
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Blocked> {
        let Some(stream) = self.stream.take() else { return Ok(()) };
        let mut out = Vec::new();
        self.guard.with(|masker| stream.finish(masker, &mut out))?;
        self.send(out);
        Ok(())
    }

    fn send(&mut self, out: Vec<u8>) {
        if !out.is_empty() {
            self.ready.push_back(Frame::data(out.into()));
        }
    }
}

impl Body for MaskedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if self.failed || self.stream.is_none() {
                return Poll::Ready(None);
            }
            let taken = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => self.take(frame),
                Poll::Ready(Some(Err(error))) => {
                    self.failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => self.finish(),
            };
            if let Err(blocked) = taken {
                self.failed = true;
                self.ready.clear();
                let failure = Failure::blocked("the body of a request", &blocked);
                return Poll::Ready(Some(Err(self.account.told(failure))));
            }
        }
    }
}
