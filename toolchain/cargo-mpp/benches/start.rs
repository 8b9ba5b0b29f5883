//! What a person waits for: from the start of the process to the first result, beside an empty Rust program and a Node program that
//! answers one MCP call; and the same in a home with a thousand installed packages, where also the memory of an idle server is looked at.
//! Ratios within one run.
//!
//! `cargo bench -p cargo-mpp --bench start`. Node and its MCP package are used where `npm` can get them; otherwise a line says so.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use serde_json::{Value as Json, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

const ROUNDS: usize = 40;
const MPP: &str = env!("CARGO_BIN_EXE_mpp");
const SDK: &str = "@modelcontextprotocol/sdk@1.32.2";
const SERVER: &str = r##"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
const server = new McpServer({ name: "one", version: "1.0.0" });
server.registerTool("outline", { description: "Nothing." }, async () => {
  setImmediate(() => process.exit(0));
  return { content: [{ type: "text", text: "# a" }] };
});
await server.connect(new StdioServerTransport());
"##;
const REQUESTS: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"#,
    r#""clientInfo":{"name":"bench","version":"1"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"outline","arguments":{}}}"#,
    "\n"
);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let empty = empty_program(folder);
    install_template(folder);
    let call = || mpp(folder, &["--quiet", "call", "acme:md", "outline", "--text", "# a"]);
    run(call());
    let [empty_time, one] = measure([&|| run(Command::new(&empty)), &|| run(call())]);
    println!("process start to first result, compiled code cached");
    line("an empty Rust program", empty_time, empty_time);
    line("mpp call (at most 4)", one, empty_time);
    age(folder);
    let few = Server::start(folder).listed();
    multiply_records(folder, 1_000);
    let mut server = Server::start(folder);
    let many = server.listed();
    idle_memory(&mut server, few, many);
    let [empty_time, many, list] = measure([&|| run(Command::new(&empty)), &|| run(call()), &|| {
        run(mpp(folder, &["list"]));
    }]);
    println!("with 1,000 installed packages");
    line("mpp call", many, empty_time);
    line("mpp list", list, empty_time);
    match node_server(folder) {
        Some(server) => {
            let [node, one] = measure([&|| answer_one_call(&server), &|| run(call())]);
            println!(
                "a Node program that answers one MCP call / mpp call: {:.1} (at least 50)",
                seconds(node) / seconds(one)
            );
        }
        None => println!("NOT MEASURED: a Node program, because `node`, `npm` or {SDK} is not to be had here"),
    }
}

/// Median times of several ways, taken in turns.
fn measure<const N: usize>(ways: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (way, times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            way();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

fn line(what: &str, time: Duration, empty: Duration) {
    println!("  {what:<28} {:>8.2} ms {:>8.2}x", seconds(time) * 1e3, seconds(time) / seconds(empty));
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn run(mut command: Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("it starts");
    assert!(status.success(), "{command:?}");
}

fn empty_program(folder: &Path) -> PathBuf {
    fs::write(folder.join("empty.rs"), "fn main() {}").expect("a file can be written");
    let program = folder.join("empty");
    let status = Command::new("rustc").arg("-O").arg("-o").arg(&program).arg(folder.join("empty.rs")).status();
    assert!(status.expect("rustc starts").success());
    program
}

fn mpp(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(MPP);
    command.args(words).current_dir(folder).env("MPP_HOME", folder.join("home")).env_remove("MPP_KEY_PASSWORD");
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("XDG_RUNTIME_DIR").stderr(Stdio::null());
    command
}

fn install_template(folder: &Path) {
    for words in [
        &["new", "md", "--namespace", "acme"][..],
        &["key", "new", "acme"],
        &["registry", "init", "registry.git"],
        &["registry", "add", "home", "registry.git"],
        &["publish", "md", "--key", "acme"],
        &["install", "acme:md"],
    ] {
        run(mpp(folder, words));
    }
}

/// More records that name the same file, as a home with many tools has them.
fn multiply_records(folder: &Path, count: usize) {
    let records = folder.join("home/data/installed/acme");
    let text = fs::read_to_string(records.join("md.json")).expect("the record is there");
    for number in 1..count {
        let record = text.replace("acme:md", &format!("acme:md-n{number}"));
        fs::write(records.join(format!("md-n{number}.json")), record).expect("a record can be written");
    }
    age(folder);
}

/// As if nothing had changed for an hour: what changed just now is read again at each question.
fn age(folder: &Path) {
    let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
    for place in ["home/data/installed/acme", "home/data/installed", "home/data/keys", "home/config/trust.toml"] {
        if let Ok(place) = fs::File::open(folder.join(place)) {
            place.set_modified(hour_ago).expect("a time can be set");
        }
    }
}

/// A server of the installed tools, and who talks to it.
struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = mpp(folder, &["serve"]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("mpp starts");
        let (input, output) = (process.stdin.take().expect("a pipe"), process.stdout.take().expect("a pipe"));
        let mut server = Self { process, input, output: BufReader::new(output) };
        let client = json!({ "name": "bench", "version": "1" });
        server.ask("initialize", &json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client }));
        writeln!(server.input, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).expect("mpp reads");
        server
    }

    fn ask(&mut self, method: &str, params: &Json) -> Json {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(self.input, "{message}").expect("mpp reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("mpp answers");
        let answer: Json = serde_json::from_str(&line).expect("an answer");
        answer["result"].clone()
    }

    /// How many tools it has, once all of them are listed, and how many KiB it holds then.
    fn listed(&mut self) -> (usize, Option<u64>) {
        let (mut tools, mut params) = (0, json!({}));
        loop {
            let page = self.ask("tools/list", &params);
            tools += page["tools"].as_array().expect("a list").len();
            match &page["nextCursor"] {
                Json::Null => return (tools, self.resident_kib()),
                cursor => params = json!({ "cursor": cursor }),
            }
        }
    }

    /// KiB of memory, where the system says so as Linux does.
    fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("it is there");
        self.process.wait().expect("it ends");
    }
}

fn idle_memory(server: &mut Server, few: (usize, Option<u64>), many: (usize, Option<u64>)) {
    let ((few_tools, Some(few_kib)), (many_tools, Some(many_kib))) = (few, many) else {
        return println!("NOT MEASURED: memory, because this system does not say how much a process holds");
    };
    println!("an idle server: {few_kib} KiB with {few_tools} tools, {many_kib} KiB with {many_tools}");
    let each = (many_kib as f64 - few_kib as f64) / (many_tools - few_tools) as f64;
    println!("  memory for each tool that was not called: {each:.1} KiB (under 20)");
    let called = server.ask("tools/call", &json!({ "name": "md_outline", "arguments": { "text": "# a" } }));
    assert_ne!(called["isError"], true, "{called}");
    let after = server.resident_kib().unwrap_or_default().saturating_sub(many_kib);
    println!("  more after one of them was called: {after} KiB");
}

fn node_server(folder: &Path) -> Option<PathBuf> {
    fs::write(folder.join("server.mjs"), SERVER).ok()?;
    let install = Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", SDK])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    install.ok()?.success().then(|| folder.join("server.mjs"))
}

fn answer_one_call(server: &Path) {
    let mut command = Command::new("node");
    let mut node = command.arg(server).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node starts");
    node.stdin.take().expect("a pipe").write_all(REQUESTS.as_bytes()).expect("node reads");
    let output = node.wait_with_output().expect("node ends");
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.contains("\"id\":2") && answer.contains("# a"), "node did not answer: {answer}");
}
