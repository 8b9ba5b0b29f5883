//! An author's loop by the real program: check, and the cases of a project.

use crate::support::Person;
use serde_json::{Value as Json, json};
use std::fs;

/// An author of the Rust template. Projects of one name would share what is compiled, so each test has its own.
fn author(name: &str) -> Person {
    let author = Person::new();
    author.json(&["new", name, "--namespace", "acme"]);
    fs::rename(author.path(name), author.path("md")).unwrap();
    author
}

/// Writes the case `tests/<name>.json` of the project.
fn write_case(author: &Person, name: &str, case: &Json) {
    let path = author.path(&format!("md/tests/{name}.json"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, case.to_string()).unwrap();
}

fn read_case(author: &Person, name: &str) -> Json {
    serde_json::from_slice(&author.read(&format!("md/tests/{name}.json"))).unwrap()
}

#[test]
fn a_check_finds_what_a_build_would_refuse_and_makes_nothing() {
    let author = author("checked-md");
    let report = author.json(&["check", "md", "--offline", "--locked"]);
    assert_eq!(report["packages"][0]["name"], "acme:checked-md");
    assert_eq!(report["packages"][0]["tools"][0], "outline");

    let world = String::from_utf8(author.read("md/wit/world.wit")).unwrap();
    author
        .write("md/wit/world.wit", world.replace("world tools {", "world tools {\n  import log: func(text: string);"));
    let warned = author.json(&["check", "md", "--offline", "--locked"]);
    let warnings = warned["packages"][0]["warnings"].to_string();
    assert!(warnings.contains("imports `log`"), "{warnings}");
    author.write("md/wit/world.wit", &world);

    let code = String::from_utf8(author.read("md/src/lib.rs")).unwrap();
    author.write("md/src/lib.rs", format!("{code}\nfn wrong() -> u8 {{ \"\" }}\n"));
    assert_eq!(author.refusal(&["check", "md", "--offline", "--locked"]), ("build.failed".to_owned(), 4));
    author.write("md/wit/world.wit", "package acme:md@0.1.0;\nworld tools {}\n");
    assert_eq!(author.refusal(&["check", "md", "--offline", "--locked"]).1, 4, "what has no tools");
}

#[test]
fn cases_pass_fail_and_are_blessed() {
    let author = author("cased-md");
    let test = |more: &[&str]| {
        let ended = author.mpp(&[&["--json", "test", "md", "--offline", "--locked"], more].concat());
        let json: Json = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
        (json, ended.exit)
    };
    write_case(&author, "outline/title", &json!({ "about": "one heading", "arguments": { "text": "# Milk" } }));
    write_case(
        &author,
        "section/unknown",
        &json!({ "arguments": { "text": "# Milk", "anchor": "x" }, "error": { "code": "tool.error" } }),
    );
    write_case(&author, "stats/wrong", &json!({ "arguments": { "text": 1 }, "error": { "code": "tool.arguments" } }));
    write_case(&author, "fixtures/not-a-case", &json!([]));

    let (report, exit) = test(&[]);
    assert_eq!((&report["passed"], &report["failed"], exit), (&json!(2), &json!(1), 3), "{report}");
    assert_eq!(report["cases"][0]["outcome"], "failed", "it expects nothing yet: {report}");

    let (report, exit) = test(&["--bless"]);
    assert_eq!((&report["blessed"], exit), (&json!(1), 0), "{report}");
    let case = read_case(&author, "outline/title");
    assert_eq!(case["about"], "one heading", "what the author wrote stays");
    assert_eq!(case["result"]["result"][0]["title"], "Milk");
    assert_eq!(test(&[]).0["passed"], 3);

    let mut case = case;
    case["result"]["result"][0]["level"] = json!(6);
    write_case(&author, "outline/title", &case);
    let ended = author.mpp(&["test", "md", "outline/", "--offline", "--locked"]);
    assert_eq!(ended.exit, 3, "{ended:?}");
    assert!(ended.out.contains("result.result[0].level: expected 6, found 1"), "{}", ended.out);
    assert!(ended.out.contains("2 left out"), "{}", ended.out);
    assert!(ended.err.contains("test.failed"), "{}", ended.err);

    write_case(&author, "outlin/title", &case);
    assert_eq!(author.refusal(&["test", "md", "--offline", "--locked"]), ("test.case".to_owned(), 3));
    assert!(!author.home().join("data/kv").exists(), "cases run in a home of their own");
}
