//! A client, and a toolbox that does what a test says. The session runs on two pipes, as in a process of its own.

#![allow(dead_code, reason = "each test program uses a part of it")]

use mpp_host::{CallOutcome, Ending, Found, Log, Refusals, Sent, Step};
use mpp_mcp::{Called, Hints, Mode, Options, Pipes, Provenance, Refused, Tool, ToolCall, Toolbox, serve};
use mpp_schema::{Digest, Problem};
use serde_json::{Map, Value as Json, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Long enough for the slowest machine: a test that waits this long failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Tools {
    list: Mutex<Arc<Vec<Tool>>>,
    arguments: Mutex<String>,
    waiting: Mutex<Sender<()>>,
    cancelled: Mutex<Sender<()>>,
    /// How many waiting calls may go on.
    released: (Mutex<u32>, Condvar),
}

fn tool(name: &str) -> Tool {
    let annotations = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };
    let schema = Map::from_iter([("type".to_owned(), json!("object"))]);
    Tool {
        name: name.to_owned(),
        title: name.to_owned(),
        description: "for a test".to_owned(),
        input_schema: Arc::new(schema),
        output_schema: None,
        annotations,
    }
}

fn returned(value: Json) -> Result<Called, Refused> {
    ended(Ending::Returned(Some(value)))
}

fn ended(ending: Ending) -> Result<Called, Refused> {
    let (log, refusals, found) = (Log::default(), Refusals::default(), Found::default());
    let outcome = CallOutcome { ending, log, refusals, found, sent: Sent::default(), elapsed: Duration::default() };
    let package = Arc::new(Provenance {
        name: "acme:test".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b"test"),
        signers: vec!["acme".to_owned()],
    });
    Ok(Called { outcome, package, content: None })
}

impl Tools {
    /// With news of calls that wait, and of those that were cancelled.
    pub(crate) fn new() -> (Arc<Self>, Receiver<()>, Receiver<()>) {
        let ((waits, waiting), (cancels, cancelled)) = (mpsc::channel(), mpsc::channel());
        let names = ["test_echo", "test_fail", "test_steps", "test_wait"];
        let tools = Self {
            list: Mutex::new(Arc::new(names.map(tool).to_vec())),
            arguments: Mutex::default(),
            waiting: Mutex::new(waits),
            cancelled: Mutex::new(cancels),
            released: Default::default(),
        };
        (Arc::new(tools), waiting, cancelled)
    }

    pub(crate) fn seen_arguments(&self) -> String {
        self.arguments.lock().unwrap().clone()
    }

    /// A tool less.
    pub(crate) fn change(&self) {
        *self.list.lock().unwrap() = Arc::new(vec![tool("test_echo")]);
    }

    /// One call that waits goes on.
    pub(crate) fn release(&self) {
        *self.released.0.lock().unwrap() += 1;
        self.released.1.notify_one();
    }

    /// Until it is let go, or cancelled.
    fn wait(&self, call: &ToolCall) -> Result<Called, Refused> {
        self.waiting.lock().unwrap().send(()).unwrap();
        let (released, changed) = &self.released;
        let mut free = released.lock().unwrap();
        loop {
            if call.cancel.is_cancelled() {
                // A session that ended hears nothing any more.
                let _ = self.cancelled.lock().unwrap().send(());
                return ended(Ending::Returned(None));
            }
            if *free > 0 {
                *free -= 1;
                return returned(json!({}));
            }
            free = changed.wait_timeout(free, Duration::from_millis(5)).unwrap().0;
        }
    }
}

impl Toolbox for Tools {
    fn tools(&self) -> Result<Arc<Vec<Tool>>, Problem> {
        Ok(Arc::clone(&self.list.lock().unwrap()))
    }

    fn call(&self, call: &ToolCall) -> Result<Called, Refused> {
        self.arguments.lock().unwrap().clone_from(&call.arguments);
        match call.name.as_str() {
            "test_echo" => returned(serde_json::from_str(&call.arguments).unwrap()),
            "test_fail" => Err(Refused::Problem(Problem {
                code: "grant.missing".to_owned(),
                message: "not granted".to_owned(),
                help: "mpp grant acme:test --all".to_owned(),
            })),
            "test_steps" => {
                for done in [1, 1, 0, 2] {
                    let step = Step { done, total: Some(2), message: "step".to_owned() };
                    call.progress.iter().for_each(|progress| progress.report(&step));
                }
                returned(json!({}))
            }
            "test_wait" => self.wait(call),
            _ => Err(Refused::Unknown),
        }
    }
}

/// A client with its session.
pub(crate) struct Session {
    input: Option<PipeWriter>,
    output: Receiver<Json>,
    reader: Option<JoinHandle<()>>,
    stop: Arc<(Mutex<bool>, Condvar)>,
    served: Receiver<Result<(), String>>,
    tools: Arc<Tools>,
    waiting: Receiver<()>,
    cancelled: Receiver<()>,
}

impl Session {
    pub(crate) fn start() -> Self {
        Self::start_as(Mode::All)
    }

    pub(crate) fn start_as(mode: Mode) -> Self {
        let (for_server, input) = std::io::pipe().unwrap();
        let (output, for_client) = std::io::pipe().unwrap();
        let (tools, waiting, cancelled) = Tools::new();
        let toolbox = Arc::clone(&tools);
        let pipes =
            Pipes { input: File::from(OwnedFd::from(for_server)), output: File::from(OwnedFd::from(for_client)) };
        let (end, served) = mpsc::channel();
        thread::spawn(move || {
            let options = Options { version: "1.0.0".to_owned(), mode };
            let _ = end.send(serve(toolbox, pipes, options).map_err(|error| error.to_string()));
        });
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (heard, lines) = mpsc::channel();
        let stopped = Arc::clone(&stop);
        let reader = thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            while output.read_line(&mut line).is_ok_and(|length| length > 0) {
                // Nothing but messages, one a line.
                let _ = heard.send(serde_json::from_str(&line).unwrap_or_else(|_| panic!("no message: {line}")));
                line.clear();
                let (stopped, changed) = &*stopped;
                drop(changed.wait_while(stopped.lock().unwrap(), |stopped| *stopped).unwrap());
            }
        });
        Self { input: Some(input), output: lines, reader: Some(reader), stop, served, tools, waiting, cancelled }
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.say_bytes(line.as_bytes());
    }

    pub(crate) fn say_bytes(&mut self, line: &[u8]) {
        self.say_unended(line);
        self.say_unended(b"\n");
    }

    pub(crate) fn say_unended(&mut self, text: &[u8]) {
        // A session that ended does not read.
        let _ = self.input.as_mut().unwrap().write_all(text);
    }

    #[track_caller]
    pub(crate) fn hear(&mut self) -> Json {
        self.output.recv_timeout(PATIENCE).expect("an answer")
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, message: &Json) -> Json {
        self.say(&message.to_string());
        self.hear()
    }

    #[track_caller]
    pub(crate) fn call(&mut self, id: u64, name: &str, arguments: &Json) -> Json {
        let params = json!({"name": name, "arguments": arguments});
        self.ask(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))
    }

    pub(crate) fn seen_arguments(&self) -> String {
        self.tools.seen_arguments()
    }

    pub(crate) fn until_waiting(&self) {
        self.waiting.recv_timeout(PATIENCE).expect("a tool that waits");
    }

    pub(crate) fn until_cancelled(&self) {
        self.cancelled.recv_timeout(PATIENCE).expect("a tool that is cancelled");
    }

    /// Every tool that began to wait was told to stop; gives how many there were.
    #[track_caller]
    pub(crate) fn all_cancelled(&self) -> usize {
        let mut count = 0;
        while self.waiting.try_recv().is_ok() {
            self.until_cancelled();
            count += 1;
        }
        count
    }

    pub(crate) fn release(&self) {
        self.tools.release();
    }

    /// A tool less.
    pub(crate) fn change(&self) {
        self.tools.change();
    }

    /// From the next message on.
    pub(crate) fn stop_reading(&self) {
        *self.stop.0.lock().unwrap() = true;
    }

    /// Ends the input of a session whose output is not read.
    #[track_caller]
    pub(crate) fn end_unread(mut self) {
        drop(self.input.take());
        self.served.recv_timeout(PATIENCE).expect("the session ends").expect("and ends well");
        *self.stop.0.lock().unwrap() = false;
        self.stop.1.notify_all();
    }

    /// Ends the input; gives what was still said when the session has ended.
    #[track_caller]
    pub(crate) fn end(mut self) -> Vec<Json> {
        self.disconnect()
    }

    /// The same, for a session that is asked something afterwards.
    #[track_caller]
    pub(crate) fn disconnect(&mut self) -> Vec<Json> {
        drop(self.input.take());
        self.served.recv_timeout(PATIENCE).expect("the session ends").expect("and ends well");
        self.reader.take().unwrap().join().expect("only messages on the output");
        self.output.try_iter().collect()
    }
}

/// A session of a client that opened with `initialize`.
pub(crate) fn initialized() -> Session {
    let mut session = Session::start();
    session.ask(&json!({"jsonrpc": "2.0", "id": "open", "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}));
    session.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    session
}

/// A request of the revision without sessions.
pub(crate) fn modern(id: u64, method: &str, mut params: Json) -> Json {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}
    });
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}
