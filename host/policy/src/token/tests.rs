//! Each way in which a token does not count has its own code, and a twin that differs only in the attacked point and counts.

use super::{Ledger, Moment, Owners, Subject, Token};
use crate::{Policy, Request};
use mpp_package::dsse::{self, MessageKey};
use mpp_schema::{
    Code, Coded as _, Digest, GrantId, HostId, Instant, KeyId, codes,
    grant::{Allows, Audience, Functions, Grant, Lifetime, PAYLOAD_TYPE},
    permissions::Permissions,
};
use proptest::prelude::*;
use serde_json::json;

pub(crate) const HOST: HostId = HostId::from_bytes([7; 16]);
pub(crate) const PUBLISHER: KeyId = KeyId::from_bytes([9; 32]);
pub(crate) const SESSION: Digest = Digest::from_bytes([5; 32]);

pub(crate) fn owner() -> MessageKey {
    MessageKey::from_seed(&[1; 32]).expect("a key")
}

pub(crate) fn owners() -> Owners {
    Owners { own: Some(*owner().public()), grantors: Vec::new() }
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_unix_seconds(1_700_000_000 + seconds).expect("a moment")
}

pub(crate) fn moment() -> Moment {
    Moment { host: HOST, now: at(0), session: SESSION }
}

pub(crate) fn asked(json: serde_json::Value) -> Permissions {
    serde_json::from_value(json).expect("permissions")
}

/// A grant of `allows` for a package that asks for `asked`.
pub(crate) fn grant(id: u8, asked: &Permissions, allows: serde_json::Value) -> Grant {
    let allows: Allows = serde_json::from_value(allows).expect("what is allowed");
    Grant {
        mpp: mpp_schema::FormatVersion::CURRENT,
        id: GrantId::from_bytes([id; 16]),
        publisher: PUBLISHER,
        package: "acme:notes".parse().expect("a name"),
        request: Request::of(asked).digest(),
        host: Audience::Host(HOST),
        granted_by: owner().public().id(),
        issued: at(-60),
        lifetime: Lifetime::Always,
        functions: Functions::All,
        only: false,
        allows,
    }
}

pub(crate) fn token(grant: &Grant) -> Token {
    let text = Token::sign(grant, &owner()).expect("a token");
    Token::verify(text.as_bytes(), &owners()).expect("a token that verifies")
}

fn clock() -> Permissions {
    asked(json!({ "clock": {}, "http": [{ "origin": "https://a.example" }] }))
}

fn good() -> Grant {
    grant(1, &clock(), json!({ "clock": true }))
}

#[track_caller]
fn check_text(text: &str, expected: Result<(), Code>) {
    let found = Token::verify(text.as_bytes(), &owners()).map(drop).map_err(|error| error.code());
    assert_eq!(found, expected, "{text}");
}

/// Signs whatever text, as an owner's program that is wrong would.
fn signed(payload: &str) -> String {
    dsse::sign(PAYLOAD_TYPE, payload.as_bytes(), &owner()).expect("a message")
}

#[test]
fn only_a_counting_owner_makes_a_token() {
    let text = Token::sign(&good(), &owner()).expect("a token");
    check_text(&text, Ok(()));
    let stranger = MessageKey::from_seed(&[2; 32]).expect("a key");
    let theirs = Grant { granted_by: stranger.public().id(), ..good() };
    let theirs = Token::sign(&theirs, &stranger).expect("a token");
    check_text(&theirs, Err(codes::GRANT_OWNER));
    let owners = Owners { own: None, grantors: vec![("security".to_owned(), *stranger.public())] };
    assert_eq!(Token::verify(theirs.as_bytes(), &owners).expect("a token").grantor(), Some("security"));
    // Signed by the owner in somebody else's name.
    assert_eq!(
        Token::sign(&Grant { granted_by: stranger.public().id(), ..good() }, &owner()).expect_err("refused").code(),
        codes::GRANT_MALFORMED
    );
}

#[test]
fn a_forged_token_is_named_for_what_is_wrong_with_it() {
    let text = Token::sign(&good(), &owner()).expect("a token");
    let start = text.find("[{").expect("signatures");
    check_text(&format!("{}[]}}", &text[..start]), Err(codes::GRANT_UNSIGNED));
    check_text("", Err(codes::GRANT_MALFORMED));
    check_text("{}", Err(codes::GRANT_MALFORMED));
    check_text(&format!("{text} "), Err(codes::GRANT_MALFORMED));
    let other = Token::sign(&Grant { allows: Allows::default(), ..good() }, &owner()).expect("a token");
    let signature = |text: &str| text.rsplit('"').nth(1).expect("a signature").to_owned();
    check_text(&text.replace(&signature(&text), &signature(&other)), Err(codes::GRANT_SIGNATURE));
    let payload = serde_json::to_string(&good()).expect("a document");
    check_text(&signed(&payload), Ok(()));
    let as_approval = dsse::sign("application/vnd.mpp.approval.v1+json", payload.as_bytes(), &owner());
    check_text(&as_approval.expect("a message"), Err(codes::GRANT_SIGNATURE));
}

#[test]
fn a_document_has_one_spelling_and_one_shape() {
    let payload = serde_json::to_string(&good()).expect("a document");
    check_text(&signed(&payload.replace("{\"mpp\":\"1.0\"", "{\"mpp\":\"2.0\"")), Err(codes::FORMAT_NEWER));
    for bad in [
        payload.replace(':', ": "),
        payload.replacen('{', "{\"extra\":1,", 1),
        payload.replacen("\"clock\":true", "\"clock\":true,\"clock\":true", 1),
        payload.replacen("\"clock\":true", "\"clock\":true,\"root\":true", 1),
        payload.replacen("\"clock\":true", "\"clock\":1", 1),
        payload.replacen("\"clock\":true", "\"http\":[\"https://b.example\",\"https://a.example\"]", 1),
        payload.replacen("\"clock\":true", "\"http\":[\"https://a.example:443\"]", 1),
        payload.replacen("\"clock\":true", "\"folders\":{\"a\":{\"path\":\"x/../y\",\"access\":\"read-only\"}}", 1),
        payload.replacen("\"clock\":true", "\"devices\":{\"a\":\"dev/ttyS0\"}", 1),
        payload.replacen("\"functions\":\"all\"", "\"functions\":{\"only\":[]}", 1),
        payload.replacen("\"functions\":\"all\"", "\"functions\":{\"only\":[\"b\",\"a\"]}", 1),
        payload.replacen("\"always\"", "\"once\"", 1).replacen(&HOST.to_string(), "*", 1),
        payload.replacen("\"always\"", "\"forever\"", 1),
        payload.replacen("\"always\"", "null", 1),
    ] {
        assert_ne!(bad, payload);
        check_text(&signed(&bad), Err(codes::GRANT_MALFORMED));
    }
}

struct Case {
    grant: Grant,
    moment: Moment,
    policy: Policy,
    ledger: Ledger,
}

impl Case {
    fn of(grant: Grant) -> Self {
        Self { grant, moment: moment(), policy: Policy::default(), ledger: Ledger::default() }
    }

    #[track_caller]
    fn check(&self, expected: Result<(), Code>) {
        let (package, asked) = ("acme:notes".parse().expect("a name"), clock());
        let request = Request::of(&asked).digest();
        let subject = Subject { package: &package, publishers: &[PUBLISHER], asked: &asked, request };
        let outcome = token(&self.grant).fits(&subject, &self.moment, &self.policy, &self.ledger);
        assert_eq!(outcome.map_err(|error| error.code()), expected, "{:?}", self.grant);
    }
}

#[test]
fn a_token_counts_for_what_it_names() {
    Case::of(good()).check(Ok(()));
    Case::of(Grant { host: Audience::Any, ..good() }).check(Ok(()));
    let elsewhere = Audience::Host(HostId::from_bytes([8; 16]));
    Case::of(Grant { host: elsewhere, ..good() }).check(Err(codes::GRANT_HOST));
    Case::of(Grant { package: "acme:other".parse().expect("a name"), ..good() }).check(Err(codes::GRANT_PACKAGE));
    Case::of(Grant { publisher: KeyId::from_bytes([1; 32]), ..good() }).check(Err(codes::GRANT_PUBLISHER));
    Case::of(Grant { request: Digest::of(b"other"), ..good() }).check(Err(codes::GRANT_REQUEST));
}

#[test]
fn a_token_wider_than_the_request_is_refused_whole() {
    let wider = |allows| Case::of(grant(1, &clock(), allows)).check(Err(codes::GRANT_WIDER));
    wider(json!({ "clock": true, "kv": "1MiB" }));
    wider(json!({ "http": ["https://*.example"] }));
    wider(json!({ "folders": { "a": { "path": "/x/y", "access": "read-only" } } }));
    Case::of(grant(1, &clock(), json!({ "http": ["https://a.example"] }))).check(Ok(()));
}

#[test]
fn a_lifetime_holds_to_the_second() {
    let until = |seconds| Case::of(Grant { lifetime: Lifetime::Until(at(seconds)), ..good() });
    until(1).check(Ok(()));
    until(0).check(Err(codes::GRANT_EXPIRED));
    let issued = |seconds| Case::of(Grant { issued: at(seconds), ..good() });
    issued(5).check(Ok(()));
    issued(6).check(Err(codes::GRANT_FUTURE));
    let session = |session| Case::of(Grant { lifetime: Lifetime::Session(session), ..good() });
    session(SESSION).check(Ok(()));
    session(Digest::of(b"other")).check(Err(codes::GRANT_SESSION));
}

#[test]
fn a_token_for_one_call_counts_once() {
    let once = || Case::of(Grant { lifetime: Lifetime::Once, ..good() });
    once().check(Ok(()));
    let mut used = once();
    used.ledger.used.insert(used.grant.id);
    used.check(Err(codes::GRANT_USED));
    let mut another = once();
    another.ledger.used.insert(GrantId::from_bytes([3; 16]));
    another.check(Ok(()));
}

#[test]
fn a_revoked_token_does_not_count() {
    let mut case = Case::of(good());
    case.ledger.revoked.insert(case.grant.id);
    case.check(Err(codes::GRANT_REVOKED));
}

#[test]
fn the_policy_limits_how_long_a_token_counts() {
    let limited = |lifetime| {
        let mut case = Case::of(Grant { lifetime, ..good() });
        let file = serde_json::from_value(json!({ "limits": { "days": 30 } })).expect("a policy");
        case.policy = Policy::new(file).expect("a policy");
        case
    };
    limited(Lifetime::Until(at(86_400))).check(Ok(()));
    limited(Lifetime::Until(at(40 * 86_400))).check(Err(codes::GRANT_DENIED));
    limited(Lifetime::Always).check(Err(codes::GRANT_DENIED));
}

#[test]
fn a_token_may_be_for_some_tools() {
    let some = token(&Grant { functions: Functions::Only(vec!["list".parse().expect("a name")]), ..good() });
    assert!(some.covers(&"list".parse().expect("a name")).is_ok());
    let other = some.covers(&"delete".parse().expect("a name"));
    assert_eq!(other.expect_err("refused").code(), codes::GRANT_FUNCTION);
}

proptest! {
    #[test]
    fn no_changed_token_is_accepted(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = Token::sign(&good(), &owner()).expect("a token").into_bytes();
        let mut changed = text.clone();
        changed[at.index(text.len())] = byte;
        prop_assert_eq!(Token::verify(&changed, &owners()).is_ok(), changed == text);
    }

    #[test]
    fn a_signed_payload_of_any_text_never_panics(payload in "[\\[\\]{}\",:0-9a-c]*") {
        prop_assert!(Token::verify(signed(&payload).as_bytes(), &owners()).is_err());
    }
}
