//! What a manifest may say, each refusal beside an accepted twin.

use super::{read, write};
use mpp_schema::{Code, Coded as _, codes};
use proptest::prelude::*;
use serde_json::{Value, json};

fn entry(path: &str) -> Value {
    let digest = "0".repeat(64);
    match path.ends_with(".zst") {
        true => json!({ "path": path, "size": 10, "sha256": digest, "unpacked": { "size": 20, "sha256": digest } }),
        false => json!({ "path": path, "size": 10, "sha256": digest }),
    }
}

fn good() -> Value {
    json!({
        "mpp": "1.0", "kind": "tool", "name": "acme:notes", "version": "1.0.0", "description": "Finds notes.",
        "world": "acme:notes/tools", "trust": "limited",
        "permissions": {
            "folders": { "notes": { "access": "read-write", "reason": "where your notes live" } },
            "http": [{ "origin": "https://api.example.com", "methods": ["GET"], "paths": ["/repos/"] }]
        },
        "source": { "builder": "cargo", "reproducible": true },
        "entries": [entry("component.wasm.zst"), entry("tools.json.zst"), entry("wit/a.wit"), entry("wit/b.wit")]
    })
}

#[track_caller]
fn check(spoil: impl FnOnce(&mut Value), expected: Result<(), Code>) {
    let mut manifest = good();
    spoil(&mut manifest);
    check_text(&manifest.to_string(), expected);
}

#[track_caller]
fn check_text(text: &str, expected: Result<(), Code>) {
    assert_eq!(read(text.as_bytes()).map(drop).map_err(|error| error.code()), expected, "{text}");
}

#[test]
fn what_is_written_is_read() {
    let manifest = read(good().to_string().as_bytes()).unwrap();
    assert_eq!(read(&write(&manifest).unwrap()).unwrap(), manifest);
}

#[test]
fn the_shape_is_strict() {
    check(|_| {}, Ok(()));
    let invalid = Err(codes::MANIFEST_INVALID);
    check(|manifest| manifest["more"] = 1.into(), invalid);
    check(|manifest| manifest["source"]["more"] = 1.into(), invalid);
    check(|manifest| manifest["kind"] = "Tool".into(), invalid);
    check(|manifest| manifest["kind"] = json!({ "tool": null }), invalid);
    check(|manifest| manifest["license"] = Value::Null, invalid);
    check(|manifest| manifest["agents"] = json!([["role:x"]]), invalid);
    check(|manifest| manifest["permissions"]["http"] = json!([]), invalid);
    check(|manifest| manifest["name"] = "acme".into(), invalid);
    check(|manifest| manifest["version"] = "1.0".into(), invalid);
    check(|manifest| manifest["version"] = format!("1.0.0-{}", "a".repeat(200)).into(), invalid);
    check(|manifest| drop(manifest.as_object_mut().unwrap().remove("trust")), invalid);
    let text = good().to_string();
    check_text(&text.replacen("\"kind\"", "\"trust\":\"limited\",\"kind\"", 1), invalid);
    check_text(&text.replacen("{\"notes\"", "{\"notes\":{\"access\":\"read-only\"},\"notes\"", 1), invalid);
    check_text(&format!("{text}{text}"), invalid);
    check_text(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), invalid);
    check_text("", invalid);
    check_text("[]", invalid);
}

#[test]
fn a_newer_major_version_is_named() {
    check(|manifest| manifest["mpp"] = "1.7".into(), Ok(()));
    let newer = |manifest: &mut Value| *manifest = json!({ "mpp": "2.0", "everything": "else" });
    check(newer, Err(codes::FORMAT_NEWER));
    check(|manifest| manifest["mpp"] = "0.9".into(), Err(codes::MANIFEST_INVALID));
    check(|manifest| manifest["mpp"] = 1.into(), Err(codes::MANIFEST_INVALID));
}

#[test]
fn hidden_characters_are_found_in_every_text() {
    let text = Err(codes::MANIFEST_TEXT);
    for hidden in ["a\u{202e}", "a\u{200b}b", "\u{e0041}", "\u{1b}[2J", "\u{feff}a", "\u{e000}"] {
        check(|manifest| manifest["description"] = hidden.into(), text);
        check(|manifest| manifest["license"] = hidden.into(), text);
        check(|manifest| manifest["world"] = hidden.into(), text);
        check(|manifest| manifest["source"]["compiler"] = hidden.into(), text);
        check(|manifest| manifest["agents"] = json!({ "allow": [hidden] }), text);
        check(|manifest| manifest["permissions"]["folders"]["notes"]["reason"] = hidden.into(), text);
    }
    check(|manifest| manifest["description"] = "Finds naïve 日本語 notes 🙂".into(), Ok(()));
}

#[test]
fn descriptions_and_reasons_are_bounded() {
    check(|manifest| manifest["description"] = "a".repeat(1024).into(), Ok(()));
    check(|manifest| manifest["description"] = "a".repeat(1025).into(), Err(codes::MANIFEST_TEXT));
    let reason = |manifest: &mut Value| manifest["permissions"]["http"][0]["reason"] = "a".repeat(1025).into();
    check(reason, Err(codes::MANIFEST_TEXT));
}

#[test]
fn the_trust_level_covers_the_permissions() {
    let trust = Err(codes::MANIFEST_TRUST);
    let with = |level: &'static str, permissions: Value| {
        move |manifest: &mut Value| {
            manifest["trust"] = level.into();
            manifest["permissions"] = permissions;
        }
    };
    check(with("sandboxed", json!({ "kv": { "quota": "4MiB" }, "logging": {}, "config": ["a"] })), Ok(()));
    for limited in [
        json!({ "env": ["LANG"] }),
        json!({ "clock": {} }),
        json!({ "tools": { "acme:other": {} } }),
        json!({ "folders": { "a": { "access": "read-only" } } }),
        json!({ "http": [{ "origin": "https://a.example" }] }),
        json!({ "secrets": { "a": { "origin": "https://a.example", "header": "authorization" } } }),
    ] {
        check(with("sandboxed", limited.clone()), trust);
        check(with("limited", limited), Ok(()));
    }
    for elevated in [
        json!({ "devices": { "scale": { "class": "serial" } } }),
        json!({ "http": [{ "origin": "https://*.example.com" }] }),
        json!({ "http": [{ "origin": "http://192.168.1.1:8080" }] }),
        json!({ "http": [{ "origin": "http://localhost:8080" }] }),
        json!({ "secrets": { "a": { "origin": "https://[::1]", "header": "authorization" } } }),
    ] {
        check(with("limited", elevated.clone()), trust);
        check(with("elevated", elevated), Ok(()));
    }
}

#[test]
fn permissions_are_written_in_one_way() {
    let invalid = Err(codes::MANIFEST_INVALID);
    let http = |field: &str, value: Value| {
        let field = field.to_owned();
        move |manifest: &mut Value| manifest["permissions"]["http"][0][field] = value
    };
    check(http("methods", json!(["GET", "POST"])), Ok(()));
    check(http("methods", json!(["get"])), invalid);
    check(http("methods", json!([])), invalid);
    check(http("paths", json!(["repos"])), invalid);
    check(http("origin", json!("https://user@api.example.com")), invalid);
}

#[track_caller]
fn check_entries(paths: &[&str], expected: Result<(), Code>) {
    let entries: Vec<Value> = paths.iter().map(|path| entry(path)).collect();
    check(|manifest| manifest["entries"] = entries.into(), expected);
}

#[test]
fn entries_have_sound_names_and_one_order() {
    let (component, tools) = ("component.wasm.zst", "tools.json.zst");
    check_entries(&[component, tools], Ok(()));
    check_entries(&[component, tools, "LICENSE.zst", "README.md.zst", "a", "wit/a.wit"], Ok(()));
    check_entries(&[component, tools, "b", "a"], Err(codes::PKG_ORDER));
    check_entries(&[tools, component], Err(codes::PKG_ORDER));
    check_entries(&["a", component, tools], Err(codes::PKG_ORDER));
    check_entries(&[component], Err(codes::MANIFEST_INVALID));
    check_entries(&[component, tools, "a", "a"], Err(codes::PKG_DUPLICATE));
    check_entries(&[component, tools, "A", "a"], Err(codes::PKG_DUPLICATE));
    check_entries(&[component, tools, "a", "a/b"], Err(codes::PKG_DUPLICATE));
    check_entries(&[component, tools, "MPP.json"], Err(codes::PKG_DUPLICATE));
    check_entries(&[component, tools, "../a"], Err(codes::PKG_PATH));
    check_entries(&[component, tools, "signatures/a"], Err(codes::PKG_PATH));
    check_entries(&[component, tools, "Signatures/a"], Err(codes::PKG_PATH));
}

#[test]
fn sizes_are_bounded() {
    let sizes = |stored: u64, unpacked: u64| {
        move |manifest: &mut Value| {
            manifest["entries"][0]["size"] = stored.into();
            manifest["entries"][0]["unpacked"]["size"] = unpacked.into();
        }
    };
    check(sizes(10 << 20, 32 << 20), Ok(()));
    check(sizes(10 << 20, (32 << 20) + 1), Err(codes::LIMIT_COMPONENT));
    check(sizes(10 << 10, 20 << 20), Err(codes::LIMIT_UNPACKED));
    check(|manifest| manifest["entries"][2]["size"] = (65u64 << 20).into(), Err(codes::LIMIT_FILE));
    check(|manifest| manifest["entries"][2]["size"] = u64::MAX.into(), Err(codes::LIMIT_FILE));
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("x/{n:05}")).collect();
        ["component.wasm.zst", "tools.json.zst"].into_iter().map(ToOwned::to_owned).chain(names).collect::<Vec<_>>()
    };
    let entries = |count| many(count).iter().map(|path| entry(path)).collect::<Vec<Value>>();
    check(|manifest| manifest["entries"] = entries(1022).into(), Ok(()));
    check(|manifest| manifest["entries"] = entries(1023).into(), Err(codes::LIMIT_ENTRIES));
    check_text(&format!("{}{}", good(), " ".repeat(1 << 20)), Err(codes::LIMIT_MANIFEST));
}

#[test]
fn compressed_entries_say_what_is_inside_and_others_do_not() {
    check(|m| drop(m["entries"][0].as_object_mut().unwrap().remove("unpacked")), Err(codes::MANIFEST_INVALID));
    let unpacked = good()["entries"][0]["unpacked"].clone();
    check(|m| m["entries"][2]["unpacked"] = unpacked, Err(codes::MANIFEST_INVALID));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused_or_reads_as_it_is_written(at in 0usize..2000, to in any::<u8>()) {
        let mut text = good().to_string().into_bytes();
        let at = at % text.len();
        text[at] = to;
        if let Ok(manifest) = read(&text) {
            prop_assert_eq!(read(&write(&manifest).unwrap()).unwrap(), manifest);
        }
    }
}
