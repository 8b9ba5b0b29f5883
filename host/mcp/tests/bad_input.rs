//! What no client should send, and clients that go away at each moment: an error as the protocol says, and the session goes on or ends;
//! it never hangs, and leaves no tool running (MCP-20 to MCP-24).

#![cfg(unix)]

mod support;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::{Session, initialized, modern};

const LINE_BYTES_MAX: usize = 16 << 20;

/// Says a line, and something good after it, which is answered whatever the line was.
fn say_and_go_on(session: &mut Session, line: &[u8]) {
    session.say_bytes(line);
    session.say(r#"{"jsonrpc":"2.0","id":"after","method":"ping"}"#);
}

fn is_after(message: &Json) -> bool {
    message["id"] == "after" && message.get("result").is_some()
}

/// The answer to a line, which may come before or after that to what follows it.
fn answer(session: &mut Session, line: &[u8]) -> Json {
    say_and_go_on(session, line);
    let [first, second] = [session.hear(), session.hear()];
    let (after, answer) = if is_after(&first) { (first, second) } else { (second, first) };
    assert!(is_after(&after), "{after}");
    answer
}

#[track_caller]
fn check(line: impl AsRef<[u8]>, expected: Option<i64>) {
    let (mut session, line) = (initialized(), line.as_ref());
    let shown = String::from_utf8_lossy(&line[..line.len().min(200)]);
    if let Some(expected) = expected {
        let answer = answer(&mut session, line);
        assert_eq!(answer["error"]["code"].as_i64().unwrap_or_default(), expected, "{shown}: {answer}");
    } else {
        // Nothing but what follows the line is answered.
        say_and_go_on(&mut session, line);
        let after = session.hear();
        assert!(is_after(&after), "{shown}: {after}");
    }
    assert_eq!(session.end(), Vec::<Json>::new(), "{shown}");
}

const PARSE: Option<i64> = Some(-32700);
const INVALID: Option<i64> = Some(-32600);
const PARAMETERS: Option<i64> = Some(-32602);
const GOOD: Option<i64> = Some(0);

#[test]
fn bytes_that_are_no_json() {
    for line in [&b"\0"[..], b"{", b"}", b"{\"a\":1,}", b"{}{}", b"nul", b"\"", b"\xef\xbb\xbf{}", b"'a'", b"01"] {
        check(line, PARSE);
    }
    // Not UTF-8: alone, cut in a character, a surrogate, longer than needed; and a lone surrogate as an escape.
    for text in [&b"\xff"[..], b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf", b"\\ud800"] {
        check([br#"{"jsonrpc":"2.0","id":1,"method":""#, text, b"\"}"].concat(), PARSE);
    }
}

#[test]
fn json_that_is_no_message() {
    for line in ["[]", "1", "null", "\"ping\"", "true", "{}", r#"{"id":1,"method":"ping"}"#] {
        check(line, INVALID);
    }
    for member in [r#""method":1"#, r#""method":null,"result":1,"method":"ping""#, r#""jsonrpc":2"#] {
        check(format!(r#"{{"jsonrpc":"2.0","id":1,{member}}}"#), INVALID);
    }
    // A batch has no place in any of the revisions that are served.
    check(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, INVALID);
    // Answers that nobody waits for.
    check(r#"{"jsonrpc":"2.0","id":77,"result":{}}"#, None);
    check(r#"{"jsonrpc":"2.0","id":77,"error":{"code":1,"message":"no"}}"#, None);
    check(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}"#, None);
    check(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}"#, None);
    check(r#"{"jsonrpc":"2.0","method":"notifications/unknown","params":{"a":[]}}"#, None);
}

#[test]
fn members_and_ids_that_come_twice() {
    for members in [
        r#""id":1,"method":"ping","method":"ping""#,
        r#""id":1,"\u0069d":1,"method":"ping""#,
        r#""id":1,"method":"tools/call","params":{"name":"test_echo","name":"test_fail"}"#,
        r#""id":1,"method":"tools/call","params":{"name":"test_echo","arguments":{"a":[{"b":1,"b":2}]}}"#,
        r#""id":1,"method":"ping","params":{"_meta":{},"_meta":{}}"#,
    ] {
        check(format!(r#"{{"jsonrpc":"2.0",{members}}}"#), INVALID);
    }
    let mut session = initialized();
    session.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_wait"}}"#);
    session.until_waiting();
    for method in ["tools/call", "tools/list", "initialize", "no/such"] {
        let params = json!({"name": "test_echo", "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}});
        let again = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let refused = answer(&mut session, again.to_string().as_bytes());
        assert_eq!((&refused["error"]["code"], refused.get("id")), (&json!(-32600), None), "{refused}");
    }
    session.disconnect();
    session.until_cancelled();
}

#[test]
fn unknown_members_are_ignored() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":{"a":[null]},"":0}"#, GOOD);
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"extra":1,"_meta":{"x/y":{}}}}"#, GOOD);
    check(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_echo","extra":[]}}"#, GOOD);
}

#[test]
fn parameters_that_do_not_fit() {
    for params in [
        "null",
        "1",
        "[]",
        "{}",
        r#"{"name":1}"#,
        r#"{"name":"test_echo","arguments":[]}"#,
        r#"{"name":"test_echo","arguments":"{}"}"#,
        r#"{"name":"test_echo","_meta":[]}"#,
        r#"{"name":""}"#,
    ] {
        check(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#), PARAMETERS);
    }
}

#[test]
fn numbers_of_any_size() {
    let digits = "9".repeat(400);
    for id in ["18446744073709551616", "-9223372036854775809", "1.5", "true", "[]"] {
        check(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#), INVALID);
    }
    for id in ["9223372036854775807", "1e3"] {
        check(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#), GOOD);
    }
    // Beyond what a double can be.
    for number in [digits.as_str(), "1e400", "-1e99999"] {
        check(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"n":{number}}}}}"#), PARSE);
    }
    // Within it a tool gets the digits that were written.
    let arguments = format!(r#"{{"n":{},"small":1e-400,"zero":-0}}"#, "9".repeat(300));
    let mut session = initialized();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_echo","arguments":"#;
    answer(&mut session, format!("{call}{arguments}}}}}").as_bytes());
    assert_eq!(session.seen_arguments(), arguments);
}

#[test]
fn nesting_of_any_depth() {
    // Two objects are around it.
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{open}{close}}}}}"#)
    };
    check(nested(64), GOOD);
    check(nested(65), INVALID);
    check(nested(1 << 20), INVALID);
    check("[".repeat(LINE_BYTES_MAX), INVALID);
    check(r#"{"a":"#.repeat(1 << 20), INVALID);
}

/// MCP-21: to the byte.
#[test]
fn lines_as_long_as_may_be_and_longer() {
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let padded = |length: usize| [&ping[..], &b" ".repeat(length - ping.len())].concat();
    check(padded(LINE_BYTES_MAX), GOOD);
    check(padded(LINE_BYTES_MAX + 1), INVALID);
    check(padded(3 * LINE_BYTES_MAX), INVALID);
    check(vec![0; LINE_BYTES_MAX], PARSE);
}

/// What a client of each kind says, call by call; the last call waits until it is stopped.
fn scripts() -> [Vec<Json>; 2] {
    let name = |name: &str| json!({"name": name, "arguments": {"text": "Ä€😀"}});
    let opened =
        |id: u64, method: &str, params: Json| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let open =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "€", "version": "1"}});
    let old = vec![
        opened(1, "initialize", open),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        opened(2, "tools/list", json!({})),
        opened(3, "tools/call", name("test_echo")),
        opened(4, "tools/call", name("test_wait")),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4}}),
    ];
    let new = vec![
        modern(1, "server/discover", json!({})),
        modern(2, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}})),
        modern(3, "tools/call", name("test_echo")),
        modern(4, "tools/call", name("test_wait")),
    ];
    [old, new]
}

/// Where a line can be cut: at its ends, and within an escape, a name, a number or a character.
fn cuts(line: &str) -> impl Iterator<Item = usize> {
    let inside_characters = line.char_indices().filter(|(_, c)| c.len_utf8() > 1).map(|(at, _)| at + 1);
    let fixed = [0, 1, line.len() / 3, line.len() / 2, line.len() - 1, line.len(), line.len() + 1];
    fixed.into_iter().chain(inside_characters)
}

/// MCP-24.
#[test]
fn a_client_may_go_away_at_each_moment() {
    for script in scripts() {
        let lines: Vec<String> = script.iter().map(Json::to_string).collect();
        for (number, line) in lines.iter().enumerate() {
            for cut in cuts(line) {
                let mut session = Session::start();
                lines[..number].iter().for_each(|line| session.say(line));
                session.say_unended(&format!("{line}\n").as_bytes()[..cut]);
                let said = session.disconnect();
                // Half a line is no message: what is answered was said whole.
                let whole = number + usize::from(cut > line.len());
                let known: Vec<&Json> = script[..whole].iter().filter_map(|message| message.get("id")).collect();
                for id in said.iter().filter_map(|answer| answer.get("id")) {
                    assert!(known.contains(&id), "line {number} cut at {cut}: {said:?}");
                }
                assert!(session.all_cancelled() <= 1);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Bytes of good messages changed, removed and repeated: the session answers what follows.
    #[test]
    fn whatever_was_said_what_follows_is_answered(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..24),
    ) {
        let mut session = initialized();
        let lines: Vec<String> = scripts().concat().iter().skip(1).map(Json::to_string).collect();
        for (line, at, byte, edit) in &edits {
            let mut line = line.get(&lines).clone().into_bytes();
            let at = at.index(line.len());
            match edit {
                0 => line[at] = *byte,
                1 => drop(line.remove(at)),
                2 => line.truncate(at),
                _ => line.extend_from_within(at..),
            }
            session.say_bytes(&line);
        }
        session.say(r#"{"jsonrpc":"2.0","id":"after","method":"ping"}"#);
        while session.hear()["id"] != "after" {}
        session.disconnect();
        session.all_cancelled();
    }
}
