//! Answers over HTTP: a refusal, one message as JSON, or several as events.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::Interval;
use tokio_util::sync::DropGuard;
use tokio_util::sync::WaitForCancellationFutureOwned;

/// How often something is sent when there is nothing to tell, so that a client that is gone is noticed.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A request that is not answered by the handler.
#[derive(Debug)]
pub(super) struct Refused(Box<Response<Body>>);

impl Refused {
    /// For whoever reads it: the protocol has no words for this.
    pub(super) fn plain(status: StatusCode, why: &'static str) -> Self {
        let mut response = whole(status, Bytes::from_static(why.as_bytes()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Self(Box::new(response))
    }

    pub(super) fn unauthorized() -> Self {
        let mut refused =
            Self::plain(StatusCode::UNAUTHORIZED, "this needs the token of an agent: mpp agent token NAME");
        refused.0.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        refused
    }

    pub(super) fn allow_post(mut self) -> Self {
        self.0.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        self
    }

    /// An error of the protocol.
    pub(super) fn error(status: StatusCode, error: ErrorData, id: Option<RequestId>) -> Self {
        Self(Box::new(json(status, &ServerJsonRpcMessage::error(error, id))))
    }

    pub(super) fn into_response(self) -> Response<Body> {
        *self.0
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }
}

/// Nothing is said to a message that is no request.
pub(super) fn accepted() -> Response<Body> {
    whole(StatusCode::ACCEPTED, Bytes::new())
}

/// One message.
pub(super) fn json(status: StatusCode, message: &ServerJsonRpcMessage) -> Response<Body> {
    let mut response = whole(status, Bytes::from(serde_json::to_vec(message).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The status that goes with a message of a revision that says so.
pub(super) fn status(message: &ServerJsonRpcMessage, lacks_metadata: bool) -> StatusCode {
    let JsonRpcMessage::Error(error) = message else { return StatusCode::OK };
    match error.error.code {
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::HEADER_MISMATCH => StatusCode::BAD_REQUEST,
        ErrorCode::INVALID_PARAMS if lacks_metadata => StatusCode::BAD_REQUEST,
        ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

fn whole(status: StatusCode, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Full::new(bytes)));
    *response.status_mut() = status;
    response
}

/// Messages as they come, until the last one.
pub(super) fn events(events: Events) -> Response<Body> {
    let mut response = Response::new(Body::Events(Box::new(events)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Full<Bytes>),
    Events(Box<Events>),
}

/// The messages of one request. Whoever stops reading them stops the request.
pub(super) struct Events {
    first: Option<ServerJsonRpcMessage>,
    messages: Receiver<ServerJsonRpcMessage>,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    keep_alive: Interval,
    has_ended: bool,
    #[allow(dead_code, reason = "its end stops the request")]
    stop: DropGuard,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

impl Events {
    pub(super) fn new(
        first: Option<ServerJsonRpcMessage>,
        messages: Receiver<ServerJsonRpcMessage>,
        cancelled: WaitForCancellationFutureOwned,
        stop: DropGuard,
    ) -> Self {
        let mut keep_alive = tokio::time::interval(KEEP_ALIVE);
        keep_alive.reset();
        Self { first, messages, cancelled: Box::pin(cancelled), keep_alive, has_ended: false, stop }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(self.event(&first)));
        }
        // Nothing is sent for a request that was cancelled.
        if self.cancelled.as_mut().poll(context).is_ready() {
            self.has_ended = true;
            return Poll::Ready(None);
        }
        if let Poll::Ready(message) = self.messages.poll_recv(context) {
            self.has_ended = message.is_none();
            return Poll::Ready(message.map(|message| self.event(&message)));
        }
        self.keep_alive.poll_tick(context).map(|_| Some(Bytes::from_static(b": \n\n")))
    }

    fn event(&mut self, message: &ServerJsonRpcMessage) -> Bytes {
        self.has_ended = is_last(message);
        let mut text = b"event: message\ndata: ".to_vec();
        // Line feeds inside of JSON texts are escaped, so it is one line.
        text.extend(serde_json::to_vec(message).unwrap_or_default());
        text.extend_from_slice(b"\n\n");
        text.into()
    }
}

/// Whether nothing follows a message.
pub(super) fn is_last(message: &ServerJsonRpcMessage) -> bool {
    matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_))
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole).poll_frame(context),
            Self::Events(events) => events.poll_next(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Events(events) => events.has_ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
