//! The seam between the wire and what stands behind it.

use mpp_host::{CallOutcome, Cancel, Content, Progress};
use mpp_schema::{Digest, PackageName, Problem, Version};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The tools of a session. Each method blocks, and is called on a thread that may; many calls run at the same time.
pub trait Toolbox: Send + Sync + 'static {
    /// Every tool, in the order in which it is listed. The same value for as long as nothing changed, so that a look costs little.
    ///
    /// # Errors
    /// The home cannot be read.
    fn tools(&self) -> Result<Arc<Vec<Tool>>, Problem>;

    /// Calls a tool, and returns when it ended.
    ///
    /// # Errors
    /// The tool was not started.
    fn call(&self, call: &ToolCall) -> Result<Called, Refused>;
}

/// Who may come in over HTTP. Blocks, and is asked on a thread that may.
pub trait Door: Send + Sync + 'static {
    /// The agent that this token belongs to, with its tools; nothing for a token of nobody.
    ///
    /// # Errors
    /// The home cannot be read.
    fn open(&self, token: &str) -> Result<Option<Entered>, Problem>;
}

/// An agent that came in.
#[derive(Clone)]
pub struct Entered {
    /// Its name.
    pub agent: String,
    /// Its tools.
    pub toolbox: Arc<dyn Toolbox>,
}

/// A tool as agents see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Its name among all tools of the session (MCP-10).
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it says that it does.
    pub description: String,
    /// Schema of the arguments.
    pub input_schema: Arc<Map<String, Json>>,
    /// Schema of the result; nothing for a tool without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Arc<Map<String, Json>>>,
    /// What a call of it can do.
    pub annotations: Hints,
}

/// What a call can do, as far as what was granted lets it (MCP-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "the four hints of the protocol")]
pub struct Hints {
    /// It changes nothing.
    #[serde(rename = "readOnlyHint")]
    pub read_only: bool,
    /// What it changes may be lost.
    #[serde(rename = "destructiveHint")]
    pub destructive: bool,
    /// Calling it again changes nothing more.
    #[serde(rename = "idempotentHint")]
    pub idempotent: bool,
    /// It reaches beyond this machine and what was installed.
    #[serde(rename = "openWorldHint")]
    pub open_world: bool,
}

/// One call.
pub struct ToolCall {
    /// The name from the list.
    pub name: String,
    /// A JSON object, as it came.
    pub arguments: String,
    /// Stops it early.
    pub cancel: Cancel,
    /// Who is shown how far it is, when somebody asked to be.
    pub progress: Option<Arc<dyn Progress>>,
    /// The client, which may be able to ask a person.
    pub client: Arc<dyn Client>,
}

/// A client as a messenger to a person. What it brings is its own word: programs that answer by themselves are known.
pub trait Client: Send + Sync {
    /// Has a person asked, or gives what was answered to the same question before.
    fn ask(&self, question: Question) -> Reply;

    /// What the client brought of itself, to a question that it was asked before.
    fn brought(&self) -> Option<Reply>;

    /// Whether a question is on its way: the call will be made again with its answer.
    fn is_asking(&self) -> bool;
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The text, made by the host.
    pub text: String,
    /// Whether "for this session" can be answered.
    pub for_session: bool,
    /// What comes back with the answer, where the answer comes with another call.
    pub state: String,
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It says that somebody accepted.
    Accepted {
        /// For how long.
        choice: Choice,
        /// What came back with it, where it came with another call.
        state: Option<String>,
    },
    /// Whatever else it says.
    Refused,
    /// It cannot ask anybody, and why.
    Cannot(&'static str),
    /// It will be asked, and make the call again.
    Later,
}

/// For how long somebody accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// This one call.
    Once,
    /// Such calls, as long as the session lasts.
    Session,
}

/// A call that ended.
#[derive(Debug)]
pub struct Called {
    /// How.
    pub outcome: CallOutcome,
    /// What ran.
    pub package: Arc<Provenance>,
    /// What the tool gives besides plain data.
    pub content: Option<Content>,
}

/// Which package a result came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// The names under which this home knows those who signed it.
    pub signers: Vec<String>,
}

/// A call that was not begun.
#[derive(Debug)]
pub enum Refused {
    /// There is no such tool.
    Unknown,
    /// Somebody can do something about it: the model, or the user.
    Problem(Problem),
}
