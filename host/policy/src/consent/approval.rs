//! Approvals: signed proof that a person allowed exactly one call, and the one road from it to a [`Receipt`] (CONS-30 to CONS-36).

use super::{ConsentError, Prompt, SKEW_SECONDS, payload};
use mpp_package::dsse::{self, DsseError, Envelope, MessageKey, MessagePublicKey};
use mpp_schema::{
    Digest, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, ToolName,
    consent::{APPROVAL_TYPE, Approval, Level, Surface},
};

/// How long an approval counts at most, in seconds.
const LIFE_SECONDS_MAX: u64 = 600;

/// Everything of a call that an approval is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding<'a> {
    /// The home.
    pub host: HostId,
    /// Digest of the package.
    pub package: Digest,
    /// The publisher.
    pub publisher: KeyId,
    /// The tool.
    pub tool: &'a ToolName,
    /// Digest of the typed arguments.
    pub arguments: Digest,
    /// Digest of the grants in force.
    pub grants: Digest,
    /// The agent.
    pub agent: Option<MessageKeyId>,
    /// The level.
    pub level: Level,
    /// Digest of the text that is shown about it.
    pub shown: Digest,
}

/// Where the use of approvals is recorded, durably.
pub trait Uses {
    /// The identity of the ledger.
    ///
    /// # Errors
    /// [`ConsentError::Store`] when it cannot be opened.
    fn id(&self) -> Result<LedgerId, ConsentError>;
    /// Records a use so that no crash forgets it, before anything is done with it.
    ///
    /// # Errors
    /// [`ConsentError::Replayed`] when it was recorded before, [`ConsentError::Store`] when it cannot be recorded.
    fn consume(&self, nonce: Nonce, expires: Instant) -> Result<(), ConsentError>;
}

/// A way to ask a person.
pub trait Ask {
    /// Asks, and waits for the answer.
    fn ask(&self, prompt: &Prompt, call: &Binding<'_>) -> Answer;
}

/// What came of asking. "No" and "nobody could be asked" are different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A person did what was asked for.
    Allowed(Surface),
    /// Somebody approved elsewhere: the envelope.
    Approved(String),
    /// A person said no, or not what was asked for, or nothing in time.
    Refused(&'static str),
    /// There was nobody to ask.
    Nobody(String),
}

/// The proof that a call may be made. It counts once: whoever makes the call takes it by value.
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt {
    level: Level,
    approval: Option<(Box<Approval>, String)>,
}

impl Receipt {
    /// For a call that nobody is asked about: at most [`Level::L1`].
    pub fn silent(judged: &super::Judged) -> Option<Self> {
        (!judged.needs_a_person()).then_some(Self { level: judged.level, approval: None })
    }

    /// For a change that was confirmed before in this session, for the same package, tool, grants and agent.
    pub fn confirmed_before(judged: &super::Judged, confirmed: Digest, now: Digest) -> Option<Self> {
        (judged.once_a_session && confirmed == now).then_some(Self { level: judged.level, approval: None })
    }

    /// For a call that the policy approved beforehand.
    pub fn by_policy(policy: &crate::Policy, call: &Binding<'_>) -> Option<Self> {
        policy.approves(call, call.level).then_some(Self { level: call.level, approval: None })
    }

    /// For a change that the client of the caller says somebody accepted: never more than [`Level::L2`], and no approval.
    pub fn reported(judged: &super::Judged) -> Option<Self> {
        (judged.level <= Level::L2).then_some(Self { level: judged.level, approval: None })
    }

    /// The level.
    pub fn level(&self) -> Level {
        self.level
    }
    /// The approval, where a person gave one.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref().map(|(approval, _)| &**approval)
    }
    /// Its envelope: what a tool can pass on.
    pub fn envelope(&self) -> Option<&str> {
        self.approval.as_ref().map(|(_, envelope)| envelope.as_str())
    }
}

impl Binding<'_> {
    /// What a confirmation of a session is remembered under: all but the arguments and what was shown.
    pub fn of_session(&self) -> Digest {
        let Self { host, package, publisher, tool, grants, agent, level, .. } = self;
        let agent = agent.map(|agent| agent.to_string()).unwrap_or_default();
        let text = format!("mpp-confirmed-v1\n{host}\n{package}\n{publisher}\n{tool}\n{grants}\n{agent}\n{level}\n");
        Digest::of(text.as_bytes())
    }

    /// What a question about this very call is known by.
    pub fn id(&self) -> Digest {
        let (session, Self { arguments, shown, .. }) = (self.of_session(), self);
        Digest::of(format!("mpp-question-v1\n{session}\n{arguments}\n{shown}\n").as_bytes())
    }

    /// An approval of this call that counts for `seconds` from `now`.
    pub fn approval(
        &self,
        ledger: LedgerId,
        nonce: Nonce,
        key: MessageKeyId,
        surface: Surface,
        now: Instant,
        seconds: u64,
    ) -> Approval {
        Approval {
            mpp: mpp_schema::FormatVersion::CURRENT,
            approver: key,
            host: self.host,
            ledger,
            nonce,
            issued: now,
            expires: now.plus_seconds(seconds),
            package: self.package,
            publisher: self.publisher,
            tool: self.tool.clone(),
            arguments: self.arguments,
            grants: self.grants,
            agent: self.agent,
            level: self.level,
            surface,
            shown: self.shown,
        }
    }

    fn differs_from(&self, approval: &Approval) -> Option<&'static str> {
        let same = [
            ("package", self.package == approval.package),
            ("publisher", self.publisher == approval.publisher),
            ("tool", *self.tool == approval.tool),
            ("arguments", self.arguments == approval.arguments),
            ("grants", self.grants == approval.grants),
            ("agent", self.agent == approval.agent),
            ("level", self.level == approval.level),
            ("shown", self.shown == approval.shown),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}

/// Signs an approval; gives the envelope's text.
///
/// # Errors
/// [`ConsentError::Malformed`] when it would not be read again.
pub fn sign_approval(approval: &Approval, key: &MessageKey) -> Result<String, ConsentError> {
    let failed = |why: String| ConsentError::Malformed(why);
    let payload = serde_json::to_vec(approval).map_err(|error| failed(error.to_string()))?;
    dsse::sign(APPROVAL_TYPE, &payload, key).map_err(|error| failed(error.to_string()))
}

/// Verifies an approval of exactly `call`, uses it up, and gives the receipt. Nothing is recorded of an approval that does not fit.
///
/// # Errors
/// [`ConsentError`] with the first reason why it does not count.
pub fn redeem(
    envelope: &str,
    call: &Binding<'_>,
    approvers: &[MessagePublicKey],
    now: Instant,
    uses: &dyn Uses,
) -> Result<Receipt, ConsentError> {
    let approval = read_approval(envelope, approvers)?;
    if approval.host != call.host {
        return Err(ConsentError::Audience("home"));
    }
    if approval.ledger != uses.id()? {
        return Err(ConsentError::Audience("ledger"));
    }
    check_time(approval.issued, approval.expires, now, LIFE_SECONDS_MAX).map_err(ConsentError::Time)?;
    if let Some(field) = call.differs_from(&approval) {
        return Err(ConsentError::Binding(field));
    }
    uses.consume(approval.nonce, approval.expires)?;
    Ok(Receipt { level: call.level, approval: Some((Box::new(approval), envelope.to_owned())) })
}

/// The approval in an envelope that one of `approvers` signed. Says nothing about time, place and use: that is for the host that makes the call.
///
/// # Errors
/// [`ConsentError::Malformed`] or [`ConsentError::Key`].
pub fn read_approval(envelope: &str, approvers: &[MessagePublicKey]) -> Result<Approval, ConsentError> {
    let malformed = |error: DsseError| ConsentError::Malformed(error.to_string());
    let read = Envelope::read(envelope.as_bytes()).map_err(malformed)?;
    let id = read.key_id();
    let key = approvers.iter().find(|key| key.id() == id).ok_or(ConsentError::Key)?;
    let message = read.verify(APPROVAL_TYPE, key).map_err(|_| ConsentError::Key)?;
    let approval: Approval = payload::read(message.payload()).map_err(ConsentError::Malformed)?;
    if approval.approver != id {
        return Err(ConsentError::Key);
    }
    Ok(approval)
}

/// Whether now lies between two moments that are at most `max` seconds apart.
pub(super) fn check_time(issued: Instant, expires: Instant, now: Instant, max: u64) -> Result<(), &'static str> {
    if expires <= issued || expires > issued.plus_seconds(max) {
        return Err("it counts for longer than is allowed, or never");
    }
    if issued > now.plus_seconds(SKEW_SECONDS) {
        return Err("it comes from the future");
    }
    if now >= expires {
        return Err("its time is over");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
