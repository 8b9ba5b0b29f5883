//! The fence, in processes of their own: each case is this very program, started again, that fences itself in and tries to get out.

#![allow(clippy::print_stdout, reason = "a test without the harness says how it went")]

#[path = "support/mod.rs"]
mod support;

use mpp_host::{Ending, Fence, Fenced, Host, HostOptions, Providers, Terms};
use mpp_kv::{Claim, SharedStore, Store as _};
use mpp_policy::{Allowance, FolderBinding, Grants, Origin};
use mpp_schema::ByteSize;
use mpp_schema::permissions::{Access, Permissions};
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use support::{guests, packages};

/// What a case tries; it has a folder with the folders `read`, `write` and `outside`, each with a file `a`.
type Case = fn(&Path);

const CASES: [(&str, Case); 5] = [
    ("only_granted_folders_can_be_reached", only_granted_folders_can_be_reached),
    ("connections_need_an_origin", connections_need_an_origin),
    ("a_granted_origin_lets_connections_out", a_granted_origin_lets_connections_out),
    ("a_fenced_process_runs_tools", a_fenced_process_runs_tools),
    ("a_fenced_process_uses_the_reserved_store_alone", a_fenced_process_uses_the_reserved_store_alone),
];

/// Names the case that a child runs, and its folder.
const CASE: &str = "MPP_TEST_FENCE_CASE";
const FOLDER: &str = "MPP_TEST_FENCE_FOLDER";

fn main() {
    if let (Ok(case), Some(folder)) = (std::env::var(CASE), std::env::var_os(FOLDER)) {
        let (_, case) = CASES.iter().find(|(name, _)| *name == case).expect("a case");
        return case(Path::new(&folder));
    }
    if let Fenced::Off { why } = Fence::support() {
        assert_eq!(Fence::nothing().raise().expect("no fence is no error"), Fenced::Off { why });
        return println!("the fence is not tested: {why}");
    }
    // Built before anything is fenced in.
    packages::load(support::host(), guests::base());
    guests::kv();
    for (name, _) in CASES {
        let folder = tempfile::tempdir().expect("a folder");
        for below in ["read", "write", "outside"] {
            fs::create_dir(folder.path().join(below)).expect("a folder");
            fs::write(folder.path().join(below).join("a"), "a").expect("a file");
        }
        let mut child = Command::new(std::env::current_exe().expect("a program knows its file"));
        let status = child.env(CASE, name).env(FOLDER, folder.path()).status().expect("it starts");
        assert!(status.success(), "{name}: {status}");
        println!("test {name} ... ok");
    }
}

/// Two folders are granted, and the origin that is asked for is not.
fn grants(folder: &Path) -> Grants {
    let asked = json!({
        "folders": { "in": { "access": "read-only", "reason": "r" }, "out": { "access": "read-write", "reason": "r" } },
        "http": [{ "origin": "https://example.com", "methods": ["GET"], "paths": ["/"], "reason": "r" }]
    });
    let asked: Permissions = serde_json::from_value(asked).expect("permissions");
    let mut allowed = Allowance::default();
    for (slot, below, access) in [("in", "read", Access::ReadOnly), ("out", "write", Access::ReadWrite)] {
        let grant = FolderBinding { path: folder.join(below), access };
        allowed.folders.insert(slot.parse().expect("a slot"), grant);
    }
    let grants = Grants::cut(&asked, &allowed);
    assert!(grants.http().is_empty());
    grants
}

fn raise(fence: &Fence) {
    assert!(matches!(fence.raise().expect("it can be raised"), Fenced::On { .. }));
}

#[track_caller]
fn check_denied<T>(outcome: std::io::Result<T>) {
    assert_eq!(outcome.err().map(|error| error.kind()), Some(ErrorKind::PermissionDenied));
}

fn only_granted_folders_can_be_reached(folder: &Path) {
    let file = |below: &str| folder.join(below).join("a");
    let gone = folder.join("gone");
    raise(&Fence::around(&grants(folder)).and_read(gone));
    let tries = || {
        check_denied(fs::read(file("outside")));
        check_denied(fs::read("/etc/passwd"));
        check_denied(fs::read_dir("/"));
        check_denied(fs::write(folder.join("b"), "b"));
        check_denied(fs::write(file("read"), "b"));
        check_denied(fs::remove_file(file("read")));
        check_denied(fs::rename(file("write"), folder.join("outside/b")));
        check_denied(Command::new("/bin/true").status());
        assert_eq!(fs::read(file("read")).expect("granted"), b"a");
        assert_eq!(fs::read(file("write")).expect("granted"), b"a");
        fs::write(file("write"), "b").expect("granted");
        fs::rename(file("write"), folder.join("write/b")).expect("granted");
        fs::rename(folder.join("write/b"), file("write")).expect("granted");
        fs::write(file("write"), "a").expect("granted");
    };
    tries();
    // Threads that start later are inside as well.
    std::thread::scope(|scope| drop(scope.spawn(tries)));
}

fn listener() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

fn covers_connections() -> bool {
    matches!(Fence::support(), Fenced::On { abi } if abi >= 4)
}

fn connections_need_an_origin(folder: &Path) {
    let (_listening, address) = listener();
    TcpStream::connect(address).expect("nothing stands in the way yet");
    raise(&Fence::around(&grants(folder)));
    if covers_connections() {
        check_denied(TcpStream::connect(address));
        check_denied(TcpListener::bind("127.0.0.1:0"));
    }
}

fn a_granted_origin_lets_connections_out(folder: &Path) {
    let (_listening, address) = listener();
    let asked =
        json!({ "http": [{ "origin": "https://example.com", "methods": ["GET"], "paths": ["/"], "reason": "r" }] });
    let asked: Permissions = serde_json::from_value(asked).expect("permissions");
    let allowed =
        Allowance { http: [Origin::parse(&asked.http[0].origin).expect("an origin")].into(), ..Allowance::default() };
    let grants = Grants::cut(&asked, &allowed);
    assert_eq!(grants.http().len(), 1);
    raise(&Fence::around(&grants));
    TcpStream::connect(address).expect("an origin is granted");
    check_denied(fs::read(folder.join("outside/a")));
    if Path::new("/etc/hosts").exists() {
        fs::read("/etc/hosts").expect("names can be looked up");
    }
    if covers_connections() {
        check_denied(TcpListener::bind("127.0.0.1:0"));
    }
}

fn a_fenced_process_runs_tools(folder: &Path) {
    let package = packages::load(support::host(), guests::base());
    raise(&Fence::around(&Terms::default().grants));
    let item = json!({ "item": { "name": "tea", "count": 2, "price": 3.5, "paid": true } });
    assert_eq!(support::result(&package, "echo-item", item.clone()), item["item"]);
    check_denied(fs::read(folder.join("read/a")));
    check_denied(fs::read(PathBuf::from("/proc/self/exe")));
}

fn a_fenced_process_uses_the_reserved_store_alone(folder: &Path) {
    // So deep that the path of the socket in it has to be shortened.
    let store = Arc::new(SharedStore::new(folder.join("outside").join("deep".repeat(20))));
    let providers = Providers { kv: store.clone(), ..Providers::default() };
    let host = Host::new(HostOptions { providers, ..HostOptions::default() }).expect("a host starts");
    let asked = json!({ "kv": { "quota": "1MiB" } });
    let package = packages::load_asking(&host, guests::kv(), asked.clone());
    let allowed = Allowance { kv: Some(ByteSize(1 << 20)), ..Allowance::default() };
    let terms = Terms::granted(Grants::cut(&serde_json::from_value(asked).expect("permissions"), &allowed));
    let [other, absent] = ["guest:other", "guest:absent"]
        .map(|name| Claim { package: name.parse().expect("a name"), ..package.claim().clone() });
    store.reserve(&other).expect("there is room");
    let own = store.reserve(package.claim()).expect("there is room");
    raise(&Fence::around(&terms.grants).and_write(own));
    for (tool, arguments) in [("put", json!({ "key": "a", "value": "1" })), ("get", json!({ "key": "a" }))] {
        let outcome = package.call(&terms, tool, &arguments.to_string()).expect("it starts");
        assert!(matches!(outcome.ending, Ending::Returned(_)), "{tool}: {:?}", outcome.ending);
    }
    for outside in [other, absent] {
        assert!(store.open(&outside, mpp_kv::Terms::default()).is_err(), "{outside:?}");
    }
}
