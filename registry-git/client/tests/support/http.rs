//! A small HTTP server on the loopback address that runs `git http-backend` for each request.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread::JoinHandle,
};
use tiny_http::{Header, Request, Response, Server};

/// The largest request that is answered.
const BODY_BYTES_MAX: u64 = 64 << 20;

pub(crate) struct GitServer {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

/// What a server does differently from others.
#[derive(Clone, Copy)]
pub(crate) enum Speaks {
    /// Nothing.
    TheSecond,
    /// It knows only the first version of git's protocol.
    TheFirst,
    /// It has moved away from below this path.
    RedirectsFrom(&'static str),
}

impl GitServer {
    /// Serves the repositories in a folder, for reading and writing.
    pub(crate) fn start(root: &Path) -> Self {
        Self::speaking(root, Speaks::TheSecond)
    }

    /// The same by a server that does something differently.
    pub(crate) fn speaking(root: &Path, speaks: Speaks) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let (serving, root) = (Arc::clone(&server), root.to_owned());
        let thread =
            std::thread::spawn(move || serving.incoming_requests().for_each(|request| answer(request, &root, speaks)));
        Self { server, thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> String {
        self.server.server_addr().to_string()
    }

    pub(crate) fn location(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.server.server_addr())
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().map(JoinHandle::join);
    }
}

fn answer(mut request: Request, root: &PathBuf, speaks: Speaks) {
    if let Speaks::RedirectsFrom(old) = speaks
        && let Some(rest) = request.url().strip_prefix(old)
    {
        let location = Header::from_bytes("Location", format!("/{rest}")).unwrap();
        let _ = request.respond(Response::empty(301).with_header(location));
        return;
    }
    let mut body = Vec::new();
    request.as_reader().take(BODY_BYTES_MAX).read_to_end(&mut body).unwrap();
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|header| header.field.equiv(name));
        found.map_or(String::new(), |header| header.value.to_string())
    };
    let mut backend = Command::new("git")
        .args(["-c", "http.receivepack=true", "http-backend"])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_HTTP_EXPORT_ALL", "1")])
        .env("GIT_PROJECT_ROOT", root)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", request.method().as_str())
        .env("CONTENT_TYPE", header("Content-Type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("Content-Encoding"))
        .env("GIT_PROTOCOL", if matches!(speaks, Speaks::TheFirst) { String::new() } else { header("Git-Protocol") })
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = backend.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&body));
    let output = backend.wait_with_output().unwrap();
    // A backend that has heard enough closes its end early.
    let _ = writing.join().unwrap();
    let _ = request.respond(response(&output.stdout));
}

/// What a CGI program wrote, as a response: header lines, an empty line, the body.
fn response(output: &[u8]) -> Response<std::io::Cursor<Vec<u8>>> {
    let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let mut response = Response::from_data(&output[end + 4..]);
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(':').unwrap();
        match name {
            "Status" => response = response.with_status_code(value.trim()[..3].parse::<u16>().unwrap()),
            _ => response.add_header(Header::from_bytes(name, value.trim()).unwrap()),
        }
    }
    response
}
