//! Every template is made, built, packed and called.

use crate::support::Person;
use serde_json::{Value as Json, json};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
};

/// Makes a project from a template and builds it. Gives what `mpp build` said.
fn build(person: &Person, template: &str, name: &str) -> Json {
    person.json(&["new", name, "--template", template, "--namespace", "me"]);
    person.json(&["build", name, "--offline"])["packages"][0].clone()
}

#[track_caller]
fn check(person: &Person, words: &[&str], expected: &Json) {
    let answer = person.detached(words);
    assert_eq!(&answer["result"], expected, "{words:?}: {answer}");
}

/// A template without a test of its own would rot.
#[test]
fn every_template_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let mut found: Vec<String> = fs::read_dir(folder)
        .expect("the templates")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    found.sort();
    // `rust` by nearly every test of this suite, `filter` by `privacy.rs`, `plugin` by `plugins.rs`, the others here.
    assert_eq!(found, ["c", "filter", "javascript", "plugin", "python", "rust", "rust-http", "rust-state"]);
}

#[test]
fn a_tool_with_state_remembers_from_one_call_to_the_next() {
    let person = Person::new();
    build(&person, "rust-state", "memo");
    check(&person, &["run", "./memo", "add", "--text", "Buy milk"], &json!({ "result": 1 }));
    check(&person, &["run", "./memo", "add", "--text", "Call Ann"], &json!({ "result": 2 }));
    let milk = json!({ "result": [{ "number": 1, "text": "Buy milk" }] });
    check(&person, &["run", "./memo", "find", "--words", "MILK"], &milk);
    let code = person.detached_refusal(&["run", "./memo", "delete", "--number", "1"]);
    assert_eq!(code, "hitl.unavailable", "deleting is asked about");
}

/// Whether this machine has the compiler of a builder. In CI it must; elsewhere a test says that it was skipped.
#[expect(clippy::print_stderr, reason = "whoever runs the tests should see what was not tested")]
fn has_compiler(person: &Person, builder: &str) -> bool {
    let report: Json = serde_json::from_str(&person.mpp(&["--json", "doctor"]).out).expect("one JSON object");
    let what = format!("builder {builder}");
    let checks = report["checks"].as_array().expect("a list");
    let check = checks.iter().find(|check| check["what"] == what.as_str()).expect("doctor knows the builder");
    let found = check["state"] == "good";
    assert!(found || std::env::var_os("CI").is_none(), "CI lacks a compiler: {check}");
    if !found {
        eprintln!("SKIPPED: {builder}: {}", check["help"]);
    }
    found
}

#[test]
fn a_tool_in_c_counts() {
    let person = Person::new();
    if !has_compiler(&person, "c") {
        return;
    }
    let built = build(&person, "c", "count");
    let text = "To be, or not to be";
    check(&person, &["run", "./count", "count", "--text", text], &json!({ "words": 6, "different": 4 }));
    check(&person, &["run", "./count", "favourite", "--text", text], &json!({ "result": "To" }));
    let error = person.detached(&["run", "./count", "favourite", "--text", " - "]);
    assert_eq!(error["error"]["code"], "tool.error", "{error}");
    // The same source elsewhere gives the same bytes.
    person.json(&["new", "elsewhere/count", "--template", "c", "--namespace", "me"]);
    let again = person.json(&["build", "elsewhere/count", "--offline"])["packages"][0].clone();
    assert_eq!(again["digest"], built["digest"]);
    assert!(!person.path("count/src/tools.h").exists(), "what is generated does not lie in the source");
}

#[test]
fn a_tool_in_python_reads_tables() {
    let person = Person::new();
    if !has_compiler(&person, "componentize-py") {
        return;
    }
    build(&person, "python", "tables");
    let table = "what,price\nmilk,1.5\nbread,2\n";
    let columns = json!({ "result": [
        { "name": "what", "filled": 2, "sum": null },
        { "name": "price", "filled": 2, "sum": 3.5 },
    ] });
    check(&person, &["run", "./tables", "columns", "--text", table], &columns);
    let error = person.detached(&["run", "./tables", "columns", "--text", ""]);
    assert_eq!(error["error"]["code"], "tool.error", "{error}");
}

#[test]
fn a_tool_in_javascript_looks_into_json() {
    let person = Person::new();
    if !has_compiler(&person, "jco") {
        return;
    }
    build(&person, "javascript", "look");
    let call = ["run", "./look", "value-at", "--text", r#"{"items":[{"price":2}]}"#, "--path", "items.0.price"];
    check(&person, &call, &json!({ "result": "2" }));
    let error = person.detached(&["run", "./look", "shape", "--text", "{"]);
    assert_eq!(error["error"]["code"], "tool.error", "{error}");
}

/// The store's interface in the template is the one that a host provides.
#[test]
fn the_interfaces_in_templates_are_those_of_the_host() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (ours, copy) in [
        ("wasi-keyvalue-0.2.0-draft2/keyvalue.wit", "rust-state/wit/deps/wasi-keyvalue/keyvalue.wit"),
        ("mpp-filter-0.1/filter.wit", "filter/wit/world.wit"),
    ] {
        let ours = fs::read_to_string(root.join("component-model/wit/wit").join(ours)).expect("our text");
        assert!(fs::read_to_string(root.join("templates").join(copy)).expect("the copy") == ours, "{copy} differs");
    }
}

/// Answers one request with this JSON, and gives what was asked.
fn serve_once(body: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let answered = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let asked = request_line(&mut stream);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).expect("an answer");
        asked
    });
    (origin, answered)
}

fn request_line(stream: &mut TcpStream) -> String {
    let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let bytes = stream.read(&mut buffer).expect("a request");
        assert!(bytes > 0, "the request ended early");
        read.extend_from_slice(&buffer[..bytes]);
    }
    String::from_utf8_lossy(&read).lines().next().unwrap_or_default().to_owned()
}

/// With an origin on this machine in place of GitHub's, which only the person's own packages may be granted.
#[test]
fn a_tool_with_http_asks_its_origin_once_that_is_granted() {
    let person = Person::new();
    person.json(&["new", "facts", "--template", "rust-http", "--namespace", "me"]);
    let (origin, answered) =
        serve_once(r#"{ "description": "Rust's own", "language": "Rust", "stargazers_count": 7 }"#);
    for file in ["facts/Cargo.toml", "facts/src/lib.rs"] {
        let text = String::from_utf8(person.read(file)).expect("text");
        assert!(text.contains("https://api.github.com"), "{file}");
        let text = text.replace("https://api.github.com", &origin);
        person.write(file, text.replace("trust = \"limited\"", "trust = \"elevated\""));
    }
    person.json(&["build", "facts", "--offline"]);
    let call = ["run", "./facts", "look-up", "--text", "rust-lang/cargo"];
    assert_eq!(person.detached_refusal(&call), "grant.missing");
    person.json(&["policy", "init", "--headless-grants"]);
    person.detached(&["grant", "./facts", "--all", "--for", "always"]);
    let facts =
        json!({ "description": "Rust's own", "language": "Rust", "stars": 7, "open-issues": 0, "archived": false });
    check(&person, &call, &facts);
    assert_eq!(answered.join().expect("the server ends"), "GET /repos/rust-lang/cargo HTTP/1.1");
}

#[test]
fn a_template_comes_from_a_folder_and_from_a_git_repository() {
    let person = Person::new();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/filter");
    let made = person.json(&["new", "one", "--template", ours.to_str().expect("text"), "--namespace", "me"]);
    assert_eq!(made["package"], "me:one");

    let git = |words: &[&str]| {
        let mut git = person.program("git", &["-c", "user.name=a", "-c", "user.email=a@b.c"]);
        assert!(git.args(words).status().expect("git starts").success(), "{words:?}");
    };
    // What was made has the template's files but for `template.toml`: with one it is a template again.
    let about = fs::read_to_string(ours.join("template.toml")).expect("text");
    person.write("one/template.toml", about.replace("acme", "me").replace("customer-numbers", "one"));
    git(&["init", "--quiet", "one"]);
    git(&["-C", "one", "add", "."]);
    git(&["-C", "one", "commit", "--quiet", "-m", "a template"]);
    let address = format!("file://{}", person.path("one").display());
    let again = person.json(&["new", "two", "--template", &address, "--namespace", "me"]);
    assert_eq!(again["files"], made["files"]);
    let manifest = String::from_utf8(person.read("two/Cargo.toml")).expect("text");
    assert!(manifest.contains("name = \"two\""), "{manifest}");
    assert_eq!(person.refusal(&["new", "three", "--template", "./none", "--namespace", "me"]).0, "io.failed");
    assert_eq!(person.refusal(&["new", "three", "--template", "cobol", "--namespace", "me"]).0, "build.template");
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_is_asked_for_the_names_and_need_not_answer() {
    let person = Person::new();
    let asked =
        person.on_terminal("new md", &[("publish under later [local]:", "acme"), ("Name of the package [md]:", "")]);
    assert!(asked.out.contains("acme:md in "), "{}", asked.out);
    let unasked = person.on_terminal("new other --accept-defaults", &[]);
    assert!(unasked.out.contains("local:other in "), "{}", unasked.out);
}
