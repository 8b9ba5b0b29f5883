//! One request and its answer: read as strictly as a line, run by the handler, and stopped when nobody waits for it any more (MCP-46 to MCP-48).

use super::Server;
use super::agreement::{self, Era};
use super::answer::{self, Body, Events, KEEP_ALIVE, Refused};
use super::gate::only;
use super::running::Owner;
use crate::handler::{Handler, Signals};
use crate::lines::LINE_BYTES_MAX;
use crate::toolbox::Entered;
use crate::transport::{self, Read};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use rmcp::RoleServer;
use rmcp::model::{
    ClientCapabilities, ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, ErrorData, Implementation,
    InitializeRequestParams, JsonRpcMessage, ProtocolVersion, RequestId, ServerJsonRpcMessage,
};
use rmcp::service::{serve_directly_with_ct, serve_server_with_ct};
use rmcp::transport::Transport;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Messages that wait for a client that reads slowly.
const WAITING: usize = 16;
/// The session that a client of the older revisions names. It has no state here: it keeps the ids of two clients of one agent apart.
const SESSION: http::HeaderName = http::HeaderName::from_static("mcp-session-id");
const SESSION_BYTES_MAX: usize = 128;

pub(super) async fn answer(server: &Server, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
    let (parts, body) = request.into_parts();
    let token = server.gate.check(&parts.method, &parts.uri, &parts.headers)?;
    let entered = enter(server, token).await?;
    let body = Limited::new(body, LINE_BYTES_MAX).collect();
    let body = tokio::time::timeout(BODY_TIME, body).await;
    let body = body.map_err(|_| Refused::plain(StatusCode::REQUEST_TIMEOUT, "the message did not arrive in time"))?;
    let body = body.map_err(|_| Refused::plain(StatusCode::PAYLOAD_TOO_LARGE, "a message may have 16 MiB"))?.to_bytes();
    let message = match transport::read(&body, &Arc::default()) {
        Read::Message(message) => *message,
        Read::Answer(error, id) => return Err(unreadable(error, id)),
        // A notification that nobody knows.
        Read::Nothing => return Ok(answer::accepted()),
    };
    let era = agreement::era(&parts.headers, &message)?;
    let owner = Owner { agent: entered.agent.clone(), session: session(&parts.headers) };
    match &message {
        JsonRpcMessage::Request(request) => {
            let id = request.id.clone();
            run(server, entered, owner, era, message, id).await
        }
        JsonRpcMessage::Notification(notification) => {
            if let ClientNotification::CancelledNotification(cancelled) = &notification.notification {
                cancelled.params.request_id.iter().for_each(|id| server.running.cancel(owner.clone(), id.clone()));
            }
            Ok(answer::accepted())
        }
        JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {
            let error = ErrorData::invalid_request("nothing was asked that this could answer", None);
            Err(Refused::error(StatusCode::BAD_REQUEST, error, None))
        }
    }
}

async fn enter(server: &Server, token: &str) -> Result<Entered, Refused> {
    let (door, token) = (Arc::clone(&server.door), token.to_owned());
    let entered = tokio::task::spawn_blocking(move || door.open(&token)).await;
    match entered {
        Ok(Ok(Some(entered))) => Ok(entered),
        Ok(Ok(None)) => Err(Refused::unauthorized()),
        Ok(Err(_)) | Err(_) => Err(Refused::plain(StatusCode::INTERNAL_SERVER_ERROR, "the home cannot be read")),
    }
}

fn unreadable(error: ErrorData, id: Option<RequestId>) -> Refused {
    // The parameters of a method are the business of its request; everything else is about the message.
    let status = if error.code == ErrorCode::INVALID_PARAMS { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    Refused::error(status, error, id)
}

fn session(headers: &HeaderMap) -> Option<String> {
    only(headers, SESSION).filter(|session| session.len() <= SESSION_BYTES_MAX).map(str::to_owned)
}

async fn run(
    server: &Server,
    entered: Entered,
    owner: Owner,
    era: Era,
    message: ClientJsonRpcMessage,
    id: RequestId,
) -> Result<Response<Body>, Refused> {
    let is_opening = is_opening(&message);
    // Requests of the stateless revision are cancelled by closing them, and their ids mean nothing beyond them.
    let begun = match era {
        Era::Legacy(_) if !is_opening => match server.running.begin(owner, id.clone()) {
            Some(begun) => Some(begun),
            None => {
                let why = "a request with this id is not answered yet";
                return Err(Refused::error(StatusCode::BAD_REQUEST, ErrorData::invalid_request(why, None), None));
            }
        },
        _ => None,
    };
    let stop = CancellationToken::new();
    let cancelled = begun.as_ref().map_or_else(CancellationToken::new, |begun| begun.cancelled.clone());
    let signals = Signals { ended: stop.clone(), closing: CancellationToken::new() };
    let handler = Handler::new(entered.toolbox, server.options.clone(), signals).over_http();
    if is_listening(&message) {
        handler.begin_with_this_list().await;
        tokio::spawn(handler.watch());
    }
    let (told, mut messages) = mpsc::channel(WAITING);
    let transport = One { message: Some(message), told, finished: CancellationToken::new() };
    let (ending, peer) = (stop.clone(), peer(&era));
    tokio::spawn(async move {
        if is_opening {
            if let Ok(running) = serve_server_with_ct(handler, transport, ending).await {
                let _ = running.waiting().await;
            }
        } else {
            let _ = serve_directly_with_ct(handler, transport, Some(peer), ending).waiting().await;
        }
        drop(begun);
    });
    // From here on whoever drops this stops the request.
    let guard = stop.clone().drop_guard();
    let wanted = cancelled.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = wanted.cancelled() => stop.cancel(),
            () = stop.cancelled() => {}
        }
    });
    let first = tokio::select! {
        biased;
        () = cancelled.cancelled() => None,
        first = messages.recv() => Some(first.unwrap_or_else(|| lost(id))),
        () = tokio::time::sleep(KEEP_ALIVE) => None,
    };
    let status = match (&first, &era) {
        (Some(first), Era::Modern { lacks_metadata }) => answer::status(first, *lacks_metadata),
        _ => StatusCode::OK,
    };
    match first {
        Some(first) if answer::is_last(&first) => {
            let mut response = answer::json(status, &first);
            if is_opening && let Some(session) = new_session() {
                response.headers_mut().insert(SESSION, session);
            }
            Ok(response)
        }
        first => Ok(answer::events(Events::new(first, messages, cancelled.cancelled_owned(), guard))),
    }
}

fn is_opening(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, JsonRpcMessage::Request(request) if matches!(request.request, ClientRequest::InitializeRequest(_)))
}

fn is_listening(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, JsonRpcMessage::Request(request)
        if matches!(request.request, ClientRequest::SubscriptionsListenRequest(_)))
}

/// A bug in us: the handler ended without an answer.
fn lost(id: RequestId) -> ServerJsonRpcMessage {
    ServerJsonRpcMessage::error(ErrorData::internal_error("the host stopped in the middle of its work", None), Some(id))
}

/// What is known of a client whose request stands alone.
fn peer(era: &Era) -> InitializeRequestParams {
    let version = match era {
        Era::Legacy(version) => version.clone(),
        Era::Modern { .. } => ProtocolVersion::V_2026_07_28,
    };
    InitializeRequestParams::new(ClientCapabilities::default(), Implementation::default())
        .with_protocol_version(version)
}

fn new_session() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&text).ok()
}

/// One request in, and messages out until its answer.
struct One {
    message: Option<ClientJsonRpcMessage>,
    told: mpsc::Sender<ServerJsonRpcMessage>,
    finished: CancellationToken,
}

impl Transport<RoleServer> for One {
    type Error = io::Error;

    fn send(&mut self, message: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (told, finished) = (self.told.clone(), self.finished.clone());
        async move {
            let is_last = answer::is_last(&message);
            let sent = told.send(message).await;
            if is_last {
                finished.cancel();
            }
            sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        match self.message.take() {
            Some(message) => Some(message),
            None => {
                self.finished.cancelled().await;
                None
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
