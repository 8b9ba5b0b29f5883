//! A tool that gives pictures, sounds and documents, as agents are shown it (rules TOOL-22, MCP-17), and as it is called by hand.

use crate::{serve::Agent, support::Person};
use serde_json::{Value as Json, json};
use std::{fs, path::Path};

const ASKS: &str = "\n[package.metadata.mpp.permissions]\nprogress = { reason = \"you see how far it is\" }\n";

/// Somebody who built, published and installed acme:fixtures.
fn person() -> Person {
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    person.json(&["new", "fixtures", "--namespace", "acme"]);
    for folder in ["fixtures/src", "fixtures/wit"] {
        fs::remove_dir_all(person.path(folder)).expect("the template has it");
    }
    for folder in ["fixtures/src", "fixtures/wit/deps/mpp-host", "fixtures/wit/deps/mpp-tool"] {
        fs::create_dir_all(person.path(folder)).expect("a folder");
    }
    person.write("fixtures/src/lib.rs", include_str!("../fixtures/lib.rs"));
    person.write("fixtures/wit/world.wit", include_str!("../fixtures/world.wit"));
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../component-model/wit/wit");
    for (from, to) in [("mpp-host-0.1/progress.wit", "mpp-host"), ("mpp-tool-0.1/content.wit", "mpp-tool")] {
        fs::copy(wit.join(from), person.path(&format!("fixtures/wit/deps/{to}/it.wit"))).expect("the text is there");
    }
    let manifest = String::from_utf8(person.read("fixtures/Cargo.toml")).expect("text");
    person.write("fixtures/Cargo.toml", manifest.replace("trust = \"sandboxed\"", "trust = \"limited\"") + ASKS);
    let built = person.json(&["build", "fixtures", "--offline"]);
    let file = built["packages"][0]["file"].as_str().expect("a path").to_owned();
    person.json(&["sign", &file, "--key", "acme"]);
    person.json(&["publish", &file, "--key", "acme"]);
    person.json(&["install", "acme:fixtures"]);
    person
}

/// TOOL-22, MCP-17.
#[test]
fn pictures_sounds_and_documents_are_shown_as_themselves() {
    let person = person();
    let mut agent = Agent::start(&person, &["--update-every", "never"]);
    let listed = agent.ask("tools/list", &json!({}))["tools"].clone();
    let described = |name: &str| {
        let mut tools = listed.as_array().expect("tools").iter();
        let tool = tools.find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("{name}: {listed}"));
        !tool["outputSchema"].is_null()
    };
    assert!(described("fixtures_simple_text") && described("fixtures_echo"));
    assert!(!described("fixtures_image_content") && !described("fixtures_multiple_content_types"));
    let mut call = |tool: &str| agent.ask("tools/call", &json!({"name": format!("fixtures_{tool}"), "arguments": {}}));
    let kinds = |result: &Json| -> Vec<String> {
        let blocks = result["content"].as_array().expect("blocks").iter();
        blocks.map(|block| block["type"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let picture = call("image_content");
    assert_eq!(kinds(&picture), ["image"], "{picture}");
    assert_eq!(picture["content"][0]["mimeType"], "image/png");
    assert!(picture["content"][0]["data"].as_str().is_some_and(|data| data.starts_with("iVBORw0KGgo")), "{picture}");
    assert!(picture["structuredContent"].is_null() && picture["isError"] == false, "{picture}");
    assert_eq!(picture["_meta"]["dev.mpp/package"]["name"], "acme:fixtures");
    assert_eq!(call("audio_content")["content"][0]["mimeType"], "audio/wav");
    let document = call("embedded_resource");
    assert_eq!(document["content"][0]["resource"]["uri"], "test://embedded-resource", "{document}");
    assert_eq!(kinds(&call("multiple_content_types")), ["text", "image", "resource"]);
    assert_eq!(call("error_handling")["isError"], true);
    assert_eq!(
        call("simple_text")["structuredContent"],
        json!({"result": "This is a simple text response for testing."})
    );
    // By hand it is data.
    let called = person.json(&["call", "acme:fixtures", "multiple-content-types"]);
    assert!(called["result"].to_string().contains("\"tag\":\"image\""), "{called}");
}
