//! Approvals, each changed in one place: what does not fit is refused with its own code, and nothing of it is recorded.

use super::{Binding, Uses, redeem, sign_approval};
use crate::consent::ConsentError;
use mpp_package::dsse::{self, MessageKey};
use mpp_schema::{
    Code, Coded as _, Digest, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, ToolName, codes,
    consent::{APPROVAL_TYPE, Approval, Level, Surface},
};
use serde_json::{Value as Json, json};
use std::{cell::RefCell, collections::BTreeSet};

struct Memory(LedgerId, RefCell<BTreeSet<Nonce>>);

impl Uses for Memory {
    fn id(&self) -> Result<LedgerId, ConsentError> {
        Ok(self.0)
    }
    fn consume(&self, nonce: Nonce, _: Instant) -> Result<(), ConsentError> {
        self.1.borrow_mut().insert(nonce).then_some(()).ok_or(ConsentError::Replayed)
    }
}

fn ledger(id: u8) -> Memory {
    Memory(LedgerId::from_bytes([id; 16]), RefCell::default())
}

fn key(seed: u8) -> MessageKey {
    MessageKey::from_seed(&[seed; 32]).unwrap()
}

fn now() -> Instant {
    Instant::from_unix_seconds(1_800_000_000).unwrap()
}

fn call(tool: &ToolName) -> Binding<'_> {
    Binding {
        host: HostId::from_bytes([1; 16]),
        package: Digest::of(b"package"),
        publisher: KeyId::from_bytes([2; 32]),
        tool,
        arguments: Digest::of(b"arguments"),
        grants: Digest::of(b"grants"),
        agent: Some(MessageKeyId::from_bytes([3; 32])),
        level: Level::L3,
        shown: Digest::of(b"shown"),
    }
}

fn approval() -> Approval {
    let tool = "save".parse().unwrap();
    let (ledger, nonce) = (LedgerId::from_bytes([9; 16]), Nonce::from_bytes([7; 16]));
    call(&tool).approval(ledger, nonce, key(5).public().id(), Surface::Terminal, now(), 60)
}

/// What redeeming the payload says, signed by the approver.
#[track_caller]
fn check_text(payload: &str, expected: Result<(), Code>) {
    let envelope = dsse::sign(APPROVAL_TYPE, payload.as_bytes(), &key(5)).unwrap();
    let tool = "save".parse().unwrap();
    let uses = ledger(9);
    let found = redeem(&envelope, &call(&tool), &[*key(5).public()], now(), &uses);
    assert_eq!(found.map(drop).map_err(|error| error.code()), expected, "{payload}");
    assert_eq!(uses.1.borrow().is_empty(), expected.is_err(), "only what fits is recorded");
}

#[track_caller]
fn check(change: impl FnOnce(&mut Approval), expected: Result<(), Code>) {
    let mut approval = approval();
    change(&mut approval);
    check_text(&serde_json::to_string(&approval).unwrap(), expected);
}

/// CONS-33
#[test]
fn each_field_is_bound() {
    check(|_| (), Ok(()));
    let wrong = Err(codes::ATT_BINDING);
    check(|a| a.package = Digest::of(b"x"), wrong);
    check(|a| a.publisher = KeyId::from_bytes([8; 32]), wrong);
    check(|a| a.tool = "other".parse().unwrap(), wrong);
    check(|a| a.arguments = Digest::of(b"x"), wrong);
    check(|a| a.grants = Digest::of(b"x"), wrong);
    check(|a| a.agent = None, wrong);
    check(|a| a.level = Level::L2, wrong);
    check(|a| a.shown = Digest::of(b"x"), wrong);
    check(|a| a.host = HostId::from_bytes([8; 16]), Err(codes::ATT_AUDIENCE));
    check(|a| a.ledger = LedgerId::from_bytes([8; 16]), Err(codes::ATT_AUDIENCE));
    check(|a| a.approver = MessageKeyId::from_bytes([8; 32]), Err(codes::ATT_KEY));
}

/// CONS-32
#[test]
fn times_are_bounded() {
    let wrong = Err(codes::ATT_TIME);
    let at = |seconds: i64| Instant::from_unix_seconds(1_800_000_000 + seconds).unwrap();
    let set = |issued, expires| move |a: &mut Approval| (a.issued, a.expires) = (at(issued), at(expires));
    check(set(-59, 1), Ok(()));
    check(set(-60, 0), wrong);
    check(set(5, 60), Ok(()));
    check(set(6, 60), wrong);
    check(set(0, 600), Ok(()));
    check(set(0, 601), wrong);
    check(set(0, 0), wrong);
    check(set(10, -10), wrong);
}

/// CONS-31
#[test]
fn other_spellings_are_refused() {
    let text = serde_json::to_string(&approval()).unwrap();
    let malformed = Err(codes::ATT_MALFORMED);
    check_text(&text, Ok(()));
    check_text(&text.replacen('{', "{ ", 1), malformed);
    check_text(&text.replacen(r#""level""#, r#""level":"L3","level""#, 1), malformed);
    check_text(&text.replacen('{', r#"{"extra":1,"#, 1), malformed);
    check_text(&text[..text.len() - 1], malformed);
    check_text(&text.replace("1.0", "2.0"), malformed);
    let mut fields: Vec<(String, Json)> =
        serde_json::from_str::<serde_json::Map<String, Json>>(&text).unwrap().into_iter().collect();
    fields.reverse();
    check_text(&Json::Object(fields.into_iter().collect()).to_string(), malformed);
    check_text("[]", malformed);
    check_text(&json!(null).to_string(), malformed);
}

/// CONS-30
#[test]
fn only_an_approver_approves() {
    let tool = "save".parse().unwrap();
    let code = |envelope: &str| {
        redeem(envelope, &call(&tool), &[*key(5).public()], now(), &ledger(9)).map(drop).map_err(|error| error.code())
    };
    let mut by_agent = approval();
    by_agent.approver = key(6).public().id();
    assert_eq!(code(&sign_approval(&by_agent, &key(6)).unwrap()), Err(codes::ATT_KEY));
    assert_eq!(code(&sign_approval(&approval(), &key(6)).unwrap()), Err(codes::ATT_KEY));
    let payload = serde_json::to_vec(&approval()).unwrap();
    assert_eq!(code(&dsse::sign("application/x", &payload, &key(5)).unwrap()), Err(codes::ATT_KEY));
    let good = sign_approval(&approval(), &key(5)).unwrap();
    assert_eq!(code(&good), Ok(()));
    assert_eq!(code(&good[..good.len() - 1]), Err(codes::ATT_MALFORMED));
    let signature = good.rfind("\"sig\":\"").unwrap() + 7;
    let flipped = if &good[signature..=signature] == "A" { "B" } else { "A" };
    let forged = format!("{}{flipped}{}", &good[..signature], &good[signature + 1..]);
    assert_eq!(code(&forged), Err(codes::ATT_KEY));
}

/// CONS-34
#[test]
fn an_approval_counts_once() {
    let tool = "save".parse().unwrap();
    let (uses, envelope) = (ledger(9), sign_approval(&approval(), &key(5)).unwrap());
    let redeem = || redeem(&envelope, &call(&tool), &[*key(5).public()], now(), &uses);
    assert_eq!(redeem().unwrap().envelope(), Some(envelope.as_str()));
    assert_eq!(redeem().unwrap_err(), ConsentError::Replayed);
}
