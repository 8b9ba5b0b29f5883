//! Clients over HTTP, with a real one on the loopback address (rules MCP-40 to MCP-48). The tools behind it are made up, and so are its agents.

#![cfg(unix)]

mod support;

use mpp_mcp::{Door, Entered, HttpOptions, Mode, Options, serve_http};
use mpp_schema::Problem;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc::Receiver};
use std::thread;
use support::{PATIENCE, Tools, modern};

/// Two agents with the same tools.
struct TwoAgents(Arc<Tools>);

impl Door for TwoAgents {
    fn open(&self, token: &str) -> Result<Option<Entered>, Problem> {
        let agent = match token {
            "secret of one" => "one",
            "secret of two" => "two",
            _ => return Ok(None),
        };
        Ok(Some(Entered { agent: agent.to_owned(), toolbox: Arc::clone(&self.0) as _ }))
    }
}

struct Server {
    url: String,
    tools: Arc<Tools>,
    waiting: Receiver<()>,
    cancelled: Receiver<()>,
}

/// What came back.
struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    messages: Vec<Json>,
}

/// Headers of a good request, which a test changes.
type Headers<'a> = Vec<(&'a str, &'a str)>;

fn good<'a>(more: &[(&'a str, &'a str)]) -> Headers<'a> {
    let mut headers = vec![
        ("Authorization", "Bearer secret of one"),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
    ];
    for (name, value) in more {
        headers.retain(|(other, _)| other != name);
        headers.push((name, value));
    }
    headers.retain(|(_, value)| !value.is_empty());
    headers
}

impl Server {
    fn start() -> Self {
        let (tools, waiting, cancelled) = Tools::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let door = Arc::new(TwoAgents(Arc::clone(&tools)));
        // It ends with the process of the test.
        thread::spawn(move || {
            let options = Options { version: "1.0.0".to_owned(), mode: Mode::All };
            serve_http(door, listener, HttpOptions::default(), options)
        });
        Self { url, tools, waiting, cancelled }
    }

    fn open(&self, headers: Headers<'_>, body: &[u8]) -> ureq::http::Response<ureq::Body> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        let mut request = agent.post(&self.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send(body).expect("the server answers")
    }

    fn post(&self, headers: Headers<'_>, body: impl AsRef<[u8]>) -> Answer {
        let mut response = self.open(headers, body.as_ref());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        let text = response.body_mut().read_to_string().expect("a whole answer");
        let messages = match kind.as_str() {
            "application/json" => vec![serde_json::from_str(&text).unwrap()],
            "text/event-stream" => text.lines().filter_map(data).collect(),
            _ => Vec::new(),
        };
        Answer { status, headers, messages }
    }

    /// A request of the stateless revision, with the headers that belong to it.
    fn modern(&self, message: &Json) -> Answer {
        self.post(modern_headers(message), message.to_string())
    }

    fn legacy(&self, message: &Json) -> Answer {
        self.post(good(&[("MCP-Protocol-Version", "2025-11-25")]), message.to_string())
    }
}

fn data(line: &str) -> Option<Json> {
    line.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap())
}

fn modern_headers(message: &Json) -> Headers<'_> {
    let name = message["params"]["name"].as_str().unwrap_or_default();
    good(&[
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", message["method"].as_str().unwrap()),
        ("Mcp-Name", name),
    ])
}

fn call(id: u64, name: &str, arguments: &Json) -> Json {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
}

impl Answer {
    #[track_caller]
    fn one(&self) -> &Json {
        assert_eq!(self.messages.len(), 1, "{} {:?}", self.status, self.messages);
        &self.messages[0]
    }

    #[track_caller]
    fn check(&self, status: u16, code: i64) {
        assert_eq!((self.status, &self.one()["error"]["code"]), (status, &json!(code)), "{}", self.one());
    }
}

#[test]
fn an_old_client_opens_lists_and_calls() {
    let server = Server::start();
    let opening = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    let opened = server.post(good(&[]), opening.to_string());
    assert_eq!((opened.status, &opened.one()["result"]["protocolVersion"]), (200, &json!("2025-06-18")));
    // There is no stream for news.
    assert_eq!(opened.one()["result"]["capabilities"], json!({"tools": {}}));
    assert_eq!(opened.headers["mcp-session-id"].len(), 32);
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(server.legacy(&initialized).status, 202);
    let listed = server.legacy(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    assert_eq!(listed.one()["result"]["tools"].as_array().unwrap().len(), 4);
    let called = server.legacy(&call(3, "test_echo", &json!({"text": "hi"})));
    assert_eq!(called.one()["result"]["content"][0]["text"], "{\"text\":\"hi\"}");
    assert!(called.one()["result"].get("resultType").is_none());
}

#[test]
fn a_new_client_needs_no_opening() {
    let server = Server::start();
    let found = server.modern(&modern(1, "server/discover", json!({})));
    assert!(found.one()["result"]["supportedVersions"].to_string().contains("2026-07-28"));
    let listed = server.modern(&modern(2, "tools/list", json!({})));
    assert_eq!((&listed.one()["result"]["ttlMs"], listed.status), (&json!(0), 200));
    let called = server.modern(&modern(3, "tools/call", json!({"name": "test_echo", "arguments": {"n": 1}})));
    assert_eq!(called.one()["result"]["resultType"], "complete");
    // Numbers keep their digits, as on standard input.
    let message = modern(4, "tools/call", json!({"name": "test_echo", "arguments": {"n": 0}}));
    let text = message.to_string().replace(r#"{"n":0}"#, r#"{"n":123456789012345678901.50}"#);
    assert_eq!(server.post(modern_headers(&message), text).status, 200);
    assert_eq!(server.tools.seen_arguments(), r#"{"n":123456789012345678901.50}"#);
}

/// MCP-40: one place, one method.
#[test]
fn other_places_and_methods_are_refused() {
    let server = Server::start();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for request in [agent.get(&server.url), agent.delete(&server.url)] {
        let answer = request.header("Authorization", "Bearer secret of one").call().unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "POST"));
    }
    let elsewhere = agent.post(server.url.replace("/mcp", "/")).header("Authorization", "Bearer secret of one");
    assert_eq!(elsewhere.send("{}").unwrap().status(), 404);
}

/// MCP-41 to MCP-44.
#[test]
fn who_may_not_come_in_is_told_before_the_body_is_read() {
    let server = Server::start();
    let check = |change: (&str, &str), status: u16| {
        let answer = server.post(good(&[change]), "this is not JSON");
        assert_eq!(answer.status, status, "{change:?}");
    };
    check(("Host", "evil.example"), 403);
    check(("Origin", "https://evil.example"), 403);
    check(("Origin", "null"), 403);
    check(("Authorization", ""), 401);
    check(("Authorization", "Bearer wrong"), 401);
    check(("Authorization", "Basic c2VjcmV0"), 401);
    check(("Accept", "application/json"), 406);
    check(("Content-Type", "text/plain"), 415);
    // The positive twins.
    check(("Host", &server.url["http://".len()..server.url.len() - "/mcp".len()]), 400);
    check(("Origin", &server.url[..server.url.len() - "/mcp".len()]), 400);
    let refused = server.post(good(&[("Authorization", "Bearer wrong")]), "{}");
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
}

/// MCP-45: what a middle box reads is what is done.
#[test]
fn headers_and_body_agree() {
    let server = Server::start();
    let message = modern(1, "tools/call", json!({"name": "test_echo", "arguments": {}}));
    let check = |change: (&str, &str), status: u16, code: i64| {
        let mut headers = modern_headers(&message);
        headers.retain(|(name, _)| *name != change.0);
        headers.extend(Some(change).filter(|(_, value)| !value.is_empty()));
        server.post(headers, message.to_string()).check(status, code);
    };
    check(("MCP-Protocol-Version", ""), 400, -32020);
    check(("MCP-Protocol-Version", "2025-11-25"), 400, -32020);
    check(("Mcp-Method", ""), 400, -32020);
    check(("Mcp-Method", "tools/list"), 400, -32020);
    check(("Mcp-Name", ""), 400, -32020);
    check(("Mcp-Name", "test_fail"), 400, -32020);
    check(("Mcp-Name", "=?base64?!?="), 400, -32020);
    let mut twice = modern_headers(&message);
    twice.push(("Mcp-Name", "test_fail"));
    server.post(twice, message.to_string()).check(400, -32020);
    let mut encoded = modern_headers(&message);
    encoded.retain(|(name, _)| *name != "Mcp-Name");
    encoded.push(("Mcp-Name", "=?base64?dGVzdF9lY2hv?="));
    assert_eq!(server.post(encoded, message.to_string()).status, 200);
    // A revision that nobody knows, one that lacks what it requires, and what it does not have.
    let mut future = message.clone();
    future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2031-01-01");
    let mut headers = modern_headers(&message);
    headers.retain(|(name, _)| *name != "MCP-Protocol-Version");
    headers.push(("MCP-Protocol-Version", "2031-01-01"));
    server.post(headers, future.to_string()).check(400, -32022);
    let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    server.modern(&bare).check(400, -32602);
    server.modern(&modern(1, "prompts/list", json!({}))).check(404, -32601);
    let unknown = server.post(good(&[("MCP-Protocol-Version", "1999-01-01")]), bare.to_string());
    unknown.check(400, -32022);
    assert_eq!(
        server.legacy(&json!({"jsonrpc": "2.0", "id": 1, "method": "prompts/list"})).one()["error"]["code"],
        -32601
    );
}

/// MCP-47: messages are read as strictly as lines.
#[test]
fn what_nobody_may_send_is_refused() {
    let server = Server::start();
    let check = |body: &[u8], status: u16, code: i64| server.post(good(&[]), body).check(status, code);
    check(b"{", 400, -32700);
    check(b"\xff", 400, -32700);
    check(b"[]", 400, -32600);
    check(br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, 400, -32600);
    check(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, 400, -32600);
    check("[".repeat(1 << 20).as_bytes(), 400, -32600);
    let large = server.post(good(&[]), vec![b' '; (16 << 20) + 1]);
    assert_eq!(large.status, 413);
    assert_eq!(server.legacy(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})).status, 200);
}

#[test]
fn progress_comes_before_the_answer() {
    let server = Server::start();
    let mut message = modern(1, "tools/call", json!({"name": "test_steps", "arguments": {}}));
    message["params"]["_meta"]["progressToken"] = json!("t");
    let called = server.modern(&message);
    assert_eq!(called.headers["content-type"], "text/event-stream");
    let told: Vec<_> = called.messages.iter().map(|message| message["params"]["progress"].clone()).collect();
    assert_eq!(told, [json!(1.0), json!(2.0), Json::Null]);
    assert_eq!(called.messages[2]["result"]["isError"], false);
}

/// MCP-46: a client that goes away stops its call, whether it waits for the first message or for a later one.
#[test]
fn a_closed_request_stops_its_call() {
    let server = Server::start();
    let message = modern(1, "tools/call", json!({"name": "test_wait", "arguments": {}}));
    let body = message.to_string();
    let address = &server.url["http://".len()..server.url.len() - "/mcp".len()];
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len()).unwrap();
    for (name, value) in modern_headers(&message) {
        write!(stream, "{name}: {value}\r\n").unwrap();
    }
    write!(stream, "\r\n{body}").unwrap();
    server.waiting.recv_timeout(PATIENCE).expect("a call that waits");
    drop(stream);
    server.cancelled.recv_timeout(PATIENCE).expect("a call that is stopped");
}

/// MCP-46: an older client says that it does not want an answer; another agent, or another session, cannot say it for it.
#[test]
fn an_old_client_cancels_with_a_message() {
    let server = Server::start();
    let (url, session) = (server.url.clone(), [("Mcp-Session-Id", "a"), ("MCP-Protocol-Version", "2025-11-25")]);
    let asked = Server { url, ..Server::start() };
    let answer = thread::spawn(move || asked.post(good(&session), call(7, "test_wait", &json!({})).to_string()));
    server.waiting.recv_timeout(PATIENCE).expect("a call that waits");
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}).to_string();
    let others = [("Authorization", "Bearer secret of two"), ("Mcp-Session-Id", "b")];
    for other in others {
        let headers = good(&[session[0], session[1], other]);
        assert_eq!(server.post(headers, &cancel).status, 202);
    }
    // The same id again is refused as long as the first is not answered, and is another one elsewhere.
    server.post(good(&session), call(7, "test_echo", &json!({})).to_string()).check(400, -32600);
    assert_eq!(server.legacy(&call(7, "test_echo", &json!({}))).status, 200);
    assert!(server.cancelled.try_recv().is_err());
    assert_eq!(server.post(good(&session), &cancel).status, 202);
    server.cancelled.recv_timeout(PATIENCE).expect("a call that is stopped");
    assert!(answer.join().unwrap().messages.is_empty(), "nothing is sent for it");
}

/// MCP-14, MCP-48: news come to whoever listens.
#[test]
fn a_listener_is_told_of_changes() {
    let server = Server::start();
    let message = modern(9, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    let response = server.open(modern_headers(&message), message.to_string().as_bytes());
    let mut lines = BufReader::new(response.into_body().into_reader().take(1 << 16)).lines();
    let mut next = || lines.by_ref().map_while(Result::ok).find_map(|line| data(&line)).expect("a message");
    assert_eq!(next()["method"], "notifications/subscriptions/acknowledged");
    server.tools.change();
    assert_eq!(next()["method"], "notifications/tools/list_changed");
}
