//! What a key-value store costs from inside a guest, and what two processes pay that count in turns.
//!
//! Goals: 50,000 gets and 20,000 puts a second that need not be on the disk; two processes that increment one counter in turns, each increment a
//! call of its own, at a median under 2 ms. The other process is this program again.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

#[path = "../../tests/support/mod.rs"]
mod support;

use mpp_host::{Ending, Host, HostOptions, LoadedPackage, Providers, Terms};
use mpp_kv::{MemoryStore, SharedStore, Store};
use mpp_package::key::SecretKey;
use mpp_policy::{Allowance, Grants};
use mpp_schema::ByteSize;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{guests, packages};

/// Where the other process finds the store.
const FOLDER: &str = "MPP_KV_BENCH_FOLDER";

fn main() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return count_when_told(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    rates("in memory", Arc::new(MemoryStore::default()));
    rates("in sled", Arc::new(SharedStore::new(folder.path().join("rates"))));
    in_turns(&folder.path().join("turns"));
}

/// Both processes sign with this key, so that both packages open one store.
fn load(store: Arc<dyn Store>, key: &SecretKey) -> LoadedPackage {
    let providers = Providers { kv: store, ..Providers::default() };
    let host = Host::new(HostOptions { providers, ..HostOptions::default() }).expect("a host starts");
    packages::load_asking_as(&host, guests::kv(), asked(), key)
}

fn asked() -> Json {
    json!({ "kv": { "quota": "16MiB" } })
}

fn terms() -> Terms {
    let allowed = Allowance { kv: Some(ByteSize(16 << 20)), ..Allowance::default() };
    Terms::granted(Grants::cut(&serde_json::from_value(asked()).expect("permissions"), &allowed))
}

fn call(package: &LoadedPackage, terms: &Terms, tool: &str, arguments: &Json) -> Json {
    let outcome = package.call(terms, tool, &arguments.to_string()).expect("it starts");
    match outcome.ending {
        Ending::Returned(result) => result.unwrap_or_default(),
        other => panic!("`{tool}` gave {other:?}"),
    }
}

fn rates(name: &str, store: Arc<dyn Store>) {
    println!("== {name}: 100-byte values of 1,000 keys, from inside a guest");
    let package = load(store, &SecretKey::generate().expect("a key"));
    let terms = terms();
    for (what, tool, goal) in [("puts", "put-often", 20_000), ("gets", "get-often", 50_000)] {
        let times = 100_000;
        let start = Instant::now();
        call(&package, &terms, tool, &json!({ "times": times }));
        let rate = f64::from(times) / start.elapsed().as_secs_f64();
        println!("{what:<44} {rate:>10.0} a second (at least {goal}): {:.1} times the goal", rate / f64::from(goal));
    }
    let durable = median((0..200).map(|number| {
        let start = Instant::now();
        call(&package, &terms, "put-durably", &json!({ "key": "d", "value": number.to_string() }));
        start.elapsed()
    }));
    println!("{:<44} {:>10.0} µs", "a call that puts one value on the disk", micros(durable));
}

fn in_turns(folder: &Path) {
    println!("== two processes in turns, each increment a call of its own");
    std::fs::create_dir_all(folder).expect("a folder");
    let key = SecretKey::generate().expect("a key");
    let exported = key.to_file_text(None).expect("a key file");
    std::fs::write(folder.join("key"), exported.as_bytes()).expect("a key file");
    let package = load(Arc::new(SharedStore::new(folder.join("kv"))), &key);
    let terms = terms();
    let mut other = Other::start(folder);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 1..=1_000u32 {
        let (counted, elapsed) = if number % 2 == 1 {
            let start = Instant::now();
            let counted = call(&package, &terms, "count", &json!({ "key": "n", "times": 1 }));
            (counted["result"].as_str().expect("a number").to_owned(), start.elapsed())
        } else {
            other.count()
        };
        assert_eq!(counted, number.to_string());
        if number % 2 == 1 { ours.push(elapsed) } else { theirs.push(elapsed) }
    }
    for (who, times) in [("the holder", ours), ("the other one", theirs)] {
        let median = micros(median(times.into_iter()));
        println!("{:<44} {median:>10.0} µs (under 2,000)", format!("median increment of {who}"));
    }
}

/// A call for each line; answers with the number and the microseconds.
fn count_when_told(folder: &Path) {
    let text = std::fs::read_to_string(folder.join("key")).expect("the key");
    let key = SecretKey::from_file_text(&text, None).expect("a key file");
    let package = load(Arc::new(SharedStore::new(folder.join("kv"))), &key);
    let terms = terms();
    for line in std::io::stdin().lines() {
        drop(line.expect("a line"));
        let start = Instant::now();
        let counted = call(&package, &terms, "count", &json!({ "key": "n", "times": 1 }));
        println!("{} {}", counted["result"].as_str().expect("a number"), start.elapsed().as_nanos());
        std::io::stdout().flush().expect("it is heard");
    }
}

struct Other {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start(folder: &Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, output }
    }

    fn count(&mut self) -> (String, Duration) {
        let input = self.process.stdin.as_mut().expect("its input");
        writeln!(input, "count").expect("it listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        let (number, nanos) = line.trim_end().split_once(' ').expect("a number and a time");
        (number.to_owned(), Duration::from_nanos(nanos.parse().expect("nanoseconds")))
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("it ends");
    }
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
