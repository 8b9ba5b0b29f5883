//! Web servers on the loopback address: real ones for static files and for OCI, and one that answers whatever a test wants.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// A program that serves until the test ends.
pub(crate) struct Program {
    child: Child,
    port: u16,
}

impl Program {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a program is installed. Tests that need it say so and do nothing without it, but in CI it must be there.
#[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
pub(crate) fn is_installed(program: &str, what: &str) -> bool {
    let mut folders =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    folders.push("/usr/sbin".into());
    let found = folders.iter().any(|folder| folder.join(program).is_file());
    assert!(found || std::env::var_os("CI").is_none(), "CI tests with `{program}`, which is not installed");
    if !found {
        eprintln!("NOT TESTED: {what}, because `{program}` is not installed");
    }
    found
}

fn start(command: &mut Command, port: u16) -> Program {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let program = Program { child, port };
    for _ in 0..1000 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return program;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{command:?} does not listen on port {port}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// nginx over a folder of static files. It writes `nginx.log` into `work`: a line of method, path and status for each request.
pub(crate) fn nginx(folder: &Path, work: &Path) -> Option<Program> {
    if !is_installed("nginx", "static copies") {
        return None;
    }
    let (port, dir) = (free_port(), work.display());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {dir}/nginx-{name};\n"))
        .concat();
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    let config = format!(
        "{user}daemon off;\nmaster_process off;\npid {dir}/nginx.pid;\nerror_log {dir}/nginx.err;\nevents {{}}\nhttp {{\n{temporary}\
         log_format short '$request_method $uri $status';\naccess_log {dir}/nginx.log short;\n\
         server {{ listen 127.0.0.1:{port}; root {}; }}\n}}\n",
        folder.display()
    );
    let file = work.join("nginx.conf");
    fs::write(&file, config).unwrap();
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    Some(start(Command::new("nginx").env("PATH", path).arg("-c").arg(&file).arg("-p").arg(work), port))
}

/// The password file of an OCI registry: user `tester`, password `secret`.
const PASSWORDS: &str = "tester:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

/// Debian's OCI registry, which asks for a password where `asks`.
pub(crate) fn docker_registry(work: &Path, asks: bool) -> Option<Program> {
    if !is_installed("docker-registry", "OCI registries") {
        return None;
    }
    let (port, dir) = (free_port(), work.display());
    fs::write(work.join("passwords"), PASSWORDS).unwrap();
    let auth = format!("auth:\n  htpasswd:\n    realm: test\n    path: {dir}/passwords\n");
    let config = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {dir}/oci\nhttp:\n  addr: 127.0.0.1:{port}\n{}",
        if asks { &auth } else { "" }
    );
    let file = work.join("oci.yml");
    fs::write(&file, config).unwrap();
    Some(start(Command::new("docker-registry").arg("serve").arg(&file), port))
}

/// What a request asks for: the path, and its whole head in lower case.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
}

type Answers = dyn Fn(&Request) -> Vec<u8> + Send + Sync;

/// A server that writes whatever bytes a test gives for a request, and closes.
pub(crate) struct Raw {
    port: u16,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    pub(crate) fn start(answers: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (ends, sees, answers) = (Arc::clone(&over), Arc::clone(&seen), Arc::new(answers));
        let thread = std::thread::spawn(move || {
            for client in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (answers, sees) = (Arc::clone(&answers), Arc::clone(&sees));
                // Whoever goes away early has seen enough.
                std::thread::spawn(move || drop(serve(client.unwrap(), &*answers, &sees)));
            }
        });
        Self { port, over, thread: Some(thread), seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The paths that were asked for so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.thread.take().map(JoinHandle::join);
    }
}

fn serve(mut client: TcpStream, answers: &Answers, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(path.clone());
    client.write_all(&answers(&Request { path, head: head.to_ascii_lowercase() }))?;
    client.flush()
}

/// An answer with a body, whose length is said.
pub(crate) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// What a plain static server answers from a folder.
pub(crate) fn static_file(folder: &Path, path: &str) -> Vec<u8> {
    match fs::read(folder.join(path.trim_start_matches('/'))) {
        Ok(bytes) => answer(200, "", &bytes),
        Err(_) => answer(404, "", b"no such file"),
    }
}
