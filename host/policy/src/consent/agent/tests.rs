//! Requests and delegations of agents, each changed in one place: what does not fit is refused with its own code.

use super::{Agents, CallOfAgent, Caller, KnownAgent, delegate, pairwise_id, sign_call, verify_call};
use mpp_package::dsse::MessageKey;
use mpp_schema::{
    Code, Coded as _, Digest, FormatVersion, HostId, Instant, KeyId, MessageKeyId, Nonce, codes,
    consent::{AgentCall, Delegation, Level},
    manifest,
};

fn key(seed: u8) -> MessageKey {
    MessageKey::from_seed(&[seed; 32]).unwrap()
}

fn at(seconds: i64) -> Instant {
    Instant::from_unix_seconds(1_800_000_000 + seconds).unwrap()
}

const HOST: HostId = HostId::from_bytes([1; 16]);

fn known() -> KnownAgent {
    KnownAgent {
        name: "planner".to_owned(),
        key: *key(1).public(),
        roles: vec!["ops".to_owned()],
        packages: None,
        level: Level::L3,
        revoked: false,
    }
}

fn request(seed: u8, delegation: Vec<String>) -> AgentCall {
    AgentCall {
        mpp: FormatVersion::CURRENT,
        agent: key(seed).public().id(),
        host: HOST,
        nonce: Nonce::from_bytes([4; 16]),
        issued: at(0),
        expires: at(60),
        package: "acme:notes".parse().unwrap(),
        tool: "save".parse().unwrap(),
        arguments: Digest::of(b"arguments"),
        delegation,
    }
}

fn ask(request: &AgentCall, signer: u8, agents: &[KnownAgent]) -> Result<Caller, Code> {
    let envelope = sign_call(request, &key(signer)).unwrap();
    let (package, tool) = ("acme:notes".parse().unwrap(), "save".parse().unwrap());
    let call =
        CallOfAgent { host: HOST, now: at(0), package: &package, tool: &tool, arguments: Digest::of(b"arguments") };
    verify_call(&envelope, &call, &Agents(agents.to_vec())).map_err(|error| error.code())
}

#[track_caller]
fn check(change: impl FnOnce(&mut AgentCall), expected: Code) {
    let mut request = request(1, Vec::new());
    change(&mut request);
    assert_eq!(ask(&request, 1, &[known()]), Err(expected));
}

/// CONS-51 to CONS-53
#[test]
fn a_request_is_for_one_call_here_and_now() {
    let caller = ask(&request(1, Vec::new()), 1, &[known()]).unwrap();
    assert_eq!((caller.name.as_str(), caller.level), ("planner", Level::L3));
    check(|r| r.host = HostId::from_bytes([2; 16]), codes::AGENT_AUDIENCE);
    check(|r| r.expires = at(601), codes::AGENT_TIME);
    check(|r| r.issued = at(6), codes::AGENT_TIME);
    check(|r| (r.issued, r.expires) = (at(-60), at(0)), codes::AGENT_TIME);
    check(|r| r.package = "acme:other".parse().unwrap(), codes::AGENT_BINDING);
    check(|r| r.tool = "other".parse().unwrap(), codes::AGENT_BINDING);
    check(|r| r.arguments = Digest::of(b"x"), codes::AGENT_BINDING);
    check(|r| r.agent = MessageKeyId::from_bytes([9; 32]), codes::AGENT_SIGNATURE);
}

/// CONS-50, CONS-58
#[test]
fn only_agents_that_the_home_allows_ask() {
    let refused = |agent: KnownAgent| ask(&request(1, Vec::new()), 1, &[agent]).unwrap_err();
    assert_eq!(ask(&request(2, Vec::new()), 2, &[known()]), Err(codes::AGENT_UNKNOWN));
    assert_eq!(refused(KnownAgent { revoked: true, ..known() }), codes::AGENT_UNKNOWN);
    assert_eq!(refused(KnownAgent { packages: Some(Vec::new()), ..known() }), codes::AGENT_UNKNOWN);
    let agents = Agents(vec![known()]);
    let package = "acme:notes".parse().unwrap();
    assert_eq!(agents.configured("planner", &package).unwrap().nonce, None);
    assert_eq!(agents.configured("other", &package).unwrap_err().code(), codes::AGENT_UNKNOWN);
}

fn link(from: u8, to: u8, change: impl FnOnce(&mut Delegation)) -> String {
    let mut link = Delegation {
        mpp: FormatVersion::CURRENT,
        from: key(from).public().id(),
        to: key(to).public().to_string(),
        host: HOST,
        issued: at(-10),
        expires: at(1_000),
        level: Level::L2,
        packages: Some(vec!["acme:notes".parse().unwrap()]),
        tools: None,
    };
    change(&mut link);
    delegate(&link, &key(from)).unwrap()
}

#[track_caller]
fn check_chain(links: Vec<String>, last: u8, expected: Result<Level, Code>) {
    assert_eq!(ask(&request(last, links), last, &[known()]).map(|caller| caller.level), expected);
}

/// CONS-54 to CONS-56
#[test]
fn delegation_only_narrows() {
    let plain = |_: &mut Delegation| ();
    let wrong = Err(codes::AGENT_DELEGATION);
    check_chain(vec![link(1, 2, plain)], 2, Ok(Level::L2));
    check_chain(vec![link(1, 2, plain), link(2, 3, |l| l.level = Level::L1)], 3, Ok(Level::L1));
    check_chain(vec![link(1, 2, plain), link(2, 3, plain), link(3, 4, plain)], 4, Ok(Level::L2));
    check_chain(vec![link(1, 2, plain), link(2, 3, plain), link(3, 4, plain), link(4, 5, plain)], 5, wrong);
    check_chain(vec![link(1, 2, |l| l.level = Level::L4)], 2, wrong);
    check_chain(vec![link(1, 2, plain), link(2, 3, |l| l.level = Level::L3)], 3, wrong);
    check_chain(vec![link(1, 2, plain), link(2, 3, |l| l.packages = None)], 3, wrong);
    check_chain(vec![link(1, 2, plain), link(2, 3, |l| l.expires = at(1_001))], 3, wrong);
    check_chain(vec![link(1, 2, |l| l.tools = Some(vec!["read".parse().unwrap()]))], 2, wrong);
    check_chain(vec![link(1, 2, |l| l.expires = at(0))], 2, wrong);
    check_chain(vec![link(1, 2, |l| l.issued = at(6))], 2, wrong);
    check_chain(vec![link(1, 2, |l| l.host = HostId::from_bytes([2; 16]))], 2, wrong);
    check_chain(vec![link(1, 2, plain), link(2, 1, plain)], 1, wrong);
    check_chain(vec![link(1, 2, plain)], 3, wrong);
    check_chain(vec![link(1, 2, plain), link(3, 4, plain)], 4, wrong);
    check_chain(vec![link(9, 2, plain)], 2, Err(codes::AGENT_UNKNOWN));
}

/// CONS-57
#[test]
fn tools_of_two_publishers_see_two_ids() {
    let agent = key(1).public().id();
    let id = |secret: u8, publisher: u8| pairwise_id(&[secret; 32], agent, KeyId::from_bytes([publisher; 32]));
    assert_eq!(id(1, 1), id(1, 1));
    assert_ne!(id(1, 1), id(1, 2));
    assert_ne!(id(1, 1), id(2, 1));
    assert_eq!(id(1, 1).len(), 32);
}

/// CONS-59
#[test]
fn a_manifest_only_narrows() {
    let caller = ask(&request(1, Vec::new()), 1, &[known()]).unwrap();
    let check = |allow: &[&str], caller: Option<&Caller>| {
        let list = manifest::Agents { allow: allow.iter().map(|&entry| entry.to_owned()).collect() };
        Caller::check_manifest(caller, Some(&list)).is_ok()
    };
    assert!(check(&["name:planner"], Some(&caller)) && check(&["role:ops"], Some(&caller)));
    assert!(check(&[&format!("key:{}", caller.agent)], Some(&caller)));
    assert!(!check(&["name:other", "role:dev", "planner"], Some(&caller)) && !check(&["name:planner"], None));
    assert!(!check(&[], Some(&caller)) && Caller::check_manifest(None, None).is_ok());
}
