//! Sessions as a client has them: lines in, lines out, on the real streams of a process (rules MCP-13 to MCP-24). The tools behind them are
//! made up, so that each case says what it is about.

#![cfg(unix)]

mod support;

use mpp_mcp::Mode;
use serde_json::{Value as Json, json};
use support::{Session, initialized, modern};

fn result(answer: &Json) -> &Json {
    assert!(answer.get("error").is_none(), "{answer}");
    &answer["result"]
}

#[track_caller]
fn check_error(answer: &Json, code: i64, id: Json) {
    assert_eq!(answer["error"]["code"], json!(code), "{answer}");
    assert_eq!(answer.get("id").cloned().unwrap_or_default(), id, "{answer}");
}

#[test]
fn an_old_client_lists_and_calls() {
    let mut session = Session::start();
    let opened = session.ask(&json!({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}));
    assert_eq!(result(&opened)["protocolVersion"], "2025-06-18");
    assert_eq!(result(&opened)["serverInfo"]["name"], "mpp");
    assert_eq!(result(&opened)["capabilities"], json!({"tools": {"listChanged": true}}));
    session.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let listed = session.ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    let names: Vec<_> = result(&listed)["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["test_echo", "test_fail", "test_steps", "test_wait"]);
    assert_eq!(result(&listed)["tools"][0]["annotations"]["readOnlyHint"], true);
    let called = session.call(3, "test_echo", &json!({"text": "hi"}));
    assert_eq!(result(&called)["content"], json!([{"type": "text", "text": "{\"text\":\"hi\"}"}]));
    assert_eq!(result(&called)["_meta"]["dev.mpp/package"]["name"], "acme:test");
    assert!(result(&called).get("resultType").is_none());
    assert!(session.end().is_empty());
}

#[test]
fn a_new_client_needs_no_opening() {
    let mut session = Session::start();
    let found = session.ask(&modern(1, "server/discover", json!({})));
    assert!(result(&found)["supportedVersions"].to_string().contains("2026-07-28"), "{found}");
    let listed = session.ask(&modern(2, "tools/list", json!({})));
    assert_eq!(result(&listed)["tools"].as_array().unwrap().len(), 4);
    assert_eq!((&result(&listed)["ttlMs"], &result(&listed)["cacheScope"]), (&json!(0), &json!("private")));
    let called = session.ask(&modern(3, "tools/call", json!({"name": "test_echo", "arguments": {"n": 1}})));
    assert_eq!(result(&called)["structuredContent"], json!({"n": 1}));
    assert_eq!(result(&called)["resultType"], "complete");
}

/// MCP-26.
#[test]
fn two_tools_stand_for_all() {
    let mut session = Session::start_as(Mode::Search);
    let listed = session.ask(&modern(1, "tools/list", json!({})));
    let names: Vec<_> = result(&listed)["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["call", "find"]);
    let found = session.ask(&modern(2, "tools/call", json!({"name": "find", "arguments": {"query": "echo"}})));
    let found = &result(&found)["structuredContent"]["tools"];
    assert_eq!((&found[0]["name"], &found[0]["inputSchema"]["type"]), (&json!("test_echo"), &json!("object")));
    let words = json!({"name": "test_echo", "arguments": {"n": 1}});
    let called = session.ask(&modern(3, "tools/call", json!({"name": "call", "arguments": words})));
    assert_eq!(result(&called)["structuredContent"], json!({"n": 1}));
    let words = json!({"name": "test_none", "arguments": {}});
    check_error(&session.ask(&modern(4, "tools/call", json!({"name": "call", "arguments": words}))), -32602, json!(4));
    check_error(&session.ask(&modern(5, "tools/call", json!({"name": "find", "arguments": {}}))), -32602, json!(5));
}

#[test]
fn versions_and_metadata_are_checked() {
    let mut session = Session::start();
    let mut wrong = modern(1, "tools/list", json!({}));
    wrong["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2031-01-01");
    let answer = session.ask(&wrong);
    check_error(&answer, -32022, json!(1));
    assert!(answer["error"]["data"]["supported"].to_string().contains("2026-07-28"));
    check_error(&session.ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})), -32602, json!(2));
}

#[test]
fn what_is_not_offered_is_unknown() {
    let mut session = initialized();
    for (id, method) in ["prompts/list", "resources/list", "resources/templates/list", "no/such"].iter().enumerate() {
        check_error(&session.ask(&json!({"jsonrpc": "2.0", "id": id, "method": method})), -32601, json!(id));
    }
    check_error(&session.call(7, "test_none", &json!({})), -32602, json!(7));
    check_error(
        &session.ask(&json!({"jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": {}})),
        -32602,
        json!(8),
    );
    check_error(&session.call(9, "test_echo", &json!([1])), -32602, json!(9));
}

#[test]
fn failures_are_for_the_model() {
    let mut session = initialized();
    let failed = session.call(1, "test_fail", &json!({}));
    assert_eq!(result(&failed)["isError"], true);
    assert_eq!(result(&failed)["content"][0]["text"], "grant.missing: not granted\nhelp: mpp grant acme:test --all");
}

#[test]
fn bad_lines_are_answered_and_the_session_goes_on() {
    let mut session = initialized();
    let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    for (line, code) in [
        (&b"nonsense"[..], -32700),
        (b"{\"id\":1", -32700),
        (b"\xff\xfe", -32700),
        (b"[]", -32600),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32600),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        (br#"{"jsonrpc":"2.0","id":99999999999999999999999,"method":"ping"}"#, -32600),
        (deep.as_bytes(), -32600),
    ] {
        session.say_bytes(line);
        check_error(&session.hear(), code, Json::Null);
    }
    session.say(r#"{"jsonrpc":"1.0","id":5,"method":"ping"}"#);
    check_error(&session.hear(), -32600, json!(5));
    session.say(r#"{"jsonrpc":"2.0","id":6,"method":"ping","unknown":[{}]}"#);
    assert_eq!(session.hear(), json!({"jsonrpc": "2.0", "id": 6, "result": {}}));
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let mut session = initialized();
    let mut line = vec![b' '; (16 << 20) + 1];
    line[0] = b'{';
    session.say_bytes(&line);
    check_error(&session.hear(), -32600, Json::Null);
    let text = "x".repeat(1 << 20);
    let called = session.call(1, "test_echo", &json!({"text": text}));
    assert_eq!(result(&called)["structuredContent"]["text"], json!(text));
}

#[test]
fn arguments_arrive_as_they_were_written() {
    let mut session = initialized();
    let arguments = r#"{"n":123456789012345678901234567890,"f":0.10}"#;
    session.say(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"test_echo","arguments":{arguments}}}}}"#
    ));
    session.hear();
    assert_eq!(session.seen_arguments(), arguments);
}

#[test]
fn an_id_in_use_is_refused() {
    let mut session = initialized();
    let wait = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "test_wait"}});
    session.say(&wait.to_string());
    session.until_waiting();
    check_error(&session.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})), -32600, Json::Null);
    assert_eq!(session.ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}))["id"], 2);
    session.release();
    assert_eq!(session.hear()["id"], 1);
    // It is free again.
    assert_eq!(session.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}))["id"], 1);
}

#[test]
fn calls_do_not_wait_for_each_other() {
    let mut session = initialized();
    for id in 0..100 {
        session.say(
            &json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "test_wait"}}).to_string(),
        );
    }
    (0..100).for_each(|_| session.until_waiting());
    let called = session.call(100, "test_echo", &json!({}));
    assert_eq!(called["id"], 100);
    (0..100).for_each(|_| session.release());
    let mut ids: Vec<_> = (0..100).map(|_| session.hear()["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..100).collect::<Vec<_>>());
}

#[test]
fn cancelling_reaches_the_tool_and_silences_it() {
    let mut session = initialized();
    let wait = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "test_wait"}});
    session.say(&wait.to_string());
    session.until_waiting();
    session.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    session.until_cancelled();
    assert_eq!(session.ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}))["id"], 2);
    assert!(session.end().is_empty());
}

#[test]
fn progress_goes_forward_and_comes_before_the_answer() {
    let mut session = initialized();
    session.say(
        &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "test_steps", "_meta": {"progressToken": "p"}}})
        .to_string(),
    );
    let heard: Vec<Json> = (0..3).map(|_| session.hear()).collect();
    let step = |done: f64| json!({"progressToken": "p", "progress": done, "total": 2.0, "message": "step"});
    assert_eq!((&heard[0]["params"], &heard[1]["params"]), (&step(1.0), &step(2.0)));
    assert_eq!(heard[2]["id"], 1);
    // Without a token there is none.
    assert_eq!(session.call(2, "test_steps", &json!({}))["id"], 2);
}

#[test]
fn both_kinds_of_client_hear_of_changes() {
    let mut session = initialized();
    session.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    session.change();
    assert_eq!(session.hear(), json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));

    let mut session = Session::start();
    session.say(&modern(7, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}})).to_string());
    assert_eq!(session.hear()["method"], "notifications/subscriptions/acknowledged");
    session.ask(&modern(8, "tools/list", json!({})));
    session.change();
    let changed = session.hear();
    assert_eq!(changed["method"], "notifications/tools/list_changed");
    assert_eq!(changed["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7);
}

#[test]
fn the_end_of_the_input_ends_everything() {
    // Before anything, after half a line, and with a call and a subscription open.
    assert!(Session::start().end().is_empty());
    let mut session = Session::start();
    session.say_unended(br#"{"jsonrpc":"2.0","#);
    assert!(session.end().is_empty());
    let mut session = initialized();
    session
        .say(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "test_wait"}}).to_string());
    session.until_waiting();
    session.end();
    let mut session = Session::start();
    session.say(&modern(1, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}})).to_string());
    session.hear();
    session.end();
}

#[test]
fn a_client_that_stops_reading_is_no_harm() {
    let mut session = initialized();
    session.stop_reading();
    // More than a pipe holds.
    let arguments = json!({"text": "x".repeat(10_000)});
    for id in 0..100 {
        let params = json!({"name": "test_echo", "arguments": arguments});
        session.say(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string());
    }
    session.end_unread();
}
