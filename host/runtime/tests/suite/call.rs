//! Calls that go well, and calls that the tool itself ends: results, errors, traps, what a tool sees and what it cannot keep.

use crate::support::{base, bytes, ending, guests, outcome, packages, result};
use mpp_host::{Allocation, Ending, Environment, Host, HostOptions, Providers, Terms};
use mpp_policy::{Allowance, Grants};
use mpp_schema::{Coded, codes};
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[track_caller]
fn check(tool: &str, arguments: Json, expected: Json) {
    assert_eq!(result(base(), tool, arguments), expected, "{tool}");
}

#[track_caller]
fn check_refused(tool: &str, arguments: &str, code: mpp_schema::Code, says: &str) {
    let error = base().call(&Terms::default(), tool, arguments).expect_err("not started");
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

fn order() -> Json {
    json!({ "order": {
        "id": "18446744073709551615", "customer": "Zoë",
        "lines": [{ "name": "tea", "count": 2, "price": 3.5 }, { "name": "", "count": 0, "price": -0.25 }],
        "payment": "card", "marks": ["gift", "fragile"],
        "destination": { "tag": "address", "val": "1 High Street" },
        "note": null, "parcels": { "f0": 255, "f1": -32768 }, "checked": { "err": "not yet" },
    } })
}

#[test]
fn every_type_comes_back_as_it_went() {
    let item = json!({ "name": "tea", "count": 2, "price": 3.5, "paid": true });
    check("echo-item", json!({ "item": item }), item);
    check("echo-order", order(), order()["order"].clone());
    let mut other = order();
    other["order"]["destination"] = json!({ "tag": "pickup" });
    other["order"]["note"] = json!("ring twice");
    other["order"]["checked"] = json!({ "ok": 7 });
    other["order"]["marks"] = json!([]);
    check("echo-order", other.clone(), other["order"].clone());
}

#[test]
fn tools_of_interfaces_and_of_the_world_are_called_alike() {
    check("echo-text", json!({ "text": "as it was" }), json!({ "result": "as it was" }));
    check("shout", json!({ "text": "loud" }), json!({ "result": "LOUD" }));
}

#[test]
fn a_tool_without_a_result_returns_nothing() {
    assert_eq!(ending(base(), "nothing", json!({})), Ending::Returned(None));
}

/// By both routes, in every lane of a host, one of which is full.
#[test]
fn every_thread_finds_the_same_tools() {
    let host = Host::new(HostOptions { allocation: Allocation::Pooled { calls: 3 }, ..HostOptions::default() });
    let host = host.expect("a host starts");
    let (texts, bytes) = (packages::load(&host, guests::base()), packages::load(&host, guests::bytes()));
    let base64 = json!({ "data": "AAEC/w==" });
    let work = || {
        assert_eq!(result(&texts, "shout", json!({ "text": "loud" })), json!({ "result": "LOUD" }));
        assert_eq!(result(&bytes, "direct", base64.clone()), json!({ "result": "AAEC/w==" }));
    };
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(|| (0..10).for_each(|_| work())))));
}

#[test]
fn a_tool_may_use_a_hash_map() {
    let counted = json!({ "result": [{ "f0": "a", "f1": 2 }, { "f0": "b", "f1": 1 }] });
    check("count-words", json!({ "text": "a b a" }), counted);
}

#[test]
fn its_own_error_is_not_a_trap() {
    check("fail", json!({}), json!({ "result": "fine" }));
    let failed = ending(base(), "fail", json!({ "reason": "no paper" }));
    assert_eq!(failed.code(), Some(codes::TOOL_ERROR));
    assert_eq!(failed, Ending::ToolError(json!("no paper")));
}

#[test]
fn a_panic_is_a_trap_and_its_message_is_in_the_log() {
    let outcome = outcome(base(), "panic", json!({ "message": "paper jam" }));
    assert_eq!(outcome.ending.code(), Some(codes::TOOL_TRAP));
    assert!(outcome.log.stderr_lines().iter().any(|line| line.contains("paper jam")), "{:?}", outcome.log);
}

#[test]
fn exit_is_a_trap() {
    for failed in [true, false] {
        let ending = ending(base(), "leave", json!({ "failed": failed }));
        let Ending::Trapped { code, message } = ending else { panic!("{ending:?}") };
        assert_eq!((code, message.contains("exit")), (codes::TOOL_TRAP, true), "{message}");
    }
}

#[test]
fn numbers_that_json_does_not_have_travel_by_name() {
    check("not-a-number", json!({}), json!({ "result": "NaN" }));
}

#[test]
fn a_tool_sees_no_environment_no_arguments_and_no_input() {
    check("look-around", json!({}), json!({ "environment": [], "arguments": [], "input": "" }));
}

#[test]
fn clocks_are_coarse() {
    let times = result(base(), "clocks", json!({}));
    let times = &times["result"];
    assert_eq!((&times["f1"], &times["f2"]), (&json!(0), &json!(0)));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let seen: u128 = times["f0"].as_str().expect("a decimal string").parse().expect("a number");
    assert!(seen <= now && now - seen < 600_000, "{seen} is not about {now}");
}

#[test]
fn output_is_kept_in_the_log() {
    let outcome = outcome(base(), "write", json!({ "bytes": "128", "to-stderr": false }));
    assert_eq!(outcome.ending, Ending::Returned(None));
    assert_eq!(outcome.log.stdout_lines(), ["x".repeat(63), "x".repeat(63)]);
    assert_eq!(outcome.log.stderr, b"");
}

#[test]
fn nothing_is_remembered_between_calls() {
    for _ in 0..2 {
        check("remember", json!({ "add": 5 }), json!({ "result": 5 }));
    }
}

#[test]
fn what_cannot_be_called_is_not_started() {
    check_refused("missing", "{}", codes::TOOL_UNKNOWN, "`missing`");
    check_refused("echo-text", "{}", codes::TOOL_ARGUMENTS, "text");
    check_refused("echo-text", r#"{"text": 7}"#, codes::TOOL_ARGUMENTS, "text");
    check_refused("echo-text", r#"{"text": "a", "text": "b"}"#, codes::TOOL_ARGUMENTS, "text");
    check_refused("echo-text", "not json", codes::TOOL_ARGUMENTS, "");
}

#[test]
fn typed_values_need_no_json() {
    use mpp_wit::value::Value;
    let text = Value::String("typed".to_owned());
    let outcome = base().call_values(&Terms::default(), "echo-text", vec![text.clone()]).expect("it starts");
    assert_eq!(outcome.ended, Ok(Some(text)));
    for wrong in [vec![], vec![Value::Bool(true)]] {
        let error = base().call_values(&Terms::default(), "echo-text", wrong).expect_err("not started");
        assert_eq!(error.code(), codes::TOOL_ARGUMENTS);
    }
}

#[test]
fn bytes_travel_in_every_place() {
    let data = "AAEC/w==";
    let file = json!({ "name": "a.bin", "data": data });
    for (tool, arguments, expected) in [
        ("direct", json!({ "data": data }), json!({ "result": data })),
        ("direct", json!({ "data": "" }), json!({ "result": "" })),
        ("optional", json!({ "data": data }), json!({ "result": data })),
        ("optional", json!({}), json!({ "result": null })),
        ("checked", json!({ "data": data }), json!({ "result": data })),
        ("nested", json!({ "files": [file, file] }), json!({ "result": [file, file] })),
        ("in-record", json!({ "file": file }), file.clone()),
        ("plain", json!({ "text": "no bytes" }), json!({ "result": "no bytes" })),
        ("count", json!({ "data": data }), json!({ "result": 4 })),
    ] {
        assert_eq!(result(bytes(), tool, arguments), expected, "{tool}");
    }
    assert_eq!(ending(bytes(), "checked", json!({ "data": "" })), Ending::ToolError(json!("no bytes")));
    assert_eq!(ending(bytes(), "panic", json!({ "data": data })).code(), Some(codes::TOOL_TRAP));
}

#[test]
fn two_threads_call_at_one_time() {
    let work = |text: &'static str| {
        for _ in 0..50 {
            assert_eq!(result(base(), "echo-text", json!({ "text": text })), json!({ "result": text }));
            let failed = ending(base(), "panic", json!({ "message": text }));
            assert_eq!(failed.code(), Some(codes::TOOL_TRAP));
        }
    };
    std::thread::scope(|scope| {
        let threads = ["one", "two"].map(|text| scope.spawn(move || work(text)));
        threads.into_iter().for_each(|thread| thread.join().expect("no thread fails"));
    });
}

#[test]
fn a_tool_sees_the_variables_that_were_granted_and_no_others() {
    struct Variables;
    impl Environment for Variables {
        fn variable(&self, name: &str) -> Option<String> {
            (name != "EMPTY").then(|| format!("value of {name}"))
        }
    }
    let providers = Providers { environment: Arc::new(Variables), ..Providers::default() };
    let host = Host::new(HostOptions { providers, ..HostOptions::default() }).expect("a host starts");
    let package = packages::load_asking(&host, guests::base(), json!({ "env": ["LANG", "HOME", "EMPTY"] }));
    let sees = |allowed: &[&str]| {
        let env = allowed.iter().map(|name| (*name).to_owned()).collect();
        let grants = Grants::cut(&package.manifest().permissions, &Allowance { env, ..Allowance::default() });
        let outcome = package.call(&Terms::granted(grants), "look-around", "{}").expect("it starts");
        match outcome.ending {
            Ending::Returned(Some(seen)) => seen["environment"].clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(sees(&["LANG", "EMPTY", "PATH"]), json!([{ "f0": "LANG", "f1": "value of LANG" }]));
    assert_eq!(sees(&[]), json!([]));
}
