//! Chapter `consent`: approvals that allow one call, once, here and now, and each way in which one does not.
//!
//! Envelopes and payloads are put together by hand from `spec/consent.md` and `spec/signature.md`.

use super::{
    case::Case,
    keys::{TestKey, hex},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

const VERIFY: &str = "approval.verify";
const TWIN: &str = "consent/approval";
const TYPE: &str = "application/vnd.mpp.approval.v1+json";
const HOST: &str = "01010101010101010101010101010101";
const LEDGER: &str = "02020202020202020202020202020202";
const NONCE: &str = "03030303030303030303030303030303";
const OTHER: &str = "09090909090909090909090909090909";
const NOW: &str = "2027-01-15T08:00:00Z";

/// The chapter.
pub(super) fn cases() -> Vec<Case> {
    [good(), bound(), times(), spellings(), signers(), used()].concat()
}

pub(super) fn sha(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// The id of a key where it signs messages (SIG-55).
pub(super) fn message_id(key: &TestKey) -> String {
    hex(&Sha256::new().chain_update(b"mpp-mk-v1").chain_update(key.public_bytes()).finalize())
}

/// The public key as SubjectPublicKeyInfo in base64 (SIG-56).
pub(super) fn message_key(key: &TestKey) -> String {
    let prefix: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    STANDARD.encode([prefix.as_slice(), &key.public_bytes()].concat())
}

/// Fields of an approval in their order, each with the text of its value.
type Fields = Vec<(&'static str, String)>;

fn fields() -> Fields {
    let text = |value: &str| format!("\"{value}\"");
    vec![
        ("mpp", text("1.0")),
        ("approver", text(&message_id(&TestKey::approver()))),
        ("host", text(HOST)),
        ("ledger", text(LEDGER)),
        ("nonce", text(NONCE)),
        ("issued", text(NOW)),
        ("expires", text("2027-01-15T08:01:00Z")),
        ("package", text(&sha("package"))),
        ("publisher", text(&TestKey::acme().id())),
        ("tool", text("save")),
        ("arguments", text(&sha("arguments"))),
        ("grants", text(&sha("grants"))),
        ("agent", text(&message_id(&TestKey::second()))),
        ("level", text("L3")),
        ("surface", text("approve")),
        ("shown", text(&sha("shown"))),
    ]
}

fn with(field: &str, value: &str) -> Fields {
    let changed = |(name, before)| (name, if name == field { format!("\"{value}\"") } else { before });
    fields().into_iter().map(changed).collect()
}

fn payload(fields: &Fields) -> String {
    let members: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The envelope over `payload`: DSSE's pre-authentication encoding, signed (SIG-50, SIG-51).
pub(super) fn envelope(kind: &str, payload: &str, key: &TestKey) -> String {
    let signed = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
    let (payload, signature) = (STANDARD.encode(payload), STANDARD.encode(key.sign(signed.as_bytes())));
    let id = message_id(key);
    format!(r#"{{"payloadType":"{kind}","payload":"{payload}","signatures":[{{"keyid":"{id}","sig":"{signature}"}}]}}"#)
}

fn signed(payload: &str) -> String {
    envelope(TYPE, payload, &TestKey::approver())
}

fn call() -> Json {
    json!({
        "package": sha("package"),
        "publisher": TestKey::acme().id(),
        "tool": "save",
        "arguments": sha("arguments"),
        "grants": sha("grants"),
        "agent": message_id(&TestKey::second()),
        "level": "L3",
        "shown": sha("shown"),
    })
}

/// An approval for the call that is made. `code` is nothing where it counts.
fn case(name: &str, why: &'static str, code: Option<&'static str>, approval: String) -> Case {
    let name = format!("{TWIN}{name}");
    let case = match code {
        Some(code) => Case::bad(&name, why, VERIFY, TWIN, code),
        None => Case::good(&name, why, VERIFY),
    };
    case.file("approval", "approval.json", approval)
        .value("approvers", json!([message_key(&TestKey::approver())]))
        .value("host", HOST)
        .value("ledger", LEDGER)
        .value("used", json!([]))
        .value("now", NOW)
        .value("call", call())
}

fn good() -> Vec<Case> {
    let good = || signed(&payload(&fields()));
    let mut anonymous = call();
    anonymous["agent"] = Json::Null;
    let without_agent: Fields = fields().into_iter().filter(|(name, _)| *name != "agent").collect();
    vec![
        case("", "a person allowed exactly this call (CONS-33)", None, good()),
        case(
            "-anonymous",
            "the call of somebody who is no known agent (CONS-33)",
            None,
            signed(&payload(&without_agent)),
        )
        .value("call", anonymous),
        case("-last-second", "used in its last second (CONS-32)", None, good()).value("now", "2027-01-15T08:00:59Z"),
        case("-skew", "a clock that is five seconds behind (CONS-32)", None, good())
            .value("now", "2027-01-15T07:59:55Z"),
        case("-other-used", "another one was used (CONS-34)", None, good()).value("used", json!([OTHER])),
    ]
}

/// Each field of the call and of the place, changed in what was signed.
fn bound() -> Vec<Case> {
    let (acme, binding) = (message_id(&TestKey::acme()), Some("att.binding"));
    let other = sha("other");
    let changed = [
        ("package", other.as_str(), "code that is not what was approved (CONS-33)", binding),
        ("publisher", acme.as_str(), "another publisher (CONS-33)", binding),
        ("tool", "delete", "another tool (CONS-33)", binding),
        ("arguments", &other, "other arguments (CONS-33)", binding),
        ("grants", &other, "other grants (CONS-33)", binding),
        ("agent", &acme, "another agent (CONS-33)", binding),
        ("level", "L2", "a lower level (CONS-33)", binding),
        ("shown", &other, "another text was shown (CONS-20)", binding),
        ("host", OTHER, "made for another home (CONS-33)", Some("att.audience")),
        ("ledger", OTHER, "made for a ledger that was lost or replaced (CONS-35)", Some("att.audience")),
    ];
    let mut cases: Vec<Case> = changed
        .into_iter()
        .map(|(field, value, why, code)| case(&format!("-{field}"), why, code, signed(&payload(&with(field, value)))))
        .collect();
    let without: Fields = fields().into_iter().filter(|(name, _)| *name != "agent").collect();
    cases.push(case(
        "-without-agent",
        "for somebody anonymous, used by an agent (CONS-33)",
        binding,
        signed(&payload(&without)),
    ));
    cases
}

fn times() -> Vec<Case> {
    let (wrong, good) = (Some("att.time"), || signed(&payload(&fields())));
    let until = |moment| signed(&payload(&with("expires", moment)));
    vec![
        case("-expired", "its time is over (CONS-32)", wrong, good()).value("now", "2027-01-15T08:01:00Z"),
        case("-future", "the clock was set back by more than five seconds (CONS-32)", wrong, good())
            .value("now", "2027-01-15T07:59:54Z"),
        case("-too-long", "it would count for more than ten minutes (CONS-32)", wrong, until("2027-01-15T08:10:01Z")),
        case("-never", "it expires when it is issued (CONS-32)", wrong, until(NOW)),
        case("-backwards", "it expires before it is issued (CONS-32)", wrong, until("2027-01-15T07:59:00Z")),
    ]
}

fn spellings() -> Vec<Case> {
    let (wrong, text) = (Some("att.malformed"), payload(&fields()));
    let mut reordered = fields();
    reordered.swap(2, 3);
    let missing: Fields = fields().into_iter().filter(|(name, _)| *name != "shown").collect();
    let unknown = [fields(), vec![("note", "1".to_owned())]].concat();
    let twice = [fields(), vec![("level", "\"L3\"".to_owned())]].concat();
    let good = signed(&text);
    vec![
        case("-unknown-field", "a field that nobody knows (CONS-31)", wrong, signed(&payload(&unknown))),
        case("-field-twice", "a field twice (CONS-31)", wrong, signed(&payload(&twice))),
        case("-reordered", "two fields in the other order (CONS-31)", wrong, signed(&payload(&reordered))),
        case("-field-missing", "a field is missing (CONS-31)", wrong, signed(&payload(&missing))),
        case("-spaces", "a space after a comma (CONS-31)", wrong, signed(&text.replacen(',', ", ", 1))),
        case("-newer", "a newer format (CONS-31)", wrong, signed(&payload(&with("mpp", "2.0")))),
        case("-truncated", "the end of the envelope is missing (CONS-31)", wrong, good[..good.len() - 1].to_owned()),
        case("-empty", "nothing at all (CONS-31)", wrong, String::new()),
        case("-envelope-spaces", "a space in the envelope (SIG-51)", wrong, good.replacen(':', ": ", 1)),
    ]
}

fn signers() -> Vec<Case> {
    let (wrong, text) = (Some("att.key"), payload(&fields()));
    let by = |key: &TestKey| envelope(TYPE, &payload(&with("approver", &message_id(key))), key);
    let (good, other) = (signed(&text), signed(&payload(&with("tool", "delete"))));
    let signature =
        |envelope: &str| envelope.rsplit_once("\"sig\":").map(|(_, end)| end.to_owned()).unwrap_or_default();
    vec![
        case("-by-agent", "signed by an agent's key (CONS-30)", wrong, by(&TestKey::second())),
        case("-by-publisher", "signed by a publisher's key (CONS-30)", wrong, by(&TestKey::acme())),
        case("-by-stranger", "signed by somebody's key (CONS-30)", wrong, by(&TestKey::stranger())),
        case(
            "-names-another",
            "it names another approver than its key (CONS-30)",
            wrong,
            signed(&payload(&with("approver", &message_id(&TestKey::acme())))),
        ),
        case(
            "-other-type",
            "an agent's request that reads like an approval (SIG-54)",
            wrong,
            envelope("application/vnd.mpp.agent-call.v1+json", &text, &TestKey::approver()),
        ),
        case(
            "-other-signature",
            "the signature of another approval (CONS-30)",
            wrong,
            good.replace(&signature(&good), &signature(&other)),
        ),
        case("-no-approver", "a home that has no approver (CONS-30)", wrong, good.clone())
            .value("approvers", json!([])),
    ]
}

fn used() -> Vec<Case> {
    let good = signed(&payload(&fields()));
    vec![
        case("-replayed", "it was used before (CONS-34)", Some("att.replayed"), good.clone())
            .value("used", json!([NONCE])),
        case("-replayed-among", "it was used before, and others after it (CONS-34)", Some("att.replayed"), good)
            .value("used", json!([NONCE, OTHER])),
    ]
}
