//! Compiling in a process of its own, with the real process: this very test program, started again.
//!
//! So that it can be that, it has a `main` of its own and prints as the test harness does.

#![allow(clippy::print_stdout, reason = "a test without the harness says how it went")]

use mpp_host::{Ending, Host, HostOptions, LoadError, LoadedPackage, Terms};
use mpp_ops::compile_process::{self, ChildCompiler, CompileLimits};
use mpp_package::key::{SecretKey, Signer as _};
use mpp_package::pack::{Contents, pack};
use mpp_package::verify::{Trust, TrustedKey, VerifiedPackage, open};
use mpp_schema::{Code, Coded as _, codes};
use mpp_wit::{ToolSet, WitFolder};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn main() {
    let words: Vec<_> = std::env::args().collect();
    if words.get(1).is_some_and(|word| word == compile_process::WORD) {
        compile_process::serve(std::io::stdin().lock(), std::io::stdout().lock()).expect("the parent talks to the end");
        return;
    }
    let tests: [(&str, fn()); 6] = [
        ("code_from_the_process_runs", code_from_the_process_runs),
        ("a_compile_bomb_ends_at_its_processor_time", a_compile_bomb_ends_at_its_processor_time),
        ("a_compile_bomb_ends_at_its_memory", a_compile_bomb_ends_at_its_memory),
        ("waiting_ends", waiting_ends),
        ("another_program_is_not_believed", another_program_is_not_believed),
        ("the_process_refuses_what_is_no_request", the_process_refuses_what_is_no_request),
    ];
    let wanted =
        |name: &str| words.iter().skip(1).filter(|word| !word.starts_with('-')).all(|word| name.contains(word));
    for (name, test) in tests.into_iter().filter(|(name, _)| wanted(name)) {
        test();
        println!("test {name} ... ok");
    }
}

fn myself() -> PathBuf {
    std::env::current_exe().expect("a program knows its file")
}

/// A component with one tool `run: func()`.
fn package(core: &str) -> VerifiedPackage<Cursor<Vec<u8>>> {
    let text = format!(
        r#"(component (core module $module {core}) (core instance $instance (instantiate $module))
            (func (export "run") (canon lift (core func $instance "run"))))"#
    );
    let wit = "package guest:written@0.1.0; world written { export run: func(); }".to_owned();
    let wit = BTreeMap::from([("world.wit".to_owned(), wit)]);
    let tools = ToolSet::from_wit(&WitFolder { files: wit.clone() }, None).expect("a world").tools_file();
    let manifest = json!({
        "mpp": "1.0", "kind": "tool", "name": "guest:written", "version": "0.1.0", "description": "A guest for tests.",
        "world": "guest:written/written@0.1.0", "trust": "sandboxed", "source": { "builder": "cargo" }, "entries": []
    });
    let key = SecretKey::generate().expect("a key is made");
    let packed = pack(Contents {
        manifest: serde_json::from_value(manifest).expect("a manifest"),
        component: wat::parse_str(text).expect("the text is a component"),
        tools,
        wit,
        readme: None,
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    });
    let signed = packed.expect("it packs").sign(&[&key]).expect("a key signs");
    let publisher = TrustedKey { key: *key.public_key(), name: "tests".to_owned() };
    let trust = Trust { publishers: vec![publisher], development: None, threshold: 1 };
    open(Cursor::new(signed.into_bytes()), &trust).expect("what was signed verifies")
}

fn load(program: &Path, limits: CompileLimits, core: &str) -> Result<LoadedPackage, LoadError> {
    let compiler = Arc::new(ChildCompiler::new(program.to_owned(), limits));
    let host = Host::new(HostOptions { compiler, ..HostOptions::default() }).expect("a host starts");
    host.load(&mut package(core))
}

#[track_caller]
fn check_refused(program: &Path, limits: CompileLimits, core: &str, expected: Code) -> String {
    let error = load(program, limits, core).expect_err("it is refused");
    assert_eq!(error.code(), expected, "{error}");
    // The host goes on.
    code_from_the_process_runs();
    error.to_string()
}

const NOTHING: &str = r#"(func (export "run"))"#;

fn code_from_the_process_runs() {
    let package = load(&myself(), CompileLimits::default(), NOTHING).expect("it loads");
    let outcome = package.call(&Terms::default(), "run", "{}").expect("it starts");
    assert_eq!(outcome.ending, Ending::Returned(None));
}

/// Few bytes that take long: each of many locals is carried through each of many loops.
fn bomb(locals: usize, loops: usize) -> String {
    let mut text = r#"(func (export "run"))(func (param $on i32)"#.to_owned();
    (0..locals).for_each(|local| write!(text, "(local $l{local} i32)").expect("text grows"));
    for number in 0..loops {
        let (to, from) = (number % locals, (number * 7 + 1) % locals);
        let step = format!("(local.set $l{to} (i32.add (local.get $l{from}) (local.get $l{to})))");
        write!(text, "(loop {step} (br_if 0 (local.get $on)))").expect("text grows");
    }
    (0..locals).for_each(|local| {
        write!(text, "(i32.store (i32.const {}) (local.get $l{local}))", local * 4).expect("text grows");
    });
    text + ")(memory 1)"
}

fn a_compile_bomb_ends_at_its_processor_time() {
    let limits = CompileLimits { cpu_seconds: 1, ..CompileLimits::default() };
    let message = check_refused(&myself(), limits, &bomb(2_000, 8_000), codes::LIMIT_COMPILE);
    assert!(message.contains("1 s of processor time"), "{message}");
}

fn a_compile_bomb_ends_at_its_memory() {
    let limits = CompileLimits { memory_bytes: 256 << 20, ..CompileLimits::default() };
    check_refused(&myself(), limits, &bomb(2_000, 8_000), codes::LIMIT_COMPILE);
}

fn waiting_ends() {
    let limits = CompileLimits { time: Duration::from_millis(50), ..CompileLimits::default() };
    let message = check_refused(&myself(), limits, &bomb(2_000, 8_000), codes::LIMIT_COMPILE);
    assert!(message.contains("took too long"), "{message}");
}

fn another_program_is_not_believed() {
    let limits = CompileLimits::default;
    check_refused(Path::new("/bin/false"), limits(), NOTHING, codes::LIMIT_COMPILE);
    check_refused(Path::new("/bin/true"), limits(), NOTHING, codes::IO_FAILED);
    check_refused(Path::new("/nowhere/mpp"), limits(), NOTHING, codes::IO_FAILED);
}

fn the_process_refuses_what_is_no_request() {
    let mut command = Command::new(myself());
    command.arg(compile_process::WORD).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = command.output().expect("it starts");
    assert!(!output.status.success() && output.stdout.is_empty());
}
