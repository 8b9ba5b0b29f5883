//! A client that is asked to ask: what it reports counts for a change and no more, in both kinds of revision (rules MCP-50 to MCP-54).

use crate::{
    consent::{decisions, demand, person, policy, question},
    serve::Agent,
    support::Person,
};
use serde_json::{Value as Json, json};

const NO_WAITING: [&str; 4] = ["--wait", "0", "--update-every", "never"];

/// A client of the older revisions; it can ask, or not.
struct Old(Agent);

impl Old {
    fn start(person: &Person, capabilities: &Json) -> Self {
        let mut agent = Agent::start_silent(person, &NO_WAITING);
        agent.ask(
            "initialize",
            &json!({"protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "1"}}),
        );
        agent.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        Self(agent)
    }

    /// Calls, and answers the question if there is one; gives it and the result.
    fn call(&mut self, text: &str, answer: &Json) -> (Option<Json>, Json) {
        let call = json!({"name": "md_outline", "arguments": {"text": text}});
        self.0.say(&json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call}));
        let first = self.0.hear();
        if first["method"] != "elicitation/create" {
            return (None, first["result"].clone());
        }
        let id = first["id"].clone();
        self.0.say(&match answer.get("code") {
            Some(_) => json!({"jsonrpc": "2.0", "id": id, "error": answer}),
            None => json!({"jsonrpc": "2.0", "id": id, "result": answer}),
        });
        (Some(first["params"].clone()), self.0.hear()["result"].clone())
    }
}

fn accept(words: &str) -> Json {
    json!({"action": "accept", "content": {"decision": words}})
}

#[track_caller]
fn is_called(result: &Json) {
    assert!(result["structuredContent"].to_string().contains("Milk"), "{result}");
}

#[track_caller]
fn is_refused(result: &Json, code: &str) {
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    assert!(result["isError"] == true && text.starts_with(code), "{result}");
}

/// CONS-26, MCP-50 to MCP-53: an older client is asked while the call waits.
#[test]
fn an_old_client_asks_while_the_call_waits() {
    let person = person("L2");
    let mut client = Old::start(&person, &json!({"elicitation": {}}));
    let (asked, result) = client.call("# Milk", &accept("deny"));
    let asked = asked.expect("a question");
    assert!(
        asked["message"].as_str().is_some_and(|text| text.contains("outline of acme:md") && text.contains("# Milk")),
        "{asked}"
    );
    is_refused(&result, "hitl.denied");
    for no in [
        json!({"action": "decline"}),
        json!({"action": "cancel"}),
        json!({"action": "accept", "content": {}}),
        accept("yes"),
    ] {
        is_refused(&client.call("# Milk", &no).1, "hitl.denied");
    }
    // "Cannot ask" is another refusal, and names the command.
    let (_, result) = client.call("# Milk", &json!({"code": -32601, "message": "no"}));
    is_refused(&result, "hitl.unavailable");
    assert!(result.to_string().contains(&format!("mpp approve {}", question(&person))), "{result}");
    is_called(&client.call("# Milk", &accept("allow once")).1);
    let (asked, result) = client.call("# Milk", &accept("allow for this session"));
    assert!(asked.is_some(), "once is once");
    is_called(&result);
    let (asked, result) = client.call("# Milk and tea", &Json::Null);
    assert!(asked.is_none(), "the session remembers: {asked:?}");
    is_called(&result);
    let found = decisions(&person);
    let rule = |decided: &Json| decided["rule"].as_str().unwrap_or_default().to_owned();
    let allowed: Vec<_> = found.iter().filter(|decided| decided["answer"] == "allowed").collect();
    assert_eq!(allowed.len(), 3, "{found:?}");
    assert!(rule(allowed[0]).ends_with("the client of an unknown agent reported an accept"), "{found:?}");
    assert!(allowed.iter().all(|decided| decided["surface"].is_null() && decided["approver"].is_null()), "{found:?}");
}

/// MCP-51, MCP-52: who cannot ask, what a client cannot confirm, and where the policy wants somebody else.
#[test]
fn what_a_client_cannot_confirm_is_not_asked_through_it() {
    let person = person("L2");
    let check = |capabilities: Json| {
        let mut client = Old::start(&person, &capabilities);
        let (asked, result) = client.call("# Milk", &accept("allow once"));
        assert!(asked.is_none(), "{asked:?}");
        is_refused(&result, "hitl.unavailable");
        assert!(result.to_string().contains("mpp approve"), "{result}");
    };
    check(json!({}));
    check(json!({"elicitation": {"url": {}}}));
    policy(&person, &demand("L3"));
    check(json!({"elicitation": {}}));
    policy(&person, &(demand("L2") + "[approvers]\nown = false\n"));
    check(json!({"elicitation": {}}));
    policy(&person, &demand("L2"));
    let mut client = Old::start(&person, &json!({"elicitation": {"form": {}}}));
    is_called(&client.call("# Milk", &accept("allow once")).1);
}

fn modern(text: &str, more: &Json) -> Json {
    let mut params = json!({"name": "md_outline", "arguments": {"text": text}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}});
    for (name, value) in more.as_object().into_iter().flatten() {
        params[name] = value.clone();
    }
    params
}

/// MCP-53: a client of the stateless revision brings the answer with the same call, once.
#[test]
fn a_new_client_brings_the_answer_with_the_call() {
    let person = person("L2");
    let mut client = Agent::start_silent(&person, &NO_WAITING);
    let mut ask = |text: &str, more: Json| client.ask("tools/call", &modern(text, &more));
    let round = |asked: &Json, answer: &Json| {
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        assert_eq!(asked["inputRequests"]["confirm"]["method"], "elicitation/create", "{asked}");
        json!({"requestState": asked["requestState"], "inputResponses": {"confirm": answer}})
    };
    let first = ask("# Milk", json!({}));
    let allow = round(&first, &accept("allow once"));
    // For another call, without its state, or with one that was changed, it is worth nothing.
    is_refused(&ask("# Milk and tea", allow.clone()), "hitl.denied");
    is_refused(&ask("# Milk", json!({"inputResponses": allow["inputResponses"]})), "hitl.denied");
    let mut edited = allow.clone();
    edited["requestState"] = json!(format!("{}0", first["requestState"].as_str().expect("a state")));
    is_refused(&ask("# Milk", edited), "hitl.denied");
    is_called(&ask("# Milk", allow.clone()));
    is_refused(&ask("# Milk", allow), "hitl.denied");
    // A state alone is no answer: it is asked again. A no needs none.
    let again = ask("# Milk", json!({"requestState": first["requestState"]}));
    is_refused(&ask("# Milk", round(&again, &accept("deny"))), "hitl.denied");
    is_refused(&ask("# Milk", round(&again, &json!({"action": "decline"}))), "hitl.denied");
    let session = ask("# Milk", json!({}));
    is_called(&ask("# Milk", round(&session, &accept("allow for this session"))));
    is_called(&ask("# Milk and tea", json!({})));
    // A question on its way is no decision.
    assert!(decisions(&person).iter().all(|decided| decided["answer"] != "hitl.unavailable"));
}
