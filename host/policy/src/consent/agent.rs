//! Agents: who asks for a call, proved by a signature over that call, and delegations that only narrow (CONS-50 to CONS-58).

use super::{ConsentError, approval::check_time, payload};
use mpp_package::dsse::{self, Envelope, MessageKey, MessagePublicKey};
use mpp_schema::{
    Code, Digest, HostId, Instant, KeyId, MessageKeyId, PackageName, ToolName, codes,
    consent::{AGENT_CALL_TYPE, AgentCall, DELEGATION_TYPE, Delegation, Level},
    manifest,
};
use std::collections::BTreeSet;

/// How long a request counts at most, in seconds.
const CALL_SECONDS_MAX: u64 = 600;
/// How long a delegation counts at most, in seconds: 90 days.
const DELEGATION_SECONDS_MAX: u64 = 90 * 86_400;
/// How many delegations one request carries at most.
const LINKS_MAX: usize = 3;

/// An agent that a home knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAgent {
    /// What the user calls it.
    pub name: String,
    /// Its key.
    pub key: MessagePublicKey,
    /// Roles that the user gave it.
    pub roles: Vec<String>,
    /// Packages that it may call; nothing for every one.
    pub packages: Option<Vec<PackageName>>,
    /// The highest level of its calls.
    pub level: Level,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// The agents that a home knows.
#[derive(Debug, Clone, Default)]
pub struct Agents(pub Vec<KnownAgent>);

/// The call that an agent asks for, as the host sees it.
#[derive(Debug, Clone, Copy)]
pub struct CallOfAgent<'a> {
    /// The home.
    pub host: HostId,
    /// The time.
    pub now: Instant,
    /// The package.
    pub package: &'a PackageName,
    /// The tool.
    pub tool: &'a ToolName,
    /// Digest of the typed arguments.
    pub arguments: Digest,
}

/// Who asks, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The agent that signed.
    pub agent: MessageKeyId,
    /// What the user calls it, or the agent that it stands in for.
    pub name: String,
    /// Roles of the known agent.
    pub roles: Vec<String>,
    /// Names, or ids, of those who handed the request on, the first one first.
    pub delegation: Vec<String>,
    /// The highest level that it may ask for.
    pub level: Level,
    /// The request's nonce, to be used up like an approval's.
    pub nonce: Option<(mpp_schema::Nonce, Instant)>,
}

impl Agents {
    fn known(&self, id: MessageKeyId) -> Result<&KnownAgent, ConsentError> {
        let found = self.0.iter().find(|agent| agent.key.id() == id);
        match found {
            Some(agent) if agent.revoked => Err(unknown(format!("the agent `{}` was revoked", agent.name))),
            Some(agent) => Ok(agent),
            None => Err(unknown(format!("the agent {id} is not known here"))),
        }
    }

    /// An agent by name that the user started the host for: no signature proves it.
    ///
    /// # Errors
    /// `agent.unknown` when there is none, it was revoked, or may not call the package.
    pub fn configured(&self, name: &str, package: &PackageName) -> Result<Caller, ConsentError> {
        let found = self.0.iter().find(|agent| agent.name == name);
        let agent = found.ok_or_else(|| unknown(format!("no agent is called `{name}`")))?;
        let agent = self.known(agent.key.id())?;
        may_call(agent, package)?;
        Ok(agent.caller(agent.key.id(), Vec::new(), agent.level, None))
    }
}

impl KnownAgent {
    fn caller(
        &self,
        agent: MessageKeyId,
        delegation: Vec<String>,
        level: Level,
        nonce: Option<(mpp_schema::Nonce, Instant)>,
    ) -> Caller {
        let level = level.min(self.level);
        Caller { agent, name: self.name.clone(), roles: self.roles.clone(), delegation, level, nonce }
    }
}

fn unknown(why: String) -> ConsentError {
    ConsentError::agent(codes::AGENT_UNKNOWN, why)
}

fn broken(why: impl Into<String>) -> ConsentError {
    ConsentError::agent(codes::AGENT_DELEGATION, why)
}

fn may_call(agent: &KnownAgent, package: &PackageName) -> Result<(), ConsentError> {
    match &agent.packages {
        Some(packages) if !packages.contains(package) => {
            Err(unknown(format!("the agent `{}` may not call {package}", agent.name)))
        }
        _ => Ok(()),
    }
}

impl Caller {
    /// Whether the agent list of a package lets it in. A list narrows what the home allows and never widens it.
    ///
    /// # Errors
    /// `agent.unknown` when it does not.
    pub fn check_manifest(caller: Option<&Self>, agents: Option<&manifest::Agents>) -> Result<(), ConsentError> {
        let Some(list) = agents else { return Ok(()) };
        let fits = |caller: &Self, entry: &String| match entry.split_once(':') {
            Some(("name", name)) => name == caller.name && caller.delegation.is_empty(),
            Some(("key", key)) => key == caller.agent.to_string(),
            Some(("role", role)) => caller.roles.iter().any(|of| of == role),
            _ => false,
        };
        match caller {
            Some(caller) if list.allow.iter().any(|entry| fits(caller, entry)) => Ok(()),
            Some(caller) => Err(unknown(format!("the package does not list the agent `{}`", caller.name))),
            None => Err(unknown("the package lists its agents, and this one is anonymous".to_owned())),
        }
    }
}

/// Signs a request of an agent.
///
/// # Errors
/// `agent.malformed` when it would not be read again.
pub fn sign_call(call: &AgentCall, key: &MessageKey) -> Result<String, ConsentError> {
    sign(AGENT_CALL_TYPE, call, key)
}

/// Signs a delegation.
///
/// # Errors
/// `agent.malformed` when it would not be read again.
pub fn delegate(delegation: &Delegation, key: &MessageKey) -> Result<String, ConsentError> {
    sign(DELEGATION_TYPE, delegation, key)
}

fn sign(kind: &str, document: &impl serde::Serialize, key: &MessageKey) -> Result<String, ConsentError> {
    let failed = |why: String| ConsentError::agent(codes::AGENT_MALFORMED, why);
    let payload = serde_json::to_vec(document).map_err(|error| failed(error.to_string()))?;
    dsse::sign(kind, &payload, key).map_err(|error| failed(error.to_string()))
}

/// Who asks for `call`, by the envelope of the request. The nonce is not used up here.
///
/// # Errors
/// [`ConsentError::Agent`] with the first reason why the request does not count.
pub fn verify_call(envelope: &str, call: &CallOfAgent<'_>, agents: &Agents) -> Result<Caller, ConsentError> {
    let message = Envelope::read(envelope.as_bytes()).map_err(|error| ConsentError::agent_message(&error))?;
    // Read without proof, only to find the key; everything is read again from what was verified.
    let claimed = message.key_id();
    let peek = peek(envelope)?;
    let chain = Chain::verify(&peek.delegation, claimed, call, agents)?;
    let verified = message.verify(AGENT_CALL_TYPE, &chain.key).map_err(|error| ConsentError::agent_message(&error))?;
    let malformed = |why| ConsentError::agent(codes::AGENT_MALFORMED, why);
    let request: AgentCall = payload::read(verified.payload()).map_err(malformed)?;
    let fail = |code: Code, why: &str| Err(ConsentError::agent(code, why));
    if request.agent != claimed || request.delegation != peek.delegation {
        return fail(codes::AGENT_SIGNATURE, "it names another agent than the one that signed it");
    }
    if request.host != call.host {
        return fail(codes::AGENT_AUDIENCE, "it was made for another home");
    }
    check_time(request.issued, request.expires, call.now, CALL_SECONDS_MAX)
        .map_err(|why| ConsentError::agent(codes::AGENT_TIME, why))?;
    if request.package != *call.package || request.tool != *call.tool || request.arguments != call.arguments {
        return fail(codes::AGENT_BINDING, "it asks for another package, tool or other arguments");
    }
    may_call(chain.root, call.package)?;
    Ok(chain.root.caller(claimed, chain.names, chain.level, Some((request.nonce, request.expires))))
}

/// The payload of an envelope that nobody verified yet.
fn peek(envelope: &str) -> Result<AgentCall, ConsentError> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let malformed = || ConsentError::agent(codes::AGENT_MALFORMED, "its payload is not a request of an agent");
    let fields: serde_json::Value = serde_json::from_str(envelope).map_err(|_| malformed())?;
    let text = fields["payload"].as_str().ok_or_else(malformed)?;
    let bytes = STANDARD.decode(text).map_err(|_| malformed())?;
    payload::read(&bytes).map_err(|_| malformed())
}

struct Chain<'a> {
    root: &'a KnownAgent,
    key: MessagePublicKey,
    names: Vec<String>,
    level: Level,
}

impl<'a> Chain<'a> {
    fn verify(
        links: &[String],
        last: MessageKeyId,
        call: &CallOfAgent<'_>,
        agents: &'a Agents,
    ) -> Result<Self, ConsentError> {
        if links.len() > LINKS_MAX {
            return Err(broken(format!("it has {} links, at most {LINKS_MAX} are allowed", links.len())));
        }
        let Some(first) = links.first() else {
            let root = agents.known(last)?;
            return Ok(Self { root, key: root.key, names: Vec::new(), level: Level::L4 });
        };
        let envelope = Envelope::read(first.as_bytes()).map_err(|error| broken(error.to_string()))?;
        let root = agents.known(envelope.key_id())?;
        let mut chain = Self { root, key: root.key, names: vec![root.name.clone()], level: root.level };
        let mut seen = BTreeSet::from([root.key.id()]);
        let mut above: Option<Delegation> = None;
        for (position, link) in links.iter().enumerate() {
            let link = read_link(link, &chain.key)?;
            check_link(&link, above.as_ref(), root, call)?;
            chain.key = link.to.parse().map_err(|error: dsse::DsseError| broken(error.to_string()))?;
            chain.level = chain.level.min(link.level);
            if !seen.insert(chain.key.id()) {
                return Err(broken("it leads back to an agent that it came from"));
            }
            // Somebody in between may be known and taken back.
            if let Some(known) = agents.0.iter().find(|agent| agent.key.id() == chain.key.id()) {
                agents.known(known.key.id())?;
            }
            if position + 1 < links.len() {
                chain.names.push(chain.key.id().to_string());
            }
            above = Some(link);
        }
        if chain.key.id() != last {
            return Err(broken("it does not lead to the agent that asks"));
        }
        Ok(chain)
    }
}

fn read_link(text: &str, by: &MessagePublicKey) -> Result<Delegation, ConsentError> {
    let message = dsse::verify(text.as_bytes(), DELEGATION_TYPE, by).map_err(|error| broken(error.to_string()))?;
    let link: Delegation = payload::read(message.payload()).map_err(broken)?;
    if link.from != by.id() {
        return Err(broken("a link names another agent than the one that signed it"));
    }
    Ok(link)
}

fn check_link(
    link: &Delegation,
    above: Option<&Delegation>,
    root: &KnownAgent,
    call: &CallOfAgent<'_>,
) -> Result<(), ConsentError> {
    if link.host != call.host {
        return Err(broken("a link was made for another home"));
    }
    check_time(link.issued, link.expires, call.now, DELEGATION_SECONDS_MAX).map_err(broken)?;
    let level = above.map_or(root.level, |above| above.level);
    let packages = above.map_or(root.packages.as_ref(), |above| above.packages.as_ref());
    let tools = above.and_then(|above| above.tools.as_ref());
    let expires = above.is_none_or(|above| link.expires <= above.expires);
    if link.level > level
        || !expires
        || !narrows(link.packages.as_ref(), packages)
        || !narrows(link.tools.as_ref(), tools)
    {
        return Err(broken("a link allows more than the one before it"));
    }
    let covers = link.packages.as_ref().is_none_or(|list| list.contains(call.package))
        && link.tools.as_ref().is_none_or(|list| list.contains(call.tool));
    if covers { Ok(()) } else { Err(broken("a link does not cover this package or tool")) }
}

/// Whether `inner` holds nothing that `outer` does not. No list means everything.
fn narrows<T: PartialEq>(inner: Option<&Vec<T>>, outer: Option<&Vec<T>>) -> bool {
    match (inner, outer) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(inner), Some(outer)) => inner.iter().all(|item| outer.contains(item)),
    }
}

/// The id under which tools of one publisher know an agent: stable, and worth nothing to those of another (CONS-57). `secret` is the home's own.
pub fn pairwise_id(secret: &[u8; 32], agent: MessageKeyId, publisher: KeyId) -> String {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"mpp-pairwise-v1").update(agent.as_bytes()).update(publisher.as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests;
