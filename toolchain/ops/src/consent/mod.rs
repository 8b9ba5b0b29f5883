//! Whether one call may be made: its level, who asks, whether a person must say yes and did, and the record of it. The one road for every
//! call, from a command line and from an agent.
//!
//! What is decided is decided in `mpp-policy`; here are the files, the terminal and the order of things: look, ask, use the approval up, write
//! it down, and only then call (CONS-30 to CONS-38).

mod changed;
mod client;
mod desk;
mod elsewhere;
pub(crate) mod explain;
mod record;
pub(crate) mod terminal;

pub(crate) use changed::words as changed_tools;
pub(crate) use desk::Desk;
pub use explain::Explained;
pub(crate) use explain::explain;
pub(crate) use mpp_policy::consent::arguments_digest;
pub(crate) use record::AuditUnwritable;

use client::Reported;

use crate::{Context, OpsError, agents::Asking};
use mpp_host::Cancel;
use mpp_policy::{
    Grants, Policy,
    consent::{
        Answer, Ask, Binding, Caller, ConsentError, Considered, Judged, Prompt, Receipt, Shown, Uses as _, judge,
        redeem, sign_approval,
    },
};
use mpp_schema::{
    Digest, HostId, KeyId, Nonce, PackageName, ToolName, Version,
    consent::{Level, Surface},
    manifest::Manifest,
    tools::ToolDefinition,
};
use std::sync::Arc;

/// How long an approval counts that was given on this terminal or for a call that waits, in seconds.
const APPROVAL_SECONDS: u64 = 60;

/// The call that is asked about.
pub(crate) struct Call<'a> {
    /// The package.
    pub(crate) manifest: &'a Manifest,
    /// Its digest.
    pub(crate) digest: Digest,
    /// The known key with the best standing that signed it.
    pub(crate) publisher: KeyId,
    /// The tool, as it was signed.
    pub(crate) tool: &'a ToolDefinition,
    /// The typed arguments in their one text.
    pub(crate) arguments: &'a str,
    /// How many items the longest list in them has.
    pub(crate) items: usize,
    /// What it may do.
    pub(crate) grants: &'a Grants,
    /// Digest of that.
    pub(crate) grants_digest: Digest,
    /// The same in sentences.
    pub(crate) granted: &'a [String],
    /// Who asks.
    pub(crate) asking: &'a Asking,
    /// Stops the wait for an answer.
    pub(crate) cancel: Option<&'a Cancel>,
    /// The client of the caller, which may be able to ask a person.
    pub(crate) client: Option<&'a dyn mpp_mcp::Client>,
}

impl Call<'_> {
    fn package(&self) -> &PackageName {
        &self.manifest.name
    }
    fn version(&self) -> &Version {
        &self.manifest.version
    }
    fn tool(&self) -> &ToolName {
        &self.tool.name
    }
    fn caller(&self) -> Option<&Caller> {
        self.asking.caller.as_ref()
    }

    /// Digest of the typed arguments (CONS-10).
    fn arguments_digest(&self) -> Digest {
        arguments_digest(self.arguments)
    }
}

/// A call that may be made, once.
pub(crate) struct Allowed {
    pub(crate) receipt: Arc<Receipt>,
    /// The number of its decision in the log, where that could be written.
    pub(crate) record: Option<u64>,
}

/// Decides about a call, and writes down what was decided.
///
/// # Errors
/// The code of why the call is not made. "Nobody could be asked" is `hitl.unavailable`, or `approval.changed` where something else was
/// approved before.
pub(crate) fn decide(
    context: &Context<'_>,
    desk: &Desk,
    policy: &Policy,
    call: &Call<'_>,
) -> Result<Allowed, OpsError> {
    let judged = judged(desk, policy, call);
    let decided = admit(policy, call, judged.level)
        .and_then(|()| desk.check_request(context, call))
        .and_then(|()| allow(context, desk, policy, call, &judged));
    let (receipt, rule) = match decided {
        Ok(found) => found,
        Err(error) => {
            // A question on its way is not an answer.
            if !call.client.is_some_and(mpp_mcp::Client::is_asking) {
                desk.refused(context, call, &judged, &error);
            }
            return Err(error);
        }
    };
    let record = desk.allowed(context, call, &judged, &receipt, rule)?;
    let history = desk.session.history().after(call.grants);
    if let Err(error) = desk.session.note(history, context.now) {
        // A session that forgets what it read would ask too little later.
        if judged.needs_a_person() || !call.grants.http().is_empty() {
            let error = AuditUnwritable(error.to_string());
            desk.not_begun(context, record, &error);
            return Err(error.into());
        }
    }
    Ok(Allowed { receipt: Arc::new(receipt), record })
}

/// Records that a call is not made because nobody can tell who asks for it; gives the error back.
pub(crate) fn turned_away(
    context: &Context<'_>,
    desk: &Desk,
    policy: &Policy,
    call: &Call<'_>,
    error: OpsError,
) -> OpsError {
    desk.refused(context, call, &judged(desk, policy, call), &error);
    error
}

/// The level of a call, and why.
pub(crate) fn judged(desk: &Desk, policy: &Policy, call: &Call<'_>) -> Judged {
    let considered = Considered {
        package: call.package(),
        tool: call.tool(),
        grants: call.grants,
        declared: call.manifest.tools.get(call.tool()).map(|tool| tool.risk),
        items: call.items,
        // What computes only is not changed by what came before.
        history: if call.grants.is_empty() { Default::default() } else { desk.session.history() },
        agent: call.caller().map(|caller| caller.agent),
    };
    judge(&considered, policy)
}

/// Whether this caller may ask for such a call at all.
fn admit(policy: &Policy, call: &Call<'_>, level: Level) -> Result<(), OpsError> {
    Caller::check_manifest(call.caller(), call.manifest.agents.as_ref())?;
    let highest = call.caller().map_or(policy.anonymous(), |caller| caller.level);
    if level > highest {
        return Err(ConsentError::too_high(call.caller(), call.tool(), level, highest).into());
    }
    Ok(())
}

/// The receipt of a call, and the rule that decided.
fn allow(
    context: &Context<'_>,
    desk: &Desk,
    policy: &Policy,
    call: &Call<'_>,
    judged: &Judged,
) -> Result<(Receipt, String), OpsError> {
    let why = judged.why.join("; ");
    if let Some(receipt) = Receipt::silent(judged) {
        return Ok((receipt, why));
    }
    desk.check_writable(context)?;
    let host = context.home.host_id()?;
    let changed = changed::since_confirmed(&context.home, call)?;
    let prompt = prompt(call, judged, changed.as_deref());
    let binding = binding(host, call, judged, &prompt);
    let session = binding.of_session();
    if judged.once_a_session
        && desk.session.is_confirmed(session)
        && let Some(receipt) = Receipt::confirmed_before(judged, session, session)
    {
        return Ok((receipt, format!("{why}; it was confirmed before in this session")));
    }
    if let Some(receipt) = Receipt::by_policy(policy, &binding) {
        return Ok((receipt, format!("{why}; the policy approves it beforehand")));
    }
    let asked = Asked { context, desk, policy, call, judged, prompt: &prompt, binding: &binding, changed }.ask()?;
    changed::remember(&context.home, call, judged.level)?;
    if judged.once_a_session && asked.for_session {
        desk.session.confirm(session, context.now);
    }
    let rule = if asked.by_client { format!("{why}; {}", record::reported(call)) } else { why };
    Ok((asked.receipt, rule))
}

/// What a person is shown about a call.
fn prompt(call: &Call<'_>, judged: &Judged, changed: Option<&str>) -> Prompt {
    Prompt::new(&Shown {
        package: call.package(),
        version: call.version(),
        digest: call.digest,
        publisher: call.publisher,
        tool: call.tool(),
        arguments: call.arguments,
        granted: call.granted,
        agent: call.caller().map(|caller| (caller.agent, caller.name.as_str())),
        level: judged.level,
        why: &judged.why,
        changed,
    })
}

/// What an approval of a call is bound to.
fn binding<'a>(host: HostId, call: &'a Call<'_>, judged: &Judged, prompt: &Prompt) -> Binding<'a> {
    Binding {
        host,
        package: call.digest,
        publisher: call.publisher,
        tool: call.tool(),
        arguments: call.arguments_digest(),
        grants: call.grants_digest,
        agent: call.caller().map(|caller| caller.agent),
        level: judged.level,
        shown: prompt.digest(),
    }
}

/// A call that a person has to be asked about.
struct Asked<'a> {
    context: &'a Context<'a>,
    desk: &'a Desk,
    policy: &'a Policy,
    call: &'a Call<'a>,
    judged: &'a Judged,
    prompt: &'a Prompt,
    binding: &'a Binding<'a>,
    changed: Option<String>,
}

/// The answer of a person, or what is reported as one.
struct Confirmed {
    receipt: Receipt,
    /// Such calls are confirmed for as long as the session lasts, where their level allows it.
    for_session: bool,
    /// A client reported it.
    by_client: bool,
}

impl Asked<'_> {
    fn ask(&self) -> Result<Confirmed, OpsError> {
        let elsewhere = elsewhere::Elsewhere::new(self)?;
        // Somebody may have answered before the call was made again.
        let mut answer = elsewhere.given();
        if matches!(answer, Answer::Nobody(_)) {
            if let Some(Reported::Accepted(receipt, for_session)) = self.brought()? {
                elsewhere.forget();
                return Ok(Confirmed { receipt, for_session, by_client: true });
            }
            self.spend(&elsewhere)?;
            answer = self.on_terminal();
        }
        if matches!(answer, Answer::Nobody(_)) {
            answer = match self.by_client()? {
                Reported::Accepted(receipt, for_session) => {
                    elsewhere.forget();
                    return Ok(Confirmed { receipt, for_session, by_client: true });
                }
                Reported::Nobody(why) if self.call.client.is_some_and(mpp_mcp::Client::is_asking) => {
                    Answer::Nobody(why.to_owned())
                }
                Reported::Nobody(why) => elsewhere.ask(why),
            };
        }
        let receipt = self.receipt(&elsewhere, answer)?;
        Ok(Confirmed { receipt, for_session: true, by_client: false })
    }

    /// One question more. What is asked already counts once.
    fn spend(&self, elsewhere: &elsewhere::Elsewhere<'_>) -> Result<(), OpsError> {
        if elsewhere.is_asked() {
            return Ok(());
        }
        let tool = self.call.tool().to_string();
        match self.context.home.count_question(self.binding.agent, self.context.now)? {
            Ok(()) => Ok(()),
            Err(asked) => Err(ConsentError::Budget { tool, asked }.into()),
        }
    }

    fn on_terminal(&self) -> Answer {
        if !self.policy.trusts_own_approver() {
            return Answer::Nobody("the policy takes approvals from elsewhere only".to_owned());
        }
        match terminal::OnTerminal::new(self.context, self.judged.level, self.call) {
            Some(terminal) => terminal.ask(self.prompt, self.binding),
            None => Answer::Nobody("no random code could be made".to_owned()),
        }
    }

    fn receipt(&self, elsewhere: &elsewhere::Elsewhere<'_>, answer: Answer) -> Result<Receipt, OpsError> {
        let tool = || self.call.tool().to_string();
        let envelope = match answer {
            Answer::Allowed(surface) => self.sign(surface)?,
            Answer::Approved(envelope) => envelope,
            Answer::Refused(why) => return Err(ConsentError::Denied { tool: tool(), why }.into()),
            Answer::Nobody(why) => return Err(self.nobody(elsewhere, why)),
        };
        let receipt = self.redeem(&envelope);
        elsewhere.forget();
        receipt
    }

    fn nobody(&self, elsewhere: &elsewhere::Elsewhere<'_>, why: String) -> OpsError {
        let (tool, help) = (self.call.tool().to_string(), elsewhere.help());
        let changed = self.changed.clone();
        let by_policy = || self.policy.approved_otherwise(self.binding).then(|| "the package or its grants".to_owned());
        match changed.or_else(by_policy) {
            Some(what) => {
                let mut error = OpsError::from(ConsentError::Changed { tool, what });
                for line in help.into_iter().rev() {
                    error = error.hint(line);
                }
                error
            }
            None => ConsentError::Unavailable { tool, why, help }.into(),
        }
    }

    /// Signs what was answered here, by the approver key of this home.
    fn sign(&self, surface: Surface) -> Result<String, OpsError> {
        let (key, locked) = self.context.home.approver_key(self.context.passwords)?;
        let surface = if locked && surface == Surface::Terminal { Surface::TerminalLocked } else { surface };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| ConsentError::Store(error.to_string()))?;
        let (ledger, now) = (self.context.home.used_approvals()?.id()?, self.context.time());
        let nonce = Nonce::from_bytes(nonce);
        let approval = self.binding.approval(ledger, nonce, key.public().id(), surface, now, APPROVAL_SECONDS);
        Ok(sign_approval(&approval, &key)?)
    }

    fn redeem(&self, envelope: &str) -> Result<Receipt, OpsError> {
        let home = &self.context.home;
        let own = home.approver()?.filter(|_| self.policy.trusts_own_approver());
        let mut approvers: Vec<_> = own.map(|own| own.public).into_iter().collect();
        approvers.extend(self.policy.approvers().iter().map(|(_, key)| *key));
        Ok(redeem(envelope, self.binding, &approvers, self.context.time(), &home.used_approvals()?)?)
    }
}
