//! Devices that were bound to a slot, asked on a pseudo-terminal: the tool has one end, the test plays the device at the other.
#![cfg(unix)]

use crate::support::{guests, host, packages, small_limits};
use mpp_host::{CallOutcome, Ending, Host, HostOptions, Limits, LoadedPackage, Terms};
use mpp_policy::{Allowance, Grants};
use mpp_schema::{Code, codes};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

fn package() -> &'static LoadedPackage {
    static PACKAGE: OnceLock<LoadedPackage> = OnceLock::new();
    PACKAGE.get_or_init(|| packages::load_asking(host(), guests::device(), asked()))
}

fn asked() -> Json {
    json!({ "devices": { "scale": { "class": "serial" } } })
}

/// The device of slot `scale` is at this path.
fn bound_to(path: &Path) -> Terms {
    let devices = [("scale".parse().expect("a slot"), path.to_owned())].into();
    let allowed = Allowance { devices, ..Allowance::default() };
    Terms::granted(Grants::cut(&serde_json::from_value(asked()).expect("permissions"), &allowed))
}

#[track_caller]
fn call(package: &LoadedPackage, terms: &Terms, tool: &str, mut arguments: Json) -> CallOutcome {
    arguments["slot"] = json!("scale");
    package
        .call(terms, tool, &arguments.to_string())
        .unwrap_or_else(|error| panic!("`{tool}` was not started: {error}"))
}

fn returned(result: Json) -> Ending {
    Ending::Returned(Some(json!({ "result": result })))
}

/// A line: the far end, and the path of the end that a tool is given.
struct Line {
    far: File,
    path: PathBuf,
}

fn line() -> Line {
    let far: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&far).expect("it is ours");
    unlockpt(&far).expect("it can be opened");
    let path = ptsname(&far, Vec::new()).expect("it has a name").into_string().expect("a path").into();
    Line { far: far.into(), path }
}

impl Line {
    fn near(&self) -> OwnedFd {
        open(&self.path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it opens")
    }

    /// Sends back what comes, until `bytes` came.
    fn echo(&self, mut bytes: usize) {
        let mut far = &self.far;
        let mut buffer = [0; 4096];
        while bytes > 0 {
            let len = far.read(&mut buffer).expect("something comes");
            far.write_all(&buffer[..len]).expect("it is sent back");
            bytes -= len;
        }
    }
}

#[test]
fn a_tool_talks_with_its_device() {
    let line = line();
    let _near = line.near();
    std::thread::scope(|scope| {
        scope.spawn(|| line.echo("12.5 kg\n".len()));
        let outcome = call(package(), &bound_to(&line.path), "exchange", json!({ "line": "12.5 kg" }));
        assert_eq!(outcome.ending, returned(json!("12.5 kg")));
        assert!(outcome.refusals.is_empty());
    });
}

#[test]
fn every_byte_passes_as_it_is_and_the_lines_settings_come_back() {
    let line = line();
    let near = line.near();
    let before = tcgetattr(&near).expect("a line").local_modes;
    assert!(before.contains(LocalModes::ECHO | LocalModes::ICANON));
    let all: Vec<u8> = (0..4096u32).map(|number| (number % 256) as u8).collect();
    let data = base64(&all);
    std::thread::scope(|scope| {
        scope.spawn(|| line.echo(all.len()));
        let outcome = call(package(), &bound_to(&line.path), "exchange-bytes", json!({ "data": data }));
        assert_eq!(outcome.ending, returned(json!(data)));
    });
    assert_eq!(tcgetattr(&near).expect("a line").local_modes, before);
}

/// Bytes travel as base64 in JSON.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = bytes.chunks(3).flat_map(|three| {
        let number = three.iter().chain([0, 0].iter()).take(3).fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
        (0..4).map(move |at| match at <= three.len() {
            true => DIGITS[(number >> (18 - 6 * at) & 63) as usize] as char,
            false => '=',
        })
    });
    text.collect()
}

#[test]
fn a_device_belongs_to_one_at_a_time() {
    let line = line();
    let _near = line.near();
    let outcome = call(package(), &bound_to(&line.path), "open-twice", json!({}));
    assert_eq!(outcome.ending, returned(json!({ "f0": "busy", "f1": "opened" })));
    assert!(outcome.refusals.contains(codes::CAP_DEVICE));
}

#[test]
fn a_device_that_goes_away_is_the_end_of_its_stream() {
    let Line { mut far, path } = line();
    let near = open(&path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it opens");
    let terms = bound_to(&path);
    std::thread::scope(|scope| {
        let tool = scope.spawn(|| call(package(), &terms, "exchange", json!({ "line": "go" })));
        // The tool has asked, so it has the line open; now the device goes.
        let mut asked = [0; 3];
        far.read_exact(&mut asked).expect("the tool asks");
        drop(far);
        assert_eq!(tool.join().expect("no panic").ending, Ending::ToolError(json!("closed")));
    });
    drop(near);
}

#[track_caller]
fn check_refused(terms: &Terms, error: &str, code: Code) {
    let outcome = call(package(), terms, "open-device", json!({}));
    assert_eq!(outcome.ending, Ending::ToolError(json!(error)), "{:?}", outcome.refusals);
    assert!(outcome.refusals.contains(code), "{:?}", outcome.refusals);
}

#[test]
fn a_slot_without_a_device_is_denied() {
    check_refused(&Terms::default(), "denied", codes::CAP_DENIED);
}

#[test]
fn nothing_but_a_character_device_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "not a device").expect("a file");
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts").success());
    for path in [folder.path(), &file, &pipe] {
        check_refused(&bound_to(path), "unsuitable", codes::CAP_DEVICE);
    }
    check_refused(&bound_to(&folder.path().join("gone")), "missing", codes::CAP_DEVICE);
}

#[test]
fn devices_that_are_always_ready_work_too() {
    let null = bound_to(Path::new("/dev/null"));
    assert_eq!(call(package(), &null, "read-to-end", json!({})).ending, returned(json!("")));
}

#[test]
fn no_wait_for_a_device_outlives_the_call() {
    let limits = Limits { time: Duration::from_millis(300), ..small_limits() };
    let host = Host::new(HostOptions { limits, ..HostOptions::default() }).expect("a host starts");
    let package = packages::load_asking(&host, guests::device(), asked());
    let line = line();
    let _near = line.near();
    for tool in ["read-to-end", "send-without-end"] {
        let outcome = call(&package, &bound_to(&line.path), tool, json!({}));
        assert_eq!(outcome.ending.code(), Some(codes::LIMIT_TIME), "{tool}");
    }
    let null = bound_to(Path::new("/dev/null"));
    assert_eq!(call(&package, &null, "send-without-end", json!({})).ending.code(), Some(codes::LIMIT_TIME));
    assert_eq!(call(&package, &null, "open-device", json!({})).ending, returned(json!("opened")));
}
