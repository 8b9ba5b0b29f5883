//! The client of the caller as a messenger: it may carry a confirmation of a change within what was granted, and never more, because clients are known
//! that answer by themselves (CONS-26, MCP-50 to MCP-54).

use super::Asked;
use crate::OpsError;
use mpp_mcp::{Choice, Question, Reply};
use mpp_policy::consent::{ConsentError, Receipt};
use mpp_schema::{Digest, Instant, consent::Level};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// How long a question that went out can be answered, in seconds.
const STATE_SECONDS: u64 = 600;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 16;

/// What came of the client.
pub(super) enum Reported {
    /// It says that somebody accepted; "for this session" or not.
    Accepted(Receipt, bool),
    /// Nobody was asked, and why.
    Nobody(&'static str),
}

impl Asked<'_> {
    /// The answer that the client brought with this call; nothing when it brought none.
    pub(super) fn brought(&self) -> Result<Option<Reported>, OpsError> {
        match (self.may_report(), self.call.client.and_then(|client| client.brought())) {
            (Ok(()), Some(reply)) => self.reported(reply).map(Some),
            _ => Ok(None),
        }
    }

    /// Has the client ask.
    pub(super) fn by_client(&self) -> Result<Reported, OpsError> {
        let Some(client) = self.call.client else { return Ok(Reported::Nobody("there is no terminal to ask on")) };
        if let Err(why) = self.may_report() {
            return Ok(Reported::Nobody(why));
        }
        let question = Question {
            text: self.prompt.text().to_owned(),
            for_session: self.judged.once_a_session,
            state: self.desk.states.make(self.binding.id(), self.context.time())?,
        };
        self.reported(client.ask(question))
    }

    /// What a client says counts up to L2, and not where the policy takes approvals from elsewhere only.
    fn may_report(&self) -> Result<(), &'static str> {
        if self.judged.level > Level::L2 {
            return Err("a call of this level is approved by the user, not through a client");
        }
        if !self.policy.trusts_own_approver() {
            return Err("the policy takes approvals from elsewhere only");
        }
        Ok(())
    }

    fn reported(&self, reply: Reply) -> Result<Reported, OpsError> {
        let denied = |why| Err(ConsentError::Denied { tool: self.call.tool().to_string(), why }.into());
        match reply {
            Reply::Accepted { choice, state } => {
                let time = self.context.time();
                let counts = state.map_or(Ok(()), |state| self.desk.states.redeem(&state, self.binding.id(), time));
                match (counts, Receipt::reported(self.judged)) {
                    (Ok(()), Some(receipt)) => Ok(Reported::Accepted(receipt, choice == Choice::Session)),
                    (Err(why), _) => denied(why),
                    (_, None) => denied("a client cannot confirm a call of this level"),
                }
            }
            Reply::Refused => denied("the client reported that it was not accepted"),
            Reply::Cannot(why) => Ok(Reported::Nobody(why)),
            Reply::Later => Ok(Reported::Nobody("the client was told to ask, and to call again")),
        }
    }
}

/// What goes out with a question and comes back with its answer: sealed by a key that this session alone has, bound to everything that an approval is
/// bound to, and used once. It dies with the session, so nothing of it is kept.
pub(super) struct States {
    key: [u8; KEY_BYTES],
    used: Mutex<BTreeMap<String, Instant>>,
}

impl States {
    pub(super) fn new() -> Result<Self, OpsError> {
        Ok(Self { key: random()?, used: Mutex::default() })
    }

    fn make(&self, question: Digest, now: Instant) -> Result<String, OpsError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let expires = now.plus_seconds(STATE_SECONDS).unix_seconds();
        let seal = self.seal(question, &nonce, expires).to_hex();
        Ok(format!("{nonce}.{expires}.{seal}"))
    }

    fn redeem(&self, state: &str, question: Digest, now: Instant) -> Result<(), &'static str> {
        const OTHER: &str = "the state of the request is not the one that was given for this call";
        let mut parts = state.split('.');
        let (Some(nonce), Some(expires), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(OTHER);
        };
        let expires: i64 = expires.parse().map_err(|_| OTHER)?;
        let seal = blake3::Hash::from_hex(seal).map_err(|_| OTHER)?;
        // Compared in a time that tells nothing.
        if self.seal(question, nonce, expires) != seal {
            return Err(OTHER);
        }
        if now.unix_seconds() >= expires {
            return Err("the question was answered too late");
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, expires| *expires > now);
        match used.insert(nonce.to_owned(), now.plus_seconds(STATE_SECONDS)) {
            None => Ok(()),
            Some(_) => Err("the answer was used before"),
        }
    }

    fn seal(&self, question: Digest, nonce: &str, expires: i64) -> blake3::Hash {
        blake3::keyed_hash(&self.key, format!("mpp-request-state-v1\n{question}\n{nonce}\n{expires}").as_bytes())
    }
}

fn random<const N: usize>() -> Result<[u8; N], ConsentError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| ConsentError::Store(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::States;
    use mpp_schema::{Digest, Instant};

    /// MCP-53: bound to the call, to the session and to a time, and used once.
    #[test]
    fn a_state_counts_once_for_one_question() {
        let (one, other) = (States::new().unwrap(), States::new().unwrap());
        let (call, now) = (Digest::of(b"call"), Instant::from_unix_seconds(1_800_000_000).unwrap());
        let state = one.make(call, now).unwrap();
        assert!(one.redeem(&state, Digest::of(b"another"), now).is_err());
        assert!(other.redeem(&state, call, now).is_err(), "another session");
        assert!(one.redeem(&state, call, now.plus_seconds(600)).is_err(), "too late");
        let parts: Vec<&str> = state.split('.').collect();
        let longer = format!("{}.{}.{}", parts[0], now.plus_seconds(9_999).unix_seconds(), parts[2]);
        let renamed = format!("{}.{}.{}", "0".repeat(32), parts[1], parts[2]);
        for wrong in ["", ".", "..", &longer, &renamed, &format!("{state}."), &state[..state.len() - 1]] {
            assert!(one.redeem(wrong, call, now).is_err(), "{wrong}");
        }
        assert_eq!(one.redeem(&state, call, now.plus_seconds(599)), Ok(()));
        assert_eq!(one.redeem(&state, call, now), Err("the answer was used before"));
    }
}
