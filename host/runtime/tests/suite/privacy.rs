//! The privacy filter where data leaves a call: results, errors, output, requests (PRIV-50 and following).

use crate::support::servers::{Server, hello, respond};
use crate::support::{base, ending_under, guests, host, outcome, packages, result, small_limits};
use mpp_host::{
    Ending, Host, HostOptions, LoadedPackage, Privacy, Progress, Providers, SecretValue, Secrets, SecretsError, Step,
    Terms, Tokens,
};
use mpp_kv::MemoryStore;
use mpp_policy::{Allowance, Grants, Origin};
use mpp_privacy::{Direction, Filter, FilterBuilder, Kind, Mode, Modes, Sealer};
use mpp_schema::{ByteSize, Ident, PackageName, codes};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

const CARD: &str = "4242 4242 4242 4242";

fn host_with(privacy: Privacy) -> Host {
    let options = HostOptions { limits: small_limits(), privacy: Arc::new(privacy), ..HostOptions::default() };
    Host::new(options).expect("a host starts")
}

#[test]
fn texts_and_values_of_a_result_are_masked_alike() {
    // PRIV-50
    assert_eq!(
        result(base(), "echo-text", json!({ "text": format!("pay with {CARD}") })),
        json!({ "result": "pay with [CARD#1]" })
    );
    let item = json!({ "name": "to ada@example.org", "count": 4, "price": 4_242_424_242_424_242.0, "paid": true });
    let masked = json!({ "name": "to [EMAIL#1]", "count": 4, "price": 0.0, "paid": true });
    let outcome = outcome(base(), "echo-item", json!({ "item": item }));
    assert_eq!(outcome.ending, Ending::Returned(Some(masked)));
    let found = outcome.found;
    assert_eq!((found.masked.of(Kind::Email), found.masked.of(Kind::Card), found.masked.total()), (1, 1, 2));
    assert!(base().call(&Terms::default(), "nothing", "{}").expect("starts").found.is_empty());
}

/// The guest gives back what it was given, and nothing but arguments is filtered.
#[test]
fn arguments_are_masked_before_the_guest_sees_them_where_the_policy_says_so() {
    let echoed = |modes: Modes| {
        let package = packages::load(&host_with(Privacy { modes, ..Privacy::default() }), guests::base());
        outcome(&package, "echo-text", json!({ "text": format!("pay with {CARD}") })).ending
    };
    let mut modes = Modes::off();
    assert_eq!(echoed(modes.clone()), Ending::Returned(Some(json!({ "result": format!("pay with {CARD}") }))));
    modes.set_direction(Direction::Arguments, Mode::Mask);
    assert_eq!(echoed(modes.clone()), Ending::Returned(Some(json!({ "result": "pay with [CARD#1]" }))));
    modes.set_direction(Direction::Arguments, Mode::Block);
    let ending = echoed(modes);
    assert!(matches!(ending, Ending::Limited { code, .. } if code == codes::PII_BLOCKED), "{ending:?}");
}

#[test]
fn errors_and_traps_are_masked() {
    // PRIV-51
    let ending = outcome(base(), "fail", json!({ "reason": "no mail to ada@example.org" })).ending;
    assert_eq!(ending, Ending::ToolError(json!("no mail to [EMAIL#1]")));
    let outcome = outcome(base(), "panic", json!({ "message": "no mail to ada@example.org" }));
    assert_eq!(outcome.ending.code(), Some(codes::TOOL_TRAP));
    let stderr = String::from_utf8(outcome.log.stderr).expect("text");
    assert!(stderr.contains("[EMAIL#1]") && !stderr.contains("ada@"), "{stderr}");
}

#[test]
fn what_is_blocked_ends_the_call_and_what_is_off_passes() {
    // PRIV-20, PRIV-40
    let mut modes = Modes::default();
    modes.set(Direction::Result, Kind::Card, Mode::Block);
    modes.set(Direction::Result, Kind::Email, Mode::Off);
    modes.set(Direction::Result, Kind::Ip, Mode::Report);
    let package = packages::load(&host_with(Privacy { modes, ..Privacy::default() }), guests::base());
    let outcome = outcome(&package, "echo-text", json!({ "text": CARD }));
    assert!(
        matches!(outcome.ending, Ending::Limited { code, .. } if code == codes::PII_BLOCKED),
        "{:?}",
        outcome.ending
    );
    assert_eq!(outcome.found.blocked, 1);
    let text = json!({ "text": "ada@example.org 192.0.2.44" });
    let outcome = crate::support::outcome(&package, "echo-text", text);
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": "ada@example.org 192.0.2.44" }))));
    assert_eq!((outcome.found.reported.total(), outcome.found.masked.total()), (1, 0));
}

#[test]
fn a_token_is_turned_back_only_for_a_package_that_may_have_the_value() {
    // PRIV-31, PRIV-57
    let tokens = |packages: &[&str]| Tokens {
        sealer: Sealer::new(&[7; 64], b"home"),
        opened_for: packages.iter().map(|name| (name.parse().expect("a name"), [Kind::Email].into())).collect(),
    };
    let mut modes = Modes::default();
    modes.set(Direction::Result, Kind::Ip, Mode::Off);
    let load = |packages: &[&str]| {
        let privacy = Privacy { tokens: Some(tokens(packages)), modes: modes.clone(), ..Privacy::default() };
        packages::load(&host_with(privacy), guests::base())
    };
    let token = |package: &LoadedPackage, text: &str| {
        let result = result(package, "echo-text", json!({ "text": text }));
        result["result"].as_str().expect("a text").to_owned()
    };
    let sealed = token(&load(&[]), "ada@example.org");
    assert!(sealed.starts_with("[EMAIL~"), "{sealed}");
    // It fails with the value that it was given; errors get numbers, so the value was there.
    let fail = |package: &LoadedPackage| outcome(package, "fail", json!({ "reason": sealed }));
    assert_eq!(fail(&load(&["guest:base"])).ending, Ending::ToolError(json!("[EMAIL#1]")));
    assert!(fail(&load(&["guest:base"])).found.opened);
    assert_eq!(fail(&load(&["guest:other"])).ending, Ending::ToolError(json!(sealed)));
}

fn posting(server: &Server, privacy: Privacy) -> (LoadedPackage, Terms) {
    let asked = json!({ "http": [{ "origin": server.origin(), "methods": ["GET", "POST"] }] });
    let package = packages::load_asking(&host_with(privacy), guests::http(), asked.clone());
    let origin = Origin::parse(&server.origin()).expect("an origin");
    let allowance = Allowance { http: [origin].into_iter().collect(), ..Allowance::default() };
    (package, Terms::granted(Grants::cut(&serde_json::from_value(asked).expect("permissions"), &allowance)))
}

#[test]
fn address_headers_and_body_of_a_request_are_masked() {
    // PRIV-54, PRIV-55, PRIV-56
    let server = Server::plain(hello);
    let (package, terms) = posting(&server, Privacy::default());
    let call = |tool: &str, arguments: Json| {
        let ending = ending_under(&terms, &package, tool, arguments);
        assert!(matches!(ending, Ending::Returned(_)), "{ending:?}");
        server.asked().pop().expect("it was asked")
    };
    let authority = server.authority();
    let asked = call(
        "post",
        json!({ "authority": authority, "path": "/to/ada@example.org?card=4242424242424242", "text": format!("{} {CARD} end", "word ".repeat(20_000)) }),
    );
    assert!(asked.head.starts_with("POST /to/%5BEMAIL%231%5D?card=%5BCARD%231%5D HTTP/1.1"), "{}", asked.head);
    let body = String::from_utf8(asked.body).expect("text");
    assert!(body.ends_with("word  [CARD#1] end") && body.len() > 100_000, "{}", &body[body.len() - 40..]);
    let text = format!("pay with {CARD} today");
    let asked = call("post-with-length", json!({ "authority": authority, "path": "/", "text": text }));
    assert!(asked.head.contains("content-length: 23\r\n"), "{}", asked.head);
    assert_eq!(String::from_utf8(asked.body).expect("text"), "pay with [CARD#1] today");
    let asked = call("with-header", json!({ "authority": authority, "name": "x-for", "value": "ada@example.org" }));
    assert!(asked.head.contains("x-for: [EMAIL#1]"), "{}", asked.head);
}

struct Horse;

impl Secrets for Horse {
    fn secret(&self, _: &PackageName, _: &Ident) -> Result<Option<SecretValue>, SecretsError> {
        Ok(Some(SecretValue::new("correct horse".to_owned())))
    }
}

#[test]
fn a_secret_that_a_server_sends_back_does_not_reach_the_caller() {
    // PRIV-6, PRIV-53
    let server = Server::plain(|asked, wire| {
        assert!(asked.head.contains("x-key: correct horse"), "{}", asked.head);
        respond(wire, "200 OK", "", "you said correct horse, that is Y29ycmVjdCBob3JzZQ==")
    });
    let asked = json!({
        "http": [{ "origin": server.origin(), "methods": ["GET"] }],
        "secrets": { "key": { "origin": server.origin(), "header": "x-key", "format": "{}" } },
    });
    let providers = Providers { secrets: Arc::new(Horse), ..Providers::default() };
    let host = Host::new(HostOptions { providers, ..HostOptions::default() }).expect("a host starts");
    let package = packages::load_asking(&host, guests::http(), asked.clone());
    let origin = Origin::parse(&server.origin()).expect("an origin");
    let secrets = ["key".parse().expect("a name")].into();
    let allowance = Allowance { http: [origin].into_iter().collect(), secrets, ..Allowance::default() };
    let terms = Terms::granted(Grants::cut(&serde_json::from_value(asked).expect("permissions"), &allowance));
    let get = json!({ "scheme": "http", "authority": server.authority(), "path": "/" });
    let Ending::Returned(Some(answer)) = ending_under(&terms, &package, "get", get) else { panic!("no answer") };
    assert_eq!(answer["body"], json!("you said [SECRET#1], that is [SECRET#1]"));
    // Another package of this host does not give it away either.
    let other = packages::load(&host, guests::base());
    assert_eq!(result(&other, "echo-text", json!({ "text": "correct horse" })), json!({ "result": "[SECRET#1]" }));
}

#[test]
fn what_is_kept_is_masked_when_the_policy_wants_that() {
    // PRIV-58
    let mut modes = Modes::default();
    modes.set_direction(Direction::Storage, Mode::Mask);
    modes.set_direction(Direction::Result, Mode::Off);
    let providers = Providers { kv: Arc::new(MemoryStore::default()), ..Providers::default() };
    let privacy = Arc::new(Privacy { modes, ..Privacy::default() });
    let host = Host::new(HostOptions { providers, privacy, ..HostOptions::default() }).expect("a host starts");
    let asked = json!({ "kv": { "quota": "1MiB" } });
    let package = packages::load_asking(&host, guests::kv(), asked.clone());
    let allowance = Allowance { kv: Some(ByteSize(1 << 20)), ..Allowance::default() };
    let terms = Terms::granted(Grants::cut(&serde_json::from_value(asked).expect("permissions"), &allowance));
    let call = |tool: &str, arguments: Json| package.call(&terms, tool, &arguments.to_string()).expect("starts");
    call("put", json!({ "key": "who", "value": "ada@example.org" }));
    assert_eq!(call("get", json!({ "key": "who" })).ending, Ending::Returned(Some(json!({ "result": "[EMAIL#1]" }))));
    let refused = call("put", json!({ "key": "ada@example.org", "value": "1" }));
    assert!(refused.refusals.contains(codes::PII_BLOCKED), "{refused:?}");
    assert_eq!(
        call("get", json!({ "key": "ada@example.org" })).ending,
        Ending::Returned(Some(json!({ "result": null })))
    );
}

struct Seen(Mutex<Vec<String>>);

impl Progress for Seen {
    fn report(&self, step: &Step) {
        self.0.lock().expect("nobody panics").push(step.message.clone());
    }
}

#[test]
fn progress_log_and_output_are_masked_and_a_blocked_line_is_left_out() {
    // PRIV-52
    let check = |modes: Modes, shown: &str, line: Option<&str>| {
        let host = host_with(Privacy { modes, ..Privacy::default() });
        let asked =
            json!({ "logging": {}, "progress": {}, "config": ["unit"], "clock": {}, "tools": { "guest:base": {} } });
        let package = packages::load_asking(&host, guests::small(), asked.clone());
        let allowance = Allowance { logging: true, progress: true, ..Allowance::default() };
        let grants = Grants::cut(&serde_json::from_value(asked).expect("permissions"), &allowance);
        let seen = Arc::new(Seen(Mutex::default()));
        let terms = Terms { progress: Some(seen.clone()), ..Terms::granted(grants) };
        let call = |tool: &str, arguments: Json| package.call(&terms, tool, &arguments.to_string()).expect("starts");
        let worked = call("work-in-steps", json!({ "steps": 0, "text": "asking ada@example.org" }));
        assert_eq!(seen.0.lock().expect("nobody panics").last().map(String::as_str), Some(shown));
        let logged = call("log-levels", json!({ "message": "asked ada@example.org" }));
        assert_eq!(logged.log.records.first().map(|record| &*record.message), line);
        let blocked = line.is_none();
        assert_eq!(
            (worked.refusals.contains(codes::PII_BLOCKED), logged.refusals.contains(codes::PII_BLOCKED)),
            (blocked, blocked)
        );
        assert!(matches!(logged.ending, Ending::Returned(None)), "{:?}", logged.ending);
    };
    check(Modes::default(), "asking [EMAIL#1]", Some("asked [EMAIL#1]"));
    let mut strict = Modes::all(Mode::Block);
    strict.set_direction(Direction::Arguments, Mode::Off);
    check(strict, "", None);
}

/// PRIV-52: what a guest writes to stdout and stderr, whose rows only a pattern of the user knows.
#[test]
fn stdout_and_stderr_are_masked_or_left_out() {
    let check = |mode: Mode, line: &str, masked: u64, is_blocked: bool| {
        let mut modes = Modes::off();
        modes.set_direction(Direction::Output, mode);
        let filter = Filter::builder().pattern("ROW", r"\bx{63}\b").and_then(FilterBuilder::build).expect("a filter");
        let host = host_with(Privacy { filter, modes, tokens: None });
        let package = packages::load(&host, guests::base());
        for to_stderr in [false, true] {
            let written = outcome(&package, "write", json!({ "bytes": "128", "to-stderr": to_stderr }));
            let (said, other) = match to_stderr {
                true => (written.log.stderr_lines(), written.log.stdout),
                false => (written.log.stdout_lines(), written.log.stderr),
            };
            assert!(said.iter().all(|said| said == line) && other.is_empty(), "{mode:?}: {said:?}");
            assert_eq!(said.is_empty(), is_blocked, "{mode:?}: {said:?}");
            assert_eq!(written.found.masked.of(Kind::Custom), masked, "{mode:?}");
            assert_eq!(written.refusals.contains(codes::PII_BLOCKED), is_blocked, "{mode:?}");
            assert_eq!(written.ending, Ending::Returned(None), "{mode:?}");
        }
    };
    check(Mode::Off, &"x".repeat(63), 0, false);
    check(Mode::Mask, "[ROW#1]", 2, false);
    check(Mode::Block, "", 0, true);
}

#[test]
fn a_manifest_asks_for_stricter_modes_and_never_for_weaker_ones() {
    // PRIV-22, PRIV-24
    let host = host_with(Privacy::default());
    let load = |privacy: Json| packages::try_load_private(&host, guests::base(), privacy);
    let stricter = load(json!({ "result": { "card": "block", "email": "off" } })).expect("it is loaded");
    let call = |text: &str| outcome(&stricter, "echo-text", json!({ "text": text })).ending;
    assert_eq!(call(CARD).code(), Some(codes::PII_BLOCKED));
    assert_eq!(call("ada@example.org"), Ending::Returned(Some(json!({ "result": "[EMAIL#1]" }))));
    for wrong in
        [json!({ "up": { "all": "mask" } }), json!({ "log": { "all": "loud" } }), json!({ "log": { "mail": "mask" } })]
    {
        assert_eq!(load(wrong).map(drop).unwrap_err(), codes::MANIFEST_INVALID);
    }
}

#[test]
fn a_request_that_must_not_leave_is_not_sent() {
    let server = Server::plain(hello);
    let mut modes = Modes::default();
    modes.set(Direction::Http, Kind::Email, Mode::Block);
    let (package, terms) = posting(&server, Privacy { modes, ..Privacy::default() });
    let arguments = json!({ "authority": server.authority(), "path": "/", "text": "to ada@example.org" });
    let outcome = package.call(&terms, "post", &arguments.to_string()).expect("starts");
    assert!(outcome.refusals.contains(codes::PII_BLOCKED), "{outcome:?}");
    assert!(server.asked().iter().all(|asked| !String::from_utf8_lossy(&asked.body).contains("ada")));
}

#[test]
fn a_filter_that_is_put_in_place_later_holds_from_then_on() {
    let package = packages::load(&host_with(Privacy::off()), guests::base());
    assert_eq!(result(&package, "echo-text", json!({ "text": CARD })), json!({ "result": CARD }));
    let own = host_with(Privacy::off());
    let package = packages::load(&own, guests::base());
    own.set_privacy(Arc::default()).expect("it is put in place");
    assert_eq!(result(&package, "echo-text", json!({ "text": CARD })), json!({ "result": "[CARD#1]" }));
    assert!(format!("{:?}", host()).contains("Host"));
}
