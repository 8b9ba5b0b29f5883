//! A tool that calls a tool of another installed package, from the command line: denied, granted, and watched.

use crate::support::{Person, built_template};
use serde_json::json;
use std::{fs, path::Path, sync::OnceLock};

const ASKS: &str = r#"
[package.metadata.mpp.permissions]
tools = { "acme:md" = { reason = "it reads Markdown" } }
progress = { reason = "you see how far it is" }
logging = { reason = "you see what it asked" }
"#;

/// Files of the tool `front` that stand in for those of the template.
const FRONT: [(&str, &str); 2] =
    [("src/lib.rs", include_str!("../front/lib.rs")), ("wit/world.wit", include_str!("../front/world.wit"))];

/// Somebody with acme:md installed and the tool `front` in a folder.
fn person() -> &'static Person {
    static PERSON: OnceLock<Person> = OnceLock::new();
    PERSON.get_or_init(|| {
        let person = Person::new();
        person.json(&["key", "new", "acme"]);
        person.json(&["registry", "init", "registry.git"]);
        person.json(&["registry", "add", "home", "registry.git"]);
        fs::copy(&built_template().1, person.path("md.mpp")).expect("the template was built");
        person.json(&["sign", "md.mpp", "--key", "acme"]);
        person.json(&["publish", "md.mpp", "--key", "acme"]);
        person.json(&["install", "acme:md"]);
        person.json(&["new", "front", "--namespace", "acme"]);
        write_front(&person);
        person.json(&["policy", "init", "--headless-grants"]);
        person
    })
}

fn write_front(person: &Person) {
    fs::remove_dir_all(person.path("front/src")).expect("the template has sources");
    fs::remove_dir_all(person.path("front/wit")).expect("the template has WIT");
    for folder in ["front/src", "front/wit/deps/mpp-host", "front/wit/deps/wasi-logging"] {
        fs::create_dir_all(person.path(folder)).expect("a folder");
    }
    FRONT.iter().for_each(|(path, text)| person.write(&format!("front/{path}"), text));
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../component-model/wit/wit");
    for (from, to) in [
        ("mpp-host-0.1/tools.wit", "mpp-host/tools.wit"),
        ("mpp-host-0.1/progress.wit", "mpp-host/progress.wit"),
        ("wasi-logging-0.1/logging.wit", "wasi-logging/logging.wit"),
    ] {
        fs::copy(wit.join(from), person.path(&format!("front/wit/deps/{to}"))).expect("the text is there");
    }
    let manifest = String::from_utf8(person.read("front/Cargo.toml")).expect("text");
    let manifest = manifest.replace("trust = \"sandboxed\"", "trust = \"limited\"");
    person.write("front/Cargo.toml", manifest + ASKS);
}

#[test]
fn a_tool_calls_an_installed_tool_when_both_may() {
    let person = person();
    let arguments = json!({ "tool": "outline", "arguments": r##"{"text": "# Milk"}"## }).to_string();
    let run = ["run", "front/", "hand-on", &arguments];
    assert_eq!(person.detached_refusal(&run), "grant.missing");
    let built = person.json(&["build", "front", "--offline"]);
    let file = built["packages"][0]["file"].as_str().expect("a path");

    person.detached(&["grant", file, "--all", "--for", "1h"]);
    let answer = person.detached(&run);
    assert!(answer["result"].to_string().contains("Milk"), "{answer}");
    let shown = person.mpp(&run);
    assert_eq!(shown.exit, 0, "{}", shown.err);
    assert!(shown.err.contains("tool: info [front]: asked for `outline`"), "{}", shown.err);
    assert!(shown.err.contains("running"), "{}", shown.err);
    assert!(!shown.err.contains('\u{1b}'), "{}", shown.err);

    let unknown = json!({ "tool": "none", "arguments": "{}" }).to_string();
    let answer = person.mpp(&["--json", "run", "front/", "hand-on", &unknown]);
    assert!(answer.out.contains("has no tool `none`"), "{}", answer.out);

    // What is gone cannot be called, and the tool hears so.
    person.json(&["uninstall", "acme:md"]);
    let answer = person.mpp(&[&["--json"][..], &run].concat());
    assert!(answer.out.contains("package `acme:md` is not installed"), "{}", answer.out);
}
