//! `wasi:http` with a real guest and real servers: what is granted works, and nothing else leaves the machine.

use crate::support::servers::{Asked, Identity, Server, Wire, hello, respond, silence};
use crate::support::{guests, packages};
use mpp_host::{
    CallOutcome, Connecting, Connector, Ending, Host, HostOptions, HttpLimits, Limits, LoadedPackage, Providers,
    Resolver, SecretValue, Secrets, SecretsError, Terms, TlsRoots,
};
use mpp_policy::{Allowance, Grants, Origin};
use mpp_schema::permissions::Permissions;
use mpp_schema::{Code, Ident, PackageName, codes};
use serde_json::{Value as Json, json};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The guest under grants.
struct Client {
    package: LoadedPackage,
    terms: Terms,
}

impl Client {
    fn new(options: HostOptions, asked: Json) -> Self {
        let host = Host::new(options).expect("a host starts");
        let package = packages::load_asking(&host, guests::http(), asked.clone());
        let asked: Permissions = serde_json::from_value(asked).expect("permissions");
        let origin = |text: &String| Origin::parse(text).expect("an origin");
        let allowance = Allowance {
            http: asked.http.iter().map(|http| origin(&http.origin)).collect(),
            secrets: asked.secrets.keys().cloned().collect(),
            ..Default::default()
        };
        Self { package, terms: Terms::granted(Grants::cut(&asked, &allowance)) }
    }

    /// With the default limits, and everything at one server.
    fn of(server: &Server) -> Self {
        Self::limited(server, HttpLimits::default())
    }

    fn limited(server: &Server, http: HttpLimits) -> Self {
        let limits = Limits { http, ..Limits::default() };
        Self::new(HostOptions { limits, ..HostOptions::default() }, everything_at(&server.origin()))
    }

    fn providing(providers: Providers, asked: Json) -> Self {
        Self::new(HostOptions { providers, ..HostOptions::default() }, asked)
    }

    fn call(&self, tool: &str, arguments: Json) -> CallOutcome {
        self.package.call(&self.terms, tool, &arguments.to_string()).expect("it is started")
    }

    /// The result of a call to which nothing was refused.
    #[track_caller]
    fn result(&self, tool: &str, arguments: Json) -> Json {
        let outcome = self.call(tool, arguments);
        assert!(outcome.refusals.is_empty(), "{:?}", outcome.refusals);
        returned(&outcome)
    }

    /// A call to which something was refused for this reason; what the tool heard.
    #[track_caller]
    fn refused(&self, code: Code, tool: &str, arguments: Json) -> String {
        let outcome = self.call(tool, arguments);
        assert!(outcome.refusals.contains(code), "not {code}: {outcome:?}");
        match outcome.ending {
            Ending::ToolError(error) => error.as_str().expect("words").to_owned(),
            Ending::Returned(Some(result)) => result.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// A call that failed without a refusal; what the tool heard.
    #[track_caller]
    fn failed(&self, tool: &str, arguments: Json) -> String {
        let outcome = self.call(tool, arguments);
        assert!(outcome.refusals.is_empty(), "{:?}", outcome.refusals);
        let Ending::ToolError(error) = outcome.ending else { panic!("{:?}", outcome.ending) };
        error.as_str().expect("words").to_owned()
    }
}

#[track_caller]
fn returned(outcome: &CallOutcome) -> Json {
    let Ending::Returned(Some(result)) = &outcome.ending else { panic!("{outcome:?}") };
    result.clone()
}

/// Whether an error is this one: heads give their code, bodies its words.
fn says(heard: &str, code: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    plain(heard).contains(&plain(code))
}

fn everything_at(origin: &str) -> Json {
    json!({ "http": [{ "origin": origin, "methods": ["GET", "POST", "TRACE", "CONNECT"] }] })
}

fn at(authority: &str) -> Json {
    json!({ "authority": authority })
}

fn get(authority: &str, path: &str) -> Json {
    json!({ "scheme": "http", "authority": authority, "path": path })
}

fn brief() -> HttpLimits {
    let short = Duration::from_millis(50);
    HttpLimits { connect: short, first_byte: short, between_bytes: short, ..HttpLimits::default() }
}

#[test]
fn a_page_is_got_and_a_text_is_posted() {
    let server = Server::plain(|asked, wire| {
        let body = String::from_utf8_lossy(&asked.body).to_uppercase();
        respond(wire, "201 Created", "x-test: yes\r\nconnection: close\r\n", &body)
    });
    let client = Client::of(&server);
    let got = client.result("get", get(&server.authority(), "/a/../b?c=d"));
    assert_eq!((&got["status"], &got["body"]), (&json!(201), &json!("")));
    assert_eq!(got["headers"], json!([{ "f0": "content-length", "f1": "0" }, { "f0": "x-test", "f1": "yes" }]));
    let posted =
        client.result("post", json!({ "authority": server.authority(), "path": "/notes", "text": "some text" }));
    assert_eq!(posted["body"], json!("SOME TEXT"));
    let heads: Vec<_> = server.asked().into_iter().map(|asked| asked.head).collect();
    let host = format!("host: {}\r\n", server.authority());
    assert_eq!(heads[0], format!("GET /b?c=d HTTP/1.1\r\n{host}"));
    assert_eq!(heads[1], format!("POST /notes HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n"));
}

#[test]
fn what_was_not_granted_is_not_sent() {
    let server = Server::plain(hello);
    let other = Server::plain(hello);
    let asked = json!({ "http": [{ "origin": server.origin(), "methods": ["GET"], "paths": ["/repos/"] }] });
    let client = Client::new(HostOptions::default(), asked);
    let here = server.authority();
    let send = |method: &str, scheme: &str, authority: &str, path: &str| json!({ "method": method, "scheme": scheme, "authority": authority, "path": path });
    for (code, arguments) in [
        (codes::NET_DENIED, send("POST", "http", &here, "/repos/a")),
        (codes::NET_DENIED, send("get", "http", &here, "/repos/a")),
        (codes::NET_DENIED, send("TRACE", "http", &here, "/repos/a")),
        (codes::NET_DENIED, send("CONNECT", "http", &here, "/repos/a")),
        (codes::NET_DENIED, send("GET", "http", &here, "/")),
        (codes::NET_DENIED, send("GET", "http", &here, "/repos/../admin")),
        (codes::NET_DENIED, send("GET", "http", &here, "/repos/%2e%2e%2fadmin")),
        (codes::NET_DENIED, send("GET", "http", &here, "//repos/a")),
        (codes::NET_DENIED, send("GET", "ftp", &here, "/repos/a")),
        (codes::NET_DENIED, send("GET", "http", "a.example", "/repos/a")),
        (codes::NET_DENIED, send("GET", "http", &here.replace("127.0.0.1", "localhost"), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "https", &here, "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", &other.authority(), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", &format!("user@{here}"), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", &here.replace("127.0.0.1", "0x7f.1"), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", &here.replace("127.0.0.1", "2130706433"), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", &here.replace("127.0.0.1", "127.1"), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", &here.replace("127.0.0.1", "[::ffff:127.0.0.1]"), "/repos/a")),
        (codes::NET_PRIVATE, send("GET", "http", "169.254.169.254", "/latest/meta-data/")),
    ] {
        client.refused(code, "send", arguments);
    }
    assert!(server.asked().is_empty() && other.asked().is_empty());
    let granted = client.result("send", send("GET", "http", &here, "/repos/a"));
    assert_eq!(granted["body"], json!("hello"));
}

#[test]
fn without_a_grant_there_is_nobody_to_ask() {
    let server = Server::plain(hello);
    let client = Client { terms: Terms::default(), ..Client::of(&server) };
    let heard = client.refused(codes::CAP_DENIED, "get", get(&server.authority(), "/"));
    assert!(heard.contains("HttpRequestDenied"), "{heard}");
    assert!(server.asked().is_empty());
}

/// A public address; what is connected to it ends at a server of the test.
const PUBLIC: &str = "93.184.216.34";

/// Answers with the next list each time, and counts.
struct Alternating {
    answers: Vec<Vec<&'static str>>,
    lookups: Mutex<Vec<String>>,
}

impl Resolver for Alternating {
    fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut lookups = self.lookups.lock().expect("one asks");
        let answer = &self.answers[lookups.len() % self.answers.len()];
        lookups.push(name.to_owned());
        Ok(answer.iter().map(|address| address.parse().expect("an address")).collect())
    }
}

/// Leads every connection to one server, and keeps where it was to go.
struct Detour {
    to: SocketAddr,
    connected: Mutex<Vec<SocketAddr>>,
}

impl Connector for Detour {
    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        self.connected.lock().expect("one connects").push(address);
        Box::pin(tokio::net::TcpStream::connect(self.to))
    }
}

fn rebinding(server: &Server, answers: Vec<Vec<&'static str>>) -> (Client, Arc<Alternating>, Arc<Detour>) {
    let resolver = Arc::new(Alternating { answers, lookups: Mutex::default() });
    let detour = Arc::new(Detour { to: server.address, connected: Mutex::default() });
    let (resolver_used, connector) = (Arc::clone(&resolver), Arc::clone(&detour));
    let providers = Providers { resolver: resolver_used, connector, ..Providers::default() };
    let asked = json!({ "http": [{ "origin": "http://*.example" }, { "origin": "http://localhost" }] });
    (Client::providing(providers, asked), resolver, detour)
}

#[test]
fn a_name_is_looked_up_once_and_leads_to_no_private_address() {
    let server = Server::plain(hello);
    let answers = vec![vec![PUBLIC], vec!["127.0.0.1"], vec![PUBLIC, "10.0.0.1"], vec!["::ffff:169.254.169.254"]];
    let (client, resolver, detour) = rebinding(&server, answers);
    assert_eq!(client.result("get", get("A.example", "/"))["body"], json!("hello"));
    for _ in 0..3 {
        let heard = client.refused(codes::NET_PRIVATE, "get", get("a.example", "/"));
        assert!(heard.contains("DestinationIpProhibited"), "{heard}");
    }
    assert_eq!(*resolver.lookups.lock().expect("nobody asks"), ["a.example"; 4]);
    let connected = detour.connected.lock().expect("nobody connects").clone();
    assert_eq!(connected, [format!("{PUBLIC}:80").parse().expect("an address")]);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn the_name_of_this_machine_is_private_too() {
    let server = Server::plain(hello);
    let providers = Providers { connector: rebinding(&server, vec![vec![PUBLIC]]).2, ..Providers::default() };
    let client = Client::providing(providers, json!({ "http": [{ "origin": "http://localhost" }] }));
    client.refused(codes::NET_PRIVATE, "get", get("localhost", "/"));
    assert!(server.asked().is_empty());
}

#[test]
fn a_redirection_is_the_tools_own_affair() {
    for (location, code) in [
        ("http://169.254.169.254/latest/meta-data/", codes::NET_PRIVATE),
        ("https://evil.example/", codes::NET_DENIED),
        ("http://localhost/", codes::NET_DENIED),
    ] {
        let server = Server::plain(move |_, wire| respond(wire, "302 Found", &format!("location: {location}\r\n"), ""));
        let client = Client::of(&server);
        let given = client.result("get", get(&server.authority(), "/old"));
        assert_eq!(given["status"], json!(302));
        client.refused(code, "follow", json!({ "authority": server.authority(), "path": "/old" }));
        assert_eq!(server.asked().len(), 2, "{location}");
    }
    let server = Server::plain(|asked, wire| {
        let port = asked.head.split("127.0.0.1:").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let location = format!("location: http://127.0.0.1:{port}/new\r\n");
        if asked.head.starts_with("GET /old") { respond(wire, "302 Found", &location, "") } else { hello(asked, wire) }
    });
    let client = Client::of(&server);
    let followed = client.result("follow", json!({ "authority": server.authority(), "path": "/old" }));
    assert_eq!(followed["body"], json!("hello"));
}

#[test]
fn headers_of_the_host_are_refused_to_the_tool() {
    let server = Server::plain(hello);
    let client = Client::of(&server);
    let with = |name: &str| json!({ "authority": server.authority(), "name": name, "value": "1" });
    for name in ["Authorization", "cookie", "HOST", "Proxy-Authorization", "Proxy-Connection", "Connection", "TE"] {
        let heard = client.refused(codes::NET_HEADER, "with-header", with(name));
        assert!(heard.contains("Forbidden"), "{name}: {heard}");
    }
    for name in
        ["Transfer-Encoding", "Upgrade", "Forwarded", "X-Forwarded-For", "x_forwarded_for", "X-HTTP-Method-Override"]
    {
        client.refused(codes::NET_HEADER, "with-header", with(name));
    }
    assert!(server.asked().is_empty());
    assert_eq!(client.result("with-header", with("x-custom"))["status"], json!(200));
    assert!(server.asked()[0].head.contains("x-custom: 1\r\n"));
    let smuggled = json!({ "authority": server.authority(), "name": "x-custom", "value": "1\r\ncookie: a=b" });
    assert!(client.failed("with-header", smuggled).contains("InvalidSyntax"));
}

#[test]
fn a_flood_of_headers_is_refused_in_both_directions() {
    let limits = HttpLimits { headers: 20, ..HttpLimits::default() };
    let server = Server::plain(hello);
    let client = Client::limited(&server, limits);
    let flood = |count: u32| json!({ "authority": server.authority(), "count": count });
    let heard = client.refused(codes::LIMIT_HTTP, "many-headers", flood(30));
    assert!(heard.contains("HttpRequestHeaderSectionSize"), "{heard}");
    let outcome = client.call("many-headers", flood(10_000));
    assert_eq!(outcome.ending.code(), Some(codes::LIMIT_HTTP), "{outcome:?}");
    assert!(server.asked().is_empty());
    assert_eq!(client.result("many-headers", flood(10))["status"], json!(200));

    let many = Server::plain(|_, wire| respond(wire, "200 OK", &"x-a: b\r\n".repeat(30), ""));
    let client = Client::limited(&many, limits);
    let heard = client.refused(codes::LIMIT_HTTP, "get", get(&many.authority(), "/"));
    assert!(heard.contains("HttpResponseHeaderSectionSize"), "{heard}");
    let large = Server::plain(|_, wire| respond(wire, "200 OK", &format!("x-a: {}\r\n", "b".repeat(1 << 20)), ""));
    Client::of(&large).refused(codes::LIMIT_HTTP, "get", get(&large.authority(), "/"));
}

#[test]
fn requests_are_counted() {
    let server = Server::plain(hello);
    let client = Client::limited(&server, HttpLimits { requests: 3, ..HttpLimits::default() });
    let times = |count: u32| json!({ "authority": server.authority(), "count": count });
    let heard = client.refused(codes::LIMIT_HTTP, "many-requests", times(5));
    assert!(heard.contains(r#""f0":3"#) && heard.contains("HttpRequestDenied"), "{heard}");
    assert_eq!(client.result("many-requests", times(3))["result"]["f0"], json!(3));
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn only_so_many_are_under_way_at_once() {
    let server = Server::plain(|_, wire| {
        write!(wire, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfew")?;
        wire.flush()?;
        silence(wire)
    });
    let client = Client::limited(&server, HttpLimits { at_once: 2, ..brief_connecting() });
    let held = |count: u32| json!({ "authority": server.authority(), "count": count });
    let heard = client.refused(codes::LIMIT_HTTP, "hold", held(3));
    assert!(heard.contains(r#""f0":2"#) && heard.contains("ConnectionLimitReached"), "{heard}");
    assert_eq!(client.result("hold", held(2))["result"]["f0"], json!(2));

    // One after the other is not at once, however many.
    let server = Server::plain(hello);
    let client = Client::limited(&server, HttpLimits { at_once: 1, ..HttpLimits::default() });
    let all = client.result("many-requests", json!({ "authority": server.authority(), "count": 40 }));
    assert_eq!(all["result"]["f0"], json!(40));
}

fn brief_connecting() -> HttpLimits {
    HttpLimits { connect: Duration::from_millis(300), ..HttpLimits::default() }
}

#[test]
fn what_is_sent_is_counted() {
    let server = Server::plain(|asked, wire| respond(wire, "200 OK", "", &asked.body.len().to_string()));
    let client = Client::limited(&server, HttpLimits { up_bytes: 100_000, ..HttpLimits::default() });
    let upload = |bytes: u64| json!({ "authority": server.authority(), "bytes": bytes.to_string() });
    let heard = client.refused(codes::LIMIT_HTTP, "upload", upload(1_000_000));
    assert!(heard.contains("HttpRequestBodySize"), "{heard}");
    assert_eq!(client.result("upload", upload(90_000))["body"], json!("90000"));
}

#[test]
fn what_is_received_is_counted() {
    let endless = Server::plain(|_, wire| {
        write!(wire, "HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            wire.write_all(&[b'x'; 4096])?;
        }
    });
    let client = Client::limited(&endless, HttpLimits { down_bytes: 100_000, ..HttpLimits::default() });
    let heard = client.refused(codes::LIMIT_HTTP, "download", at(&endless.authority()));
    assert!(says(&heard, "HttpResponseBodySize"), "{heard}");
    endless.wait_until_closed();

    let large = Server::plain(|_, wire| respond(wire, "200 OK", "", &"x".repeat(90_000)));
    let client = Client::limited(&large, HttpLimits { down_bytes: 100_000, ..HttpLimits::default() });
    assert_eq!(client.result("download", at(&large.authority()))["result"], json!("90000"));
}

/// The beginning of a response, and then nothing.
fn stalls_after(beginning: &'static str) -> Server {
    Server::plain(move |_, wire| {
        wire.write_all(beginning.as_bytes())?;
        wire.flush()?;
        silence(wire)
    })
}

#[test]
fn a_slow_server_is_not_waited_for() {
    for beginning in [
        "",
        "HTTP/1.1 200 OK\r\nx-a: ",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let server = stalls_after(beginning);
        let client = Client::limited(&server, HttpLimits { connect: Duration::from_secs(5), ..brief() });
        let heard = client.refused(codes::LIMIT_HTTP_TIME, "get", get(&server.authority(), "/"));
        assert!(says(&heard, "ConnectionReadTimeout"), "{beginning:?}: {heard}");
        server.wait_until_closed();
    }
}

#[test]
fn a_tool_may_be_less_patient_than_the_host() {
    let server = stalls_after("");
    let client = Client::of(&server);
    let heard = client.failed("impatient", json!({ "authority": server.authority(), "ms": "20" }));
    assert!(heard.contains("ConnectionReadTimeout"), "{heard}");
    let server = stalls_after("");
    let client = Client::limited(&server, HttpLimits { connect: Duration::from_secs(5), ..brief() });
    client.refused(codes::LIMIT_HTTP_TIME, "impatient", json!({ "authority": server.authority(), "ms": "3600000" }));
}

#[test]
fn a_server_that_is_not_reached_is_not_waited_for() {
    /// Never connects.
    struct Nowhere;
    impl Connector for Nowhere {
        fn connect(&self, _: SocketAddr) -> Connecting<'_> {
            Box::pin(std::future::pending())
        }
    }
    let limits = Limits { http: brief(), ..Limits::default() };
    let providers = Providers { connector: Arc::new(Nowhere), ..Providers::default() };
    let options = HostOptions { limits, providers, ..HostOptions::default() };
    let client = Client::new(options, everything_at("http://8.8.8.8"));
    let heard = client.refused(codes::LIMIT_HTTP_TIME, "get", get("8.8.8.8", "/"));
    assert!(heard.contains("ConnectionTimeout"), "{heard}");
}

#[test]
fn the_deadline_of_the_call_ends_every_wait() {
    let server = stalls_after("");
    let limits = Limits { time: Duration::from_millis(200), ..Limits::default() };
    let client = Client::new(HostOptions { limits, ..HostOptions::default() }, everything_at(&server.origin()));
    let outcome = client.call("get", get(&server.authority(), "/"));
    assert_eq!(outcome.ending.code(), Some(codes::LIMIT_TIME));
    server.wait_until_closed();
}

#[test]
fn a_response_that_breaks_off_has_not_ended() {
    for (beginning, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "incomplete HTTP response"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "incomplete HTTP response"),
        ("HTTP/1.1 200 OK\r\nx-a", "HttpResponseIncomplete"),
        ("", "HttpResponseIncomplete"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "HttpProtocolError"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", "HttpProtocolError"),
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", "HttpUpgradeFailed"),
    ] {
        let server = Server::plain(move |_, wire| wire.write_all(beginning.as_bytes()));
        let heard = Client::of(&server).failed("get", get(&server.authority(), "/"));
        assert!(says(&heard, expected), "{beginning:?}: {heard}");
    }
}

#[test]
fn no_connection_outlives_its_call() {
    let server = stalls_after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    let client = Client::of(&server);
    assert_eq!(client.result("leave-open", at(&server.authority()))["result"], json!(200));
    server.wait_until_closed();
    // The request may be given up before or after it was sent; there is no third.
    assert_eq!(client.call("give-up", at(&server.authority())).ending, Ending::Returned(None));
    let again = Server::plain(hello);
    assert_eq!(Client::of(&again).result("get", get(&again.authority(), "/"))["body"], json!("hello"));
    again.wait_until_closed();
}

fn over_tls(server: &Server, roots: &[&Identity]) -> Client {
    let add = |roots: TlsRoots, identity: &&Identity| roots.with(identity.root.clone()).expect("a root");
    let providers = Providers { tls_roots: roots.iter().fold(TlsRoots::web(), add), ..Providers::default() };
    Client::providing(providers, everything_at(&format!("https://{}", server.authority())))
}

fn get_tls(server: &Server) -> Json {
    json!({ "scheme": "https", "authority": server.authority(), "path": "/" })
}

#[test]
fn a_server_of_tls_must_be_who_it_says() {
    let identity = Identity::of("127.0.0.1");
    let server = Server::tls(&identity);
    assert_eq!(over_tls(&server, &[&identity]).result("get", get_tls(&server))["body"], json!("hello"));
    let unknown = over_tls(&server, &[]).failed("get", get_tls(&server));
    assert!(unknown.contains("TlsCertificateError"), "{unknown}");
    let another = over_tls(&server, &[&Identity::of("127.0.0.1")]).failed("get", get_tls(&server));
    assert!(another.contains("TlsCertificateError"), "{another}");

    let wrong = Identity::of("a.example");
    let server = Server::tls(&wrong);
    let heard = over_tls(&server, &[&wrong]).failed("get", get_tls(&server));
    assert!(heard.contains("TlsCertificateError"), "{heard}");
    assert!(server.asked().is_empty());

    let deaf = Server::deaf();
    let heard = over_tls(&deaf, &[]).failed("get", get_tls(&deaf));
    assert!(heard.contains("TlsProtocolError"), "{heard}");
}

#[test]
fn a_name_over_tls_is_checked_as_that_name() {
    let identity = Identity::of("a.example");
    let server = Server::tls(&identity);
    let (_, resolver, connector) = rebinding(&server, vec![vec![PUBLIC]]);
    let tls_roots = TlsRoots::web().with(identity.root.clone()).expect("a root");
    let providers = Providers { resolver, connector, tls_roots, ..Providers::default() };
    let client = Client::providing(providers, everything_at("https://*.example"));
    let to = |host: &str| json!({ "scheme": "https", "authority": host, "path": "/" });
    assert_eq!(client.result("get", to("a.example"))["body"], json!("hello"));
    assert!(client.failed("get", to("b.example")).contains("TlsCertificateError"));
    assert!(TlsRoots::web().with(b"not a certificate".to_vec()).is_err());
}

const TOKEN: &str = "s3cr3t-t0ken";

/// Knows one secret of the guest, or fails.
struct Store {
    works: bool,
    value: &'static str,
}

impl Secrets for Store {
    fn secret(&self, package: &PackageName, name: &Ident) -> Result<Option<SecretValue>, SecretsError> {
        assert_eq!(package.to_string(), "guest:http");
        if !self.works {
            return Err(SecretsError("the keyring is locked".to_owned()));
        }
        Ok((name.as_str() == "token").then(|| SecretValue::new(self.value.to_owned())))
    }
}

fn with_secret(server: &Server, other: &Server, secret: Json, store: Store) -> Client {
    let providers = Providers { secrets: Arc::new(store), ..Providers::default() };
    let http = [server, other].map(|server| json!({ "origin": server.origin(), "methods": ["GET", "TRACE"] }));
    Client::providing(providers, json!({ "http": http, "secrets": secret }))
}

#[test]
fn a_secret_goes_to_its_origin_and_nowhere_else() {
    let other = Server::plain(hello);
    let elsewhere = other.origin();
    let server = Server::plain(move |asked: &Asked, wire: &mut dyn Wire| {
        let location = format!("location: {elsewhere}/\r\n");
        if asked.head.starts_with("GET /old") { respond(wire, "302 Found", &location, "") } else { hello(asked, wire) }
    });
    let secret = json!({ "token": { "origin": server.origin(), "header": "authorization", "format": "Bearer {}" } });
    let client = with_secret(&server, &other, secret, Store { works: true, value: TOKEN });
    let sent = |server: &Server| server.asked().last().expect("a request").head.contains(TOKEN);

    client.result("get", get(&server.authority(), "/"));
    assert!(server.asked()[0].head.contains(&format!("authorization: Bearer {TOKEN}\r\n")));
    client.result("get", get(&other.authority(), "/"));
    assert!(!sent(&other));
    let followed = client.call("follow", json!({ "authority": server.authority(), "path": "/old" }));
    assert_eq!(returned(&followed)["body"], json!("hello"));
    assert!(sent(&server) && !sent(&other));
    assert!(!format!("{followed:?} {:?}", client.package).contains(TOKEN));

    let own = json!({ "authority": server.authority(), "name": "authorization", "value": "Bearer mine" });
    client.refused(codes::NET_HEADER, "with-header", own);
    let traced = json!({ "method": "TRACE", "scheme": "http", "authority": server.authority(), "path": "/" });
    client.refused(codes::NET_DENIED, "send", traced);
}

#[test]
fn the_hosts_secret_replaces_what_the_tool_set() {
    let (server, other) = (Server::plain(hello), Server::plain(hello));
    let secret = json!({ "token": { "origin": server.origin(), "header": "x-api-key" } });
    let client = with_secret(&server, &other, secret, Store { works: true, value: TOKEN });
    let own = |server: &Server| json!({ "authority": server.authority(), "name": "x-api-key", "value": "mine" });
    client.result("with-header", own(&server));
    client.result("with-header", own(&other));
    let head = |server: &Server| server.asked()[0].head.clone();
    assert!(head(&server).contains(&format!("x-api-key: {TOKEN}\r\n")) && !head(&server).contains("mine"));
    assert!(head(&other).contains("x-api-key: mine\r\n"));
}

#[test]
fn without_its_secret_a_request_is_not_sent() {
    let (server, other) = (Server::plain(hello), Server::plain(hello));
    let secret = |name: &str, header: &str| json!({ name: { "origin": server.origin(), "header": header } });
    let works = || Store { works: true, value: TOKEN };
    for (code, secret, store) in [
        (codes::SECRET_MISSING, secret("unknown", "authorization"), works()),
        (codes::SECRET_STORE, secret("token", "authorization"), Store { works: false, ..works() }),
        (codes::SECRET_STORE, secret("token", "authorization"), Store { works: true, value: "two\r\nlines: s3cr3t" }),
        (codes::NET_HEADER, secret("token", "host"), works()),
        (codes::NET_HEADER, secret("token", "transfer-encoding"), works()),
    ] {
        let client = with_secret(&server, &other, secret, store);
        let outcome = client.call("get", get(&server.authority(), "/"));
        assert!(outcome.refusals.contains(code), "{code}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("s3cr3t"));
    }
    assert!(server.asked().is_empty());
}
