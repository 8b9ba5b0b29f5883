//! Chapter `consent`, agents: requests for one call, and delegations that only narrow.
//!
//! Envelopes and payloads are put together by hand from `spec/consent.md`.

use super::{
    case::Case,
    consent_cases::{envelope, message_id, message_key, sha},
    keys::TestKey,
};
use serde_json::json;

const VERIFY: &str = "agent.verify";
const TWIN: &str = "consent/agent";
const TWIN_HANDED_ON: &str = "consent/agent-handed-on";
const CALL_TYPE: &str = "application/vnd.mpp.agent-call.v1+json";
const LINK_TYPE: &str = "application/vnd.mpp.delegation.v1+json";
const HOST: &str = "01010101010101010101010101010101";
const OTHER: &str = "09090909090909090909090909090909";
const NONCE: &str = "05050505050505050505050505050505";
const NOW: &str = "2027-01-15T08:00:00Z";
const LATER: &str = "2027-01-15T09:00:00Z";

/// The agent that the home knows.
fn planner() -> TestKey {
    TestKey::agent(0)
}

fn request(by: &TestKey, links: &[String]) -> String {
    let (agent, arguments) = (message_id(by), sha("arguments"));
    let links = if links.is_empty() { String::new() } else { format!(",\"delegation\":{}", json!(links)) };
    format!(
        "{{\"mpp\":\"1.0\",\"agent\":\"{agent}\",\"host\":\"{HOST}\",\"nonce\":\"{NONCE}\",\"issued\":\"{NOW}\",\"expires\":\"2027-01-15T08:01:00Z\",\"package\":\"acme:notes\",\"tool\":\"save\",\"arguments\":\"{arguments}\"{links}}}"
    )
}

/// A delegation from one agent to the next, valid for an hour, up to L2, of one package.
fn link(from: usize, to: usize) -> String {
    let (from, to) = (message_id(&TestKey::agent(from)), message_key(&TestKey::agent(to)));
    format!(
        "{{\"mpp\":\"1.0\",\"from\":\"{from}\",\"to\":\"{to}\",\"host\":\"{HOST}\",\"issued\":\"{NOW}\",\"expires\":\"{LATER}\",\"level\":\"L2\",\"packages\":[\"acme:notes\"]}}"
    )
}

fn signed_link(from: usize, payload: &str) -> String {
    envelope(LINK_TYPE, payload, &TestKey::agent(from))
}

fn case(name: &str, why: &'static str, code: Option<&'static str>, twin: &'static str, request: String) -> Case {
    let name = format!("{TWIN}{name}");
    let case = match code {
        Some(code) => Case::bad(&name, why, VERIFY, twin, code),
        None => Case::good(&name, why, VERIFY),
    };
    let known = json!([{ "name": "planner", "key": message_key(&planner()), "level": "L3", "packages": null, "revoked": false }]);
    case.file("request", "request.json", request)
        .value("agents", known)
        .value("host", HOST)
        .value("used", json!([]))
        .value("now", NOW)
        .value("package", "acme:notes")
        .value("tool", "save")
        .value("arguments", sha("arguments"))
}

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    [requests(), known(), handed_on(), widened()].concat()
}

/// The request, signed after `from` in it became `to`.
fn changed(name: &str, why: &'static str, code: &'static str, from: &str, to: &str) -> Case {
    let payload = request(&planner(), &[]).replacen(from, to, 1);
    case(name, why, Some(code), TWIN, envelope(CALL_TYPE, &payload, &planner()))
}

fn requests() -> Vec<Case> {
    let good = || envelope(CALL_TYPE, &request(&planner(), &[]), &planner());
    let (text, other) = (request(&planner(), &[]), message_id(&TestKey::acme()));
    let field = |name: &str, value: &str| format!("\"{name}\":\"{value}\"");
    let plain = |name: &str, why, code, request| case(name, why, Some(code), TWIN, request);
    vec![
        case("", "an agent that the home knows asks for this call (CONS-51)", None, TWIN, good()),
        changed("-host", "for another home (CONS-52)", "agent.audience", HOST, OTHER),
        changed(
            "-too-long",
            "it would count for more than ten minutes (CONS-52)",
            "agent.time",
            "08:01:00",
            "08:10:01",
        ),
        plain("-expired", "its time is over (CONS-52)", "agent.time", good()).value("now", "2027-01-15T08:01:00Z"),
        plain("-future", "it comes from the future (CONS-52)", "agent.time", good())
            .value("now", "2027-01-15T07:59:54Z"),
        plain("-package", "for another package (CONS-53)", "agent.binding", good()).value("package", "acme:other"),
        plain("-tool", "for another tool (CONS-53)", "agent.binding", good()).value("tool", "delete"),
        plain("-arguments", "for other arguments (CONS-53)", "agent.binding", good()).value("arguments", sha("other")),
        plain("-replayed", "it was used before (CONS-53)", "agent.replayed", good()).value("used", json!([NONCE])),
        changed("-unknown-field", "a field that nobody knows (CONS-51)", "agent.malformed", "{", "{\"note\":1,"),
        changed("-field-twice", "a field twice (CONS-51)", "agent.malformed", "{", "{\"mpp\":\"1.0\","),
        changed("-spaces", "a space after a comma (CONS-51)", "agent.malformed", ",", ", "),
        plain("-truncated", "its end is missing (CONS-51)", "agent.malformed", good()[..good().len() - 1].to_owned()),
        changed(
            "-names-another",
            "it names another agent than its key (CONS-51)",
            "agent.signature",
            &field("agent", &message_id(&planner())),
            &field("agent", &other),
        ),
        plain(
            "-other-type",
            "an approval that reads like a request (CONS-51)",
            "agent.signature",
            envelope("application/vnd.mpp.approval.v1+json", &text, &planner()),
        ),
    ]
}

fn known() -> Vec<Case> {
    let good = || envelope(CALL_TYPE, &request(&planner(), &[]), &planner());
    let stranger = TestKey::stranger();
    let agent = |packages: serde_json::Value, revoked| json!([{ "name": "planner", "key": message_key(&planner()), "level": "L3", "packages": packages, "revoked": revoked }]);
    let plain = |name: &str, why, request| case(name, why, Some("agent.unknown"), TWIN, request);
    vec![
        plain("-unknown", "nobody knows it (CONS-50)", envelope(CALL_TYPE, &request(&stranger, &[]), &stranger)),
        plain("-revoked", "it was taken back (CONS-50)", good()).value("agents", agent(json!(null), true)),
        plain("-not-allowed", "it may call another package (CONS-50)", good())
            .value("agents", agent(json!(["acme:other"]), false)),
    ]
}

/// A request by the last of these agents, over the links.
fn over(links: &[String], last: usize) -> String {
    envelope(CALL_TYPE, &request(&TestKey::agent(last), links), &TestKey::agent(last))
}

fn row(length: usize) -> Vec<String> {
    (0..length).map(|from| signed_link(from, &link(from, from + 1))).collect()
}

fn handed_on() -> Vec<Case> {
    let wrong = |name: &str, why, request| case(name, why, Some("agent.delegation"), TWIN_HANDED_ON, request);
    let back = [row(1), vec![signed_link(1, &link(1, 0))]].concat();
    let mut swapped = row(2);
    swapped.swap(0, 1);
    vec![
        case("-handed-on", "another one asks in its place (CONS-54)", None, TWIN, over(&row(1), 1)),
        case("-handed-on-thrice", "three in a row (CONS-54)", None, TWIN, over(&row(3), 3)),
        wrong("-too-deep", "four in a row (CONS-54)", over(&row(4), 4)),
        wrong("-cycle", "it leads back (CONS-54)", over(&back, 0)),
        wrong("-gap", "it leads to another agent than the one that asks (CONS-54)", over(&row(1), 2)),
        case(
            "-out-of-order",
            "the first is by nobody that is known (CONS-54)",
            Some("agent.unknown"),
            TWIN_HANDED_ON,
            over(&swapped, 2),
        ),
    ]
}

/// One link in which `from` became `to`, and one after it where that is wanted.
fn widened() -> Vec<Case> {
    let wrong = |name: &str, why, request| case(name, why, Some("agent.delegation"), TWIN_HANDED_ON, request);
    let first = |from: &str, to: &str| over(&[signed_link(0, &link(0, 1).replacen(from, to, 1))], 1);
    let by_another = envelope(LINK_TYPE, &link(0, 1), &TestKey::acme());
    let forged = by_another.replace(&message_id(&TestKey::acme()), &message_id(&planner()));
    let second = |from: &str, to: &str| {
        let narrower = signed_link(1, &link(1, 2).replacen(from, to, 1));
        over(&[row(1), vec![narrower]].concat(), 2)
    };
    vec![
        wrong("-widened-level", "a higher level than the known agent has (CONS-55)", first("\"L2\"", "\"L4\"")),
        wrong("-widened-level-later", "a higher level than the link before (CONS-55)", second("\"L2\"", "\"L3\"")),
        wrong("-widened-packages", "every package after one (CONS-55)", second(",\"packages\":[\"acme:notes\"]", "")),
        wrong("-widened-time", "a later end than the link before (CONS-55)", second(LATER, "2027-01-15T09:00:01Z")),
        wrong("-link-expired", "its time is over (CONS-55)", first(LATER, "2027-01-15T08:00:00Z")),
        wrong("-link-too-long", "it would count for more than 90 days (CONS-55)", first(LATER, "2027-04-16T08:00:00Z")),
        wrong("-link-host", "a link for another home (CONS-56)", first(HOST, OTHER)),
        wrong("-link-package", "a link for another package (CONS-56)", first("acme:notes", "acme:other")),
        wrong("-link-forged", "a link signed by somebody else in its name (CONS-54)", over(&[forged], 1)),
    ]
}
