//! Asking a person through the client (MCP-50 to MCP-54): in the older revisions by a request while the call waits, in the stateless one by an answer that
//! asks, after which the client makes the call again.
//!
//! What comes back is compared with exact words. Whether it counts, and for what, is decided behind the [`Toolbox`](crate::Toolbox).

use crate::toolbox::{Choice, Client, Question, Reply};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, ClientResult, ElicitRequest, ElicitRequestParams, ElicitationSchema, EnumSchema,
    InputRequest, InputRequests, InputRequiredResult, ServerRequest,
};
use rmcp::service::{Peer, RequestContext};
use serde_json::Value as Json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// The one field, and what may stand in it.
const DECISION: &str = "decision";
const ONCE: &str = "allow once";
const SESSION: &str = "allow for this session";
const DENY: &str = "deny";
/// The name of the one question of a call.
const CONFIRM: &str = "confirm";
/// How long somebody has to answer: clients give up on a call after a minute.
const PATIENCE: Duration = Duration::from_secs(50);

/// The client of one call.
pub(crate) struct OfCall {
    way: Way,
    asked: Mutex<Option<Question>>,
}

enum Way {
    /// There is none.
    None(&'static str),
    /// A request to it.
    Request { peer: Peer<RoleServer>, runtime: Handle, unwanted: CancellationToken },
    /// An answer that asks, and what came with the call.
    Rounds { brought: Option<Reply> },
}

/// How the client of a call can be asked. `is_alone` where nothing but the answer reaches it.
pub(crate) fn client(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    is_alone: bool,
) -> Arc<OfCall> {
    let can_ask = context
        .client_capabilities()
        .and_then(|capabilities| capabilities.elicitation)
        .is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none());
    let is_stateless = context.protocol_version().is_some_and(|version| !version.has_initialize());
    let way = match (can_ask, is_stateless) {
        (false, _) => Way::None("the client cannot ask"),
        (true, true) => Way::Rounds { brought: brought(request) },
        (true, false) if is_alone => Way::None("the client cannot be asked over HTTP in this revision"),
        (true, false) => {
            let (peer, unwanted) = (context.peer.clone(), context.ct.clone());
            Way::Request { peer, runtime: Handle::current(), unwanted }
        }
    };
    Arc::new(OfCall { way, asked: Mutex::default() })
}

impl OfCall {
    /// The question that goes out in place of a result.
    pub(crate) fn question(&self) -> Option<Question> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Client for OfCall {
    fn ask(&self, question: Question) -> Reply {
        match &self.way {
            Way::None(why) => Reply::Cannot(why),
            Way::Rounds { .. } => {
                *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(question);
                Reply::Later
            }
            Way::Request { peer, runtime, unwanted } => runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = unwanted.cancelled() => Reply::Cannot("the call was cancelled"),
                    reply = request(peer, &question) => reply,
                    () = tokio::time::sleep(PATIENCE) => Reply::Cannot("nobody answered the client's question in time"),
                }
            }),
        }
    }

    fn brought(&self) -> Option<Reply> {
        match &self.way {
            Way::Rounds { brought } => brought.clone(),
            _ => None,
        }
    }

    fn is_asking(&self) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

async fn request(peer: &Peer<RoleServer>, question: &Question) -> Reply {
    let Some(elicit) = elicit(question) else { return Reply::Cannot("the question could not be made") };
    match peer.send_request(ServerRequest::ElicitRequest(elicit)).await {
        Ok(ClientResult::ElicitResult(result)) => {
            serde_json::to_value(result).map_or(Reply::Refused, |result| reply(&result, None))
        }
        Ok(_) => Reply::Refused,
        Err(_) => Reply::Cannot("the client could not ask"),
    }
}

/// What came with a call. A state without an answer is none: then it is asked again.
fn brought(request: &CallToolRequestParams) -> Option<Reply> {
    let answer = request.input_responses.as_ref()?.get(CONFIRM)?;
    // An answer without what it answers is an answer to nothing.
    let state = request.request_state.clone().unwrap_or_default();
    Some(reply(answer, Some(state)))
}

fn reply(answer: &Json, state: Option<String>) -> Reply {
    let content = answer["content"].as_object().filter(|content| content.len() == 1);
    let decision = content.and_then(|content| content.get(DECISION)).and_then(Json::as_str);
    let choice = match decision.filter(|_| answer["action"] == "accept") {
        Some(ONCE) => Choice::Once,
        Some(SESSION) => Choice::Session,
        _ => return Reply::Refused,
    };
    Reply::Accepted { choice, state }
}

/// One required field without a default, so that a form that is sent back empty says nothing.
fn elicit(question: &Question) -> Option<ElicitRequest> {
    let mut choices = vec![ONCE.to_owned(), SESSION.to_owned(), DENY.to_owned()];
    choices.retain(|choice| question.for_session || choice != SESSION);
    let decision = EnumSchema::builder(choices).untitled().title("Decision").build();
    let requested_schema = ElicitationSchema::builder().required_enum_schema(DECISION, decision).build().ok()?;
    let message = question.text.clone();
    Some(ElicitRequest::new(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }))
}

/// The answer that asks.
pub(crate) fn input_required(question: Question) -> InputRequiredResult {
    let requests = elicit(&question)
        .map(|elicit| InputRequests::from_iter([(CONFIRM.to_owned(), InputRequest::Elicitation(elicit))]));
    InputRequiredResult::new(requests, Some(question.state))
}

#[cfg(test)]
mod tests {
    use super::{Choice, Question, Reply, elicit, reply};
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn check(answer: Json, expected: Option<Choice>) {
        let found = reply(&answer, None);
        let expected = expected.map_or(Reply::Refused, |choice| Reply::Accepted { choice, state: None });
        assert_eq!(found, expected, "{answer}");
    }

    /// MCP-51.
    #[test]
    fn anything_but_an_exact_allow_is_a_refusal() {
        let accepted = |decision: Json| json!({"action": "accept", "content": {"decision": decision}});
        check(accepted(json!("allow once")), Some(Choice::Once));
        check(accepted(json!("allow for this session")), Some(Choice::Session));
        for decision in [
            json!("deny"),
            json!("Allow once"),
            json!("allow once "),
            json!("yes"),
            json!(true),
            json!(null),
            json!(["allow once"]),
        ] {
            check(accepted(decision), None);
        }
        for answer in [
            json!(null),
            json!({}),
            json!({"action": "accept"}),
            json!({"action": "accept", "content": {}}),
            json!({"action": "accept", "content": "allow once"}),
            json!({"action": "accept", "content": {"decision": "allow once", "more": 1}}),
            json!({"action": "decline", "content": {"decision": "allow once"}}),
            json!({"action": "cancel"}),
            json!({"content": {"decision": "allow once"}}),
            json!("allow once"),
        ] {
            check(answer, None);
        }
    }

    /// MCP-50.
    #[test]
    fn the_form_has_one_required_field_and_no_default() {
        let form = |for_session| {
            let question = Question { text: "A call".to_owned(), for_session, state: String::new() };
            serde_json::to_value(elicit(&question).unwrap()).unwrap()["params"].clone()
        };
        let asked = form(true);
        assert_eq!(asked["message"], "A call");
        let schema = &asked["requestedSchema"];
        assert_eq!(schema["required"], json!(["decision"]));
        assert_eq!(schema["properties"]["decision"]["enum"], json!(["allow once", "allow for this session", "deny"]));
        assert!(schema["properties"]["decision"].get("default").is_none(), "{schema}");
        assert_eq!(form(false)["requestedSchema"]["properties"]["decision"]["enum"], json!(["allow once", "deny"]));
    }
}
