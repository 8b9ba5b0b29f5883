//! The pages and the API of a registry: the server and the static site say the same, hostile texts stay texts, and bad questions get documents.

use crate::{grants::packages, support::Person};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// Somebody who runs a registry with two versions of one package, made from these files.
pub(crate) fn keeper(files: &[&Path]) -> Person {
    let (signer, ..) = packages();
    let keeper = Person::new();
    keeper.write("acme.key", signer.json(&["key", "export", "acme"])["key_file"].as_str().unwrap());
    keeper.json(&["key", "import", "acme", "acme.key"]);
    keeper.json(&["registry", "init", "registry.git"]);
    keeper.json(&["registry", "add", "home", "registry.git"]);
    for file in files {
        keeper.json(&["publish", file.to_str().unwrap(), "--key", "acme"]);
    }
    keeper
}

/// A running `mpp registry serve`; it ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(person: &Person, words: &[&str]) -> Self {
        let all = [&["registry", "serve", "--listen", "127.0.0.1:0", "--update-every", "1s"], words].concat();
        let mut command = person.program(env!("CARGO_BIN_EXE_mpp"), &all);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut lines = lines.inspect(|line| eprint_line(line));
        let line = lines.find(|line| line.contains("http://")).expect("it says where it is");
        let address = line.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
        // Whoever writes into a pipe that nobody reads any more is stopped by it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Sends a request as it stands and gives what comes back until the server closes.
    fn raw(&self, request: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that has read enough may close before everything is sent.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Reply::read(&bytes)
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        let host = &self.address;
        self.raw(format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n").as_bytes())
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "what the server says belongs to the output of a test that fails")]
fn eprint_line(line: &str) {
    eprintln!("{line}");
}

#[derive(Debug, PartialEq)]
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Reply {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
        let headers =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
        Self { status: status.unwrap_or(0), headers: headers.collect(), body }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// IDX-111.
#[test]
fn the_server_and_the_static_site_are_the_same_bytes() {
    let (_, first, second) = packages();
    let keeper = keeper(&[first, second]);
    let exported = keeper.json(&["registry", "export", "site"]);
    let again = keeper.json(&["registry", "export", "site"]);
    assert_eq!(
        (&again["pages"], &again["written"]),
        (&exported["pages"], &json!(0)),
        "the second time there is nothing to write"
    );
    let server = Server::start(&keeper, &[]);
    let mut all = Vec::new();
    files(&keeper.path("site"), &mut all);
    let mut compared = 0;
    for file in all {
        let path = file.strip_prefix(keeper.path("site")).unwrap().to_str().unwrap();
        // The index itself is for clients, who read it from the static copy or from git.
        if path.starts_with("index/") {
            continue;
        }
        let reply = server.get(&format!("/{}", path.strip_suffix("index.html").unwrap_or(path)));
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.body == std::fs::read(&file).unwrap(), "{path} is not the same");
        assert!(
            reply.body.len() < 60 << 10 || path.ends_with(".mpp") || path.contains("guide/"),
            "{path} is {} bytes",
            reply.body.len()
        );
        compared += 1;
    }
    // Two versions, one difference, the newest: pages and documents; publisher, key, log, search, guide, API, assets.
    assert!(compared > 25, "{compared}");
}

#[test]
fn pages_say_what_a_person_needs_before_trusting() {
    let (_, first, second) = packages();
    let server_of = keeper(&[first, second]);
    server_of.json(&["deprecate", "acme:md@0.1.0", "--reason", "0.2.0 is exact", "--key", "acme"]);
    let server = Server::start(&server_of, &[]);
    let page = server.get("/packages/acme/md/0.1.0/").text();
    for said in [
        "read, change and delete files in the folder that you choose for <code>notes</code>",
        "where your notes live",
        "what it reads could be sent away",
        "mpp install acme:md@0.1.0",
        "mpp grant acme:md",
        "0.2.0 is exact",
        "since 0.1.0",
        "outline",
    ] {
        assert!(page.contains(said), "{said} is not in {page}");
    }
    let difference = server.get("/packages/acme/md/0.2.0/since/0.1.0/").text();
    assert!(difference.contains("It now asks to") && difference.contains("read a precise clock"), "{difference}");
    let found = server.get("/search/?q=acme").text();
    assert!(found.contains("href=\"../packages/acme/md/\"") && found.contains("1 package<"), "{found}");
    assert!(server.get("/search/?q=acme&kind=filter").text().contains("0 packages"));
    assert!(server.get("/namespaces/acme/").text().contains("claimed"));
    assert!(server.get("/log/").text().contains("mpp registry check"));
}

#[test]
fn the_api_is_what_its_description_says() {
    let (_, first, second) = packages();
    let keeper = keeper(&[first, second]);
    let server = Server::start(&keeper, &[]);
    let described = server.get("/api/v1/openapi.json").json();
    assert_eq!(described["openapi"], "3.1.0");
    let mut asked = 0;
    for (path, operation) in described["paths"].as_object().unwrap() {
        let path = path
            .replace("{namespace}", "acme")
            .replace("{name}", "md")
            .replace("{version}", "0.2.0")
            .replace("{from}", "0.1.0");
        let Some(path) = path.strip_prefix("/").filter(|path| !path.contains("{digest}")) else { continue };
        let reply = server.get(&format!("/api/v1/{path}"));
        assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "application/json"), "{path}");
        let required = &operation["get"]["responses"]["200"]["content"]["application/json"]["schema"]["required"];
        for field in required.as_array().unwrap() {
            assert!(!reply.json()[field.as_str().unwrap()].is_null(), "{path} has no {field}: {}", reply.text());
        }
        asked += 1;
    }
    assert_eq!(asked, 9);
}

/// IDX-111.
#[test]
fn files_come_by_digest_in_parts_and_once() {
    let (_, first, _) = packages();
    let keeper = keeper(&[first]);
    let server = Server::start(&keeper, &[]);
    let whole = std::fs::read(first).unwrap();
    let digest = server.get("/api/v1/packages/acme/md.json").json()["versions"][0]["file"].as_str().unwrap().to_owned();
    let path = format!("/blobs/{digest}.mpp");
    let reply = server.get(&path);
    assert!(reply.body == whole);
    assert_eq!(reply.headers["cache-control"], "public, max-age=31536000, immutable");
    let etag = &reply.headers["etag"];
    assert_eq!(server.ask("GET", &path, &format!("if-none-match: {etag}\r\n")).status, 304);
    let part = server.ask("GET", &path, "range: bytes=3-9\r\n");
    assert_eq!((part.status, &part.body[..]), (206, &whole[3..10]));
    assert_eq!(part.headers["content-range"], format!("bytes 3-9/{}", whole.len()));
    let other = server.ask("GET", &path, "range: bytes=3-9\r\nif-range: \"other\"\r\n");
    assert_eq!((other.status, other.body.len()), (200, whole.len()));
    assert_eq!(server.ask("GET", &path, &format!("range: bytes={}-\r\n", whole.len())).status, 416);
    let head = server.ask("HEAD", &path, "");
    assert_eq!((head.status, head.body.len(), &head.headers["content-length"]), (200, 0, &whole.len().to_string()));
    let page = server.get("/packages/acme/md/");
    let again = server.ask("GET", "/packages/acme/md/", &format!("if-none-match: {}\r\n", page.headers["etag"]));
    assert_eq!((again.status, again.body.len()), (304, 0));
}

/// IDX-110.
#[test]
fn bad_questions_get_problem_documents() {
    let (_, first, _) = packages();
    let keeper = keeper(&[first]);
    let server = Server::start(&keeper, &["--rate", "0"]);
    let check = |reply: Reply, status: u16, what: &str| {
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
        assert!(!reply.headers.contains_key("location"), "{what}");
    };
    for (path, status) in [
        ("/api/v1/packages/acme/nothing.json", 404),
        ("/api/v1/packages/acme/md/9.9.9.json", 404),
        ("/api/v1/../v1/head.json", 404),
        ("/api/v1/search.json?q=a&q=b", 400),
        ("/api/v1/search.json?q=%ff", 400),
        ("/api/v1/search.json?secret=1", 400),
        ("/api/v1/search.json?kind=all", 400),
        ("/blobs/0000000000000000000000000000000000000000000000000000000000000000.mpp", 404),
    ] {
        let reply = server.get(path);
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{path}");
        assert_eq!(reply.json()["status"], json!(status), "{path}");
        check(reply, status, path);
    }
    for path in [
        "/packages/acme/md",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/",
        "/assets/../style.css",
        "//evil.example/",
        "/nothing",
    ] {
        check(server.get(path), 404, path);
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let reply = server.ask(method, "/", "");
        assert_eq!(reply.headers["allow"], "GET, HEAD", "{method}");
        check(reply, 405, method);
    }
    check(server.get(&format!("/search/?q={}", "a".repeat(3_000))), 414, "a long address");
    check(server.raw(b"GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n"), 421, "another host");
    check(server.raw(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n"), 400, "no host");
    check(
        server.raw(b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\nconnection: close\r\n\r\n"),
        400,
        "two hosts",
    );
    check(
        server.raw(b"GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
        400,
        "a proxy's address",
    );
    check(server.raw(b"\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n"), 400, "TLS");
    let huge = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "a".repeat(64 << 10));
    check(server.raw(huge.as_bytes()), 431, "a large header");
    assert_eq!(server.get("/").status, 200, "and it goes on");
}

/// IDX-112.
#[test]
fn every_reply_carries_the_policy() {
    let (_, first, _) = packages();
    let keeper = keeper(&[first]);
    let server = Server::start(&keeper, &[]);
    for path in ["/", "/packages/acme/md/", "/api/v1/head.json", "/nothing", "/assets/style.css"] {
        let headers = server.get(path).headers;
        assert!(headers["content-security-policy"].starts_with("default-src 'none'"), "{path}");
        assert!(!headers["content-security-policy"].contains("unsafe"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
    }
}

#[test]
fn who_asks_too_often_waits() {
    let (_, first, _) = packages();
    let keeper = keeper(&[first]);
    let server = Server::start(&keeper, &["--rate", "1"]);
    let replies: Vec<_> = (0..40).map(|_| server.get("/api/v1/log.json")).collect();
    let refused = replies.iter().find(|reply| reply.status == 429).expect("ten at once, then one in a second");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(replies[0].status, 200);
}

/// IDX-110.
#[test]
fn a_new_version_appears_and_a_broken_repository_is_a_document() {
    let (_, first, second) = packages();
    let keeper = keeper(&[first]);
    let server = Server::start(&keeper, &[]);
    assert_eq!(server.get("/packages/acme/md/0.2.0/").status, 404);
    keeper.json(&["publish", second.to_str().unwrap(), "--key", "acme"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.get("/packages/acme/md/0.2.0/").status != 200 {
        assert!(Instant::now() < deadline, "the new version never appears");
    }
    std::fs::rename(keeper.path("registry.git/objects"), keeper.path("gone")).unwrap();
    let reply = server.get("/api/v1/packages/acme/md.json");
    assert_eq!((reply.status, reply.json()["code"].as_str()), (502, Some("index.git")), "{}", reply.text());
    std::fs::rename(keeper.path("gone"), keeper.path("registry.git/objects")).unwrap();
    assert_eq!(server.get("/api/v1/packages/acme/md.json").status, 200);
}

const SCRIPT: &str = "<script>alert(1)</script>";

/// A package that an author of scripts signed: they stand wherever one can write.
pub(crate) fn hostile(author: &Person, namespace: &str) -> String {
    author.json(&["key", "new", namespace]);
    author.json(&["new", "md", "--namespace", namespace]);
    let manifest = String::from_utf8(author.read("md/Cargo.toml")).unwrap();
    let described = manifest.lines().find(|line| line.starts_with("description")).unwrap();
    let manifest = manifest
        .replace(described, &format!("description = '{SCRIPT}\" onload=\"x'\nhomepage = \"javascript:alert(1)\""));
    let manifest = manifest.replace("trust = \"sandboxed\"", "trust = \"limited\"");
    let start = manifest.find("[package.metadata.mpp.permissions]").unwrap_or(manifest.len());
    let asks = format!(
        "\n[package.metadata.mpp.permissions]\nfolders = {{ notes = {{ access = \"read-only\", reason = '{SCRIPT}' }} }}\n"
    );
    author.write("md/Cargo.toml", manifest[..start].to_owned() + &asks);
    author.write(
        "md/README.md",
        format!(
            "# {SCRIPT}\n\n<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1))\n\n<style>*{{display:none}}</style>"
        ),
    );
    let mut wit = Vec::new();
    files(&author.path("md/wit"), &mut wit);
    let wit = wit.into_iter().find(|path| std::fs::read_to_string(path).unwrap().contains("outline")).unwrap();
    let text = std::fs::read_to_string(&wit).unwrap();
    std::fs::write(&wit, text.replacen("/// ", &format!("/// {SCRIPT} "), 8)).unwrap();
    let built = author.json(&["build", "md", "--offline"]);
    let file = built["packages"][0]["file"].as_str().unwrap().to_owned();
    author.json(&["sign", &file, "--key", namespace]);
    file
}

/// IDX-112.
#[test]
fn what_a_hostile_package_says_stays_text() {
    let author = Person::new();
    let file = hostile(&author, "acme");
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    author.json(&["publish", &file, "--key", "acme"]);
    author.json(&["deprecate", "acme:md@0.1.0", "--reason", SCRIPT, "--key", "acme"]);
    author.json(&["registry", "export", "site"]);
    let mut pages = Vec::new();
    files(&author.path("site"), &mut pages);
    let mut escaped = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|kind| kind == "html")) {
        let text = std::fs::read_to_string(page).unwrap();
        for never in ["<script>alert", "<img src=x", "onerror=", "<style", "href=\"javascript:"] {
            assert!(!text.contains(never), "{never} is in {}", page.display());
        }
        escaped += text.matches("&lt;script&gt;alert(1)").count();
    }
    assert!(escaped >= 8, "the texts are shown: {escaped}");
}

#[test]
fn a_server_for_others_needs_a_name() {
    let (_, first, _) = packages();
    let keeper = keeper(&[first]);
    assert_eq!(keeper.refusal(&["registry", "serve", "--listen", "0.0.0.0:0"]), ("usage".to_owned(), 2));
    let server = Server::start(&keeper, &["--host", "tools.example.com"]);
    assert_eq!(server.get("/").status, 421);
    let reply = server.raw(b"GET / HTTP/1.1\r\nhost: Tools.Example.com:80\r\nconnection: close\r\n\r\n");
    assert_eq!(reply.status, 200);
}
