//! A session on two streams, from its first message to the end of its input.

use crate::handler::{Handler, Signals};
use crate::streams::Pipes;
use crate::toolbox::Toolbox;
use crate::transport::LineTransport;
use mpp_schema::{Code, Coded, codes};
use rmcp::service::{ServerInitializeError, serve_server};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What is left to calls when the input has ended: those that are about to answer do so.
const GRACE: Duration = Duration::from_millis(100);

/// What a session is told about the program.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version of the program.
    pub version: String,
    /// What is listed.
    pub mode: Mode,
}

/// What clients are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Every tool.
    #[default]
    All,
    /// Two tools that find and call the others (MCP-26).
    Search,
}

/// A session could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Neither end of it could be opened.
    #[error("could not talk to the client")]
    Streams(#[source] io::Error),
    /// The client did not begin as the protocol says.
    #[error("could not begin a session with the client")]
    Begin(#[source] Box<ServerInitializeError>),
}

impl Coded for ServeError {
    fn code(&self) -> Code {
        codes::IO_FAILED
    }
}

/// Serves until the input ends, and returns soon after, whatever is still running (MCP-24).
///
/// # Errors
/// The streams cannot be used, or the client never began.
pub fn serve(toolbox: Arc<dyn Toolbox>, pipes: Pipes, options: Options) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Streams)?;
    let served = runtime.block_on(session(toolbox, pipes, options));
    // A thread that still runs a tool ends with the process.
    runtime.shutdown_background();
    served
}

async fn session(toolbox: Arc<dyn Toolbox>, pipes: Pipes, options: Options) -> Result<(), ServeError> {
    let (input, output) = pipes.open().map_err(ServeError::Streams)?;
    let signals = Signals::default();
    let handler = Handler::new(toolbox, options, signals.clone());
    tokio::spawn(handler.watch());
    let transport = LineTransport::new(input, output, signals.clone());
    let Signals { ended, closing } = signals;
    let stopped = tokio::spawn(async move {
        ended.cancelled().await;
        tokio::time::sleep(GRACE).await;
        closing.cancel();
        // Calls stop themselves within the same time again.
        tokio::time::sleep(GRACE).await;
    });
    match serve_server(handler, transport).await {
        Ok(running) => {
            // The SDK can wait for seconds for a notification that nobody takes any more. A task of it that failed has nothing left to say.
            tokio::select! {
                _ = running.waiting() => {}
                _ = stopped => {}
            }
            Ok(())
        }
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(ServeError::Begin(Box::new(error))),
    }
}
