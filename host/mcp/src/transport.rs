//! Messages between the SDK and two streams. What cannot be a message is answered here, and never reaches the SDK (MCP-20 to MCP-24).
//!
//! The SDK's own reader tries every kind of message in turn, keeps the last of two equal members, and ends a session that begins with a
//! notification; so this one reads messages itself.

use crate::handler::Signals;
use crate::lines::{LINE_BYTES_MAX, Line, Lines};
use crate::strict::{self, Envelope, Fault};
use mpp_schema::text;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorData,
    GetExtensions as _, InputResponses, JsonRpcMessage, RequestId, RequestMetaObject, ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

/// The arguments of a call, as they were written.
#[derive(Clone)]
pub(crate) struct RawArguments(pub(crate) Arc<str>);

/// A session on two streams.
pub(crate) struct LineTransport<R, W> {
    lines: Lines<R>,
    output: Arc<AsyncMutex<W>>,
    open: Arc<Open>,
    has_begun: bool,
    signals: Signals,
}

impl<R: AsyncRead + Unpin, W> LineTransport<R, W> {
    /// Says in `signals` when the input has ended.
    pub(crate) fn new(input: R, output: W, signals: Signals) -> Self {
        let lines = Lines::new(input, LINE_BYTES_MAX);
        Self { lines, output: Arc::new(AsyncMutex::new(output)), open: Arc::default(), has_begun: false, signals }
    }
}

impl<R, W> Transport<RoleServer> for LineTransport<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = io::Error;

    fn send(&mut self, message: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        match &message {
            JsonRpcMessage::Response(answer) => self.open.answered(&answer.id),
            JsonRpcMessage::Error(answer) => answer.id.iter().for_each(|id| self.open.answered(id)),
            _ => {}
        }
        let (output, closing) = (Arc::clone(&self.output), self.signals.closing.clone());
        async move { write(&output, &message, &closing).await }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let read = match self.lines.next().await {
                Ok(Some(Line::Text(line))) => read(line, &self.open),
                Ok(Some(Line::TooLong)) => {
                    Read::Answer(ErrorData::invalid_request("a message may have 16 MiB", None), None)
                }
                Ok(None) | Err(_) => {
                    self.signals.ended.cancel();
                    return None;
                }
            };
            match read {
                // The SDK would end a session that begins with anything else.
                Read::Message(message) if self.has_begun || matches!(*message, JsonRpcMessage::Request(_)) => {
                    self.has_begun = true;
                    return Some(*message);
                }
                Read::Message(_) | Read::Nothing => {}
                Read::Answer(error, id) => {
                    let message = ServerJsonRpcMessage::error(error, id);
                    // Whoever waits for this to be read can be dropped: the answer is written whole by a task of its own.
                    let (output, closing) = (Arc::clone(&self.output), self.signals.closing.clone());
                    tokio::spawn(async move { write(&output, &message, &closing).await });
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        // Whoever still writes has a reader that does not read.
        match self.output.try_lock() {
            Ok(mut output) => output.shutdown().await,
            Err(_) => Ok(()),
        }
    }
}

/// Writes a message whole, or gives up when nobody waits for it any more.
async fn write<W: AsyncWrite + Unpin>(
    output: &AsyncMutex<W>,
    message: &ServerJsonRpcMessage,
    closing: &CancellationToken,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let written = async {
        let mut output = output.lock().await;
        output.write_all(&line).await?;
        output.flush().await
    };
    closing.run_until_cancelled(written).await.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
}

/// What a line is.
pub(crate) enum Read {
    Message(Box<ClientJsonRpcMessage>),
    /// It is answered at once, and goes no further.
    Answer(ErrorData, Option<RequestId>),
    /// Nobody waits for an answer.
    Nothing,
}

/// Reads a message.
pub(crate) fn read(line: &[u8], open: &Arc<Open>) -> Read {
    let envelope = match strict::envelope(line) {
        Ok(envelope) => envelope,
        Err(Fault::NotJson(why)) => return Read::Answer(ErrorData::parse_error(why, None), None),
        Err(Fault::Refused(why)) => return invalid(why, None),
    };
    let id = match envelope.id.map(|id| serde_json::from_str::<RequestId>(id.get())).transpose() {
        Ok(id) => id,
        Err(_) => return invalid("an id is a text or a whole number of 64 bits", None),
    };
    if envelope.jsonrpc.as_deref() != Some("2.0") {
        return invalid("`jsonrpc` is \"2.0\"", id);
    }
    match (id, &envelope.method) {
        (Some(id), Some(_)) => request(line, &envelope, id, open),
        (None, Some(_)) => notification(line, open),
        // An answer to something that was asked.
        (_, None) => other(line).map_or(Read::Nothing, |message| Read::Message(Box::new(message))),
    }
}

/// What a line is, as a text.
#[cfg(fuzzing)]
pub(crate) fn shown(line: &[u8], open: &Arc<Open>) -> String {
    match read(line, open) {
        Read::Message(message) => serde_json::to_string(&message).unwrap_or_default(),
        Read::Answer(error, id) => serde_json::to_string(&ServerJsonRpcMessage::error(error, id)).unwrap_or_default(),
        Read::Nothing => String::new(),
    }
}

fn invalid(why: impl Into<Cow<'static, str>>, id: Option<RequestId>) -> Read {
    Read::Answer(ErrorData::invalid_request(why, None), id)
}

fn request(line: &[u8], envelope: &Envelope<'_>, id: RequestId, open: &Arc<Open>) -> Read {
    let is_call = envelope.method.as_deref() == Some("tools/call");
    let message = if is_call { call(envelope, &id) } else { other(line) };
    let mut message = match message {
        Ok(message) => message,
        Err(error) => return Read::Answer(ErrorData::invalid_params(error.to_string(), None), Some(id)),
    };
    let Some(running) = open.begin(&id) else {
        // With its own id it would be taken for the answer to the first.
        return invalid(format!("id {} belongs to a request that is not answered yet", excerpt(&id)), None);
    };
    if let JsonRpcMessage::Request(request) = &mut message {
        request.request.extensions_mut().insert(running);
    }
    Read::Message(Box::new(message))
}

fn excerpt(id: &RequestId) -> String {
    text::excerpt(&id.to_string())
}

fn notification(line: &[u8], open: &Open) -> Read {
    let Ok(message) = other(line) else { return Read::Nothing };
    if let JsonRpcMessage::Notification(notification) = &message
        && let ClientNotification::CancelledNotification(cancelled) = &notification.notification
    {
        cancelled.params.request_id.iter().for_each(|id| open.cancelled(id));
    }
    Read::Message(Box::new(message))
}

fn other(line: &[u8]) -> serde_json::Result<ClientJsonRpcMessage> {
    serde_json::from_slice(line)
}

/// The parameters of a call.
#[derive(serde::Deserialize)]
struct CallParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(rename = "_meta", default)]
    meta: Option<RequestMetaObject>,
    #[serde(rename = "inputResponses", default)]
    input_responses: Option<InputResponses>,
    #[serde(rename = "requestState", default)]
    request_state: Option<String>,
}

fn call(envelope: &Envelope<'_>, id: &RequestId) -> serde_json::Result<ClientJsonRpcMessage> {
    let params = envelope.params.map_or("null", RawValue::get);
    let CallParams { name, arguments, meta, input_responses, request_state } = serde_json::from_str(params)?;
    let arguments = arguments.map_or("{}", RawValue::get);
    if !arguments.starts_with('{') {
        return Err(serde::de::Error::custom("`arguments` is an object"));
    }
    let mut params = CallToolRequestParams::new(name.into_owned());
    (params.input_responses, params.request_state) = (input_responses, request_state);
    let mut request = CallToolRequest::new(params);
    request.extensions.insert(RawArguments(arguments.into()));
    request.extensions.insert(meta.unwrap_or_default());
    Ok(ClientJsonRpcMessage::request(ClientRequest::CallToolRequest(request), id.clone()))
}

/// The requests that are not answered yet.
#[derive(Default)]
pub(crate) struct Open(Mutex<HashMap<RequestId, State>>);

struct State {
    is_running: bool,
    is_cancelled: bool,
}

impl Open {
    fn begin(self: &Arc<Self>, id: &RequestId) -> Option<Running> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.contains_key(id) {
            return None;
        }
        open.insert(id.clone(), State { is_running: true, is_cancelled: false });
        Some(Running(Arc::new(Ends { open: Arc::clone(self), id: id.clone() })))
    }

    fn answered(&self, id: &RequestId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// It gets no answer any more; its id is free when nothing works on it.
    fn cancelled(&self, id: &RequestId) {
        self.change(id, |state| state.is_cancelled = true);
    }

    fn change(&self, id: &RequestId, change: impl FnOnce(&mut State)) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = open.get_mut(id) {
            change(state);
            if state.is_cancelled && !state.is_running {
                open.remove(id);
            }
        }
    }
}

/// Lives as long as something works on a request.
#[derive(Clone)]
struct Running(#[allow(dead_code, reason = "dropped at the end")] Arc<Ends>);

struct Ends {
    open: Arc<Open>,
    id: RequestId,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.open.change(&self.id, |state| state.is_running = false);
    }
}
