//! Which rule would decide about a call: nobody is asked, nothing is used up, and nothing is written down.

use super::{Call, Desk, admit, binding, changed, judged, prompt};
use crate::{Context, OpsError};
use mpp_policy::{Policy, consent::Receipt};
use mpp_schema::{Digest, MessageKeyId, PackageName, ToolName, Version, consent::Level, policy::Approve};
use serde::Serialize;

/// How a call would be decided about.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// The tool.
    pub tool: ToolName,
    /// The agent; nothing for one that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<MessageKeyId>,
    /// The level.
    pub level: Level,
    /// The rules that give it, in words.
    pub why: Vec<String>,
    /// What would be done.
    pub answer: Answer,
    /// The rule that decides, in words.
    pub rule: String,
    /// What changed since a call of this tool was confirmed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// Digest of the typed arguments.
    pub arguments: Digest,
    /// Digest of the grants in force.
    pub grants: Digest,
    /// What the tool may do, one sentence each.
    pub granted: Vec<String>,
    /// Lines for the policy that approve such calls beforehand; nothing where nobody would be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
}

/// What would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The call would be made without asking.
    Allowed,
    /// A person would be asked, once for this session.
    AskedOnce,
    /// A person would be asked, each time.
    Asked,
    /// The call would be refused.
    Refused,
}

/// Explains a call.
pub(crate) fn explain(
    context: &Context<'_>,
    desk: &Desk,
    policy: &Policy,
    call: &Call<'_>,
) -> Result<Explained, OpsError> {
    let judged = judged(desk, policy, call);
    let changed = changed::since_confirmed(&context.home, call)?;
    let prompt = prompt(call, &judged, changed.as_deref());
    let binding = binding(context.home.host_id()?, call, &judged, &prompt);
    let (answer, rule) = if let Err(error) = admit(policy, call, judged.level) {
        (Answer::Refused, format!("{} [{}]", error.message(), error.code()))
    } else if !judged.needs_a_person() {
        (Answer::Allowed, "nobody is asked about calls at L0 and L1".to_owned())
    } else if judged.once_a_session && desk.session.is_confirmed(binding.of_session()) {
        (Answer::Allowed, "it was confirmed before in this session".to_owned())
    } else if Receipt::by_policy(policy, &binding).is_some() {
        (Answer::Allowed, "the policy approves it beforehand".to_owned())
    } else if judged.once_a_session {
        (Answer::AskedOnce, "changes within what was granted are confirmed once a session".to_owned())
    } else {
        (Answer::Asked, "each call at this level is confirmed".to_owned())
    };
    let approve = judged.needs_a_person().then(|| Approve {
        digest: call.digest,
        tool: call.tool().clone(),
        grants: call.grants_digest,
        arguments: (judged.level >= Level::L4).then_some(binding.arguments),
        agent: binding.agent,
        level: judged.level,
    });
    let approve = approve.and_then(|approve| toml::to_string(&approve).ok());
    Ok(Explained {
        package: call.package().clone(),
        version: call.version().clone(),
        digest: call.digest,
        tool: call.tool().clone(),
        agent: binding.agent,
        level: judged.level,
        why: judged.why.clone(),
        answer,
        rule,
        arguments: binding.arguments,
        grants: call.grants_digest,
        granted: call.granted.to_vec(),
        approve: approve.map(|lines| format!("[[approve]]\n{lines}")),
        changed,
    })
}
