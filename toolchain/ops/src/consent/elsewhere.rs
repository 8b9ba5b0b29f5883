//! Somebody elsewhere: a question waits in the home until `mpp approve` answers it, in another window or on another machine.

use super::Asked;
use crate::{
    Context, OpsError,
    home::waiting::{Answered, QUESTION_SECONDS, QuestionId, Waiting},
};
use mpp_policy::consent::{Answer, Uses as _};
use mpp_schema::FormatVersion;
use std::{thread, time::Duration};

/// How often an answer is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// The place where a question waits.
pub(super) struct Elsewhere<'a> {
    asked: &'a Asked<'a>,
    question: Waiting,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn new(asked: &'a Asked<'a>) -> Result<Self, OpsError> {
        let Asked { context, desk, call, binding, judged, prompt, .. } = asked;
        let now = context.now;
        let question = Waiting {
            mpp: FormatVersion::CURRENT,
            id: QuestionId::of(binding.id()),
            host: binding.host,
            ledger: context.home.used_approvals()?.id()?,
            package: call.package().clone(),
            version: call.version().clone(),
            digest: call.digest,
            publisher: call.publisher,
            tool: call.tool().clone(),
            arguments: binding.arguments,
            grants: binding.grants,
            agent: binding.agent,
            agent_name: call.caller().map(|caller| caller.name.clone()),
            level: judged.level,
            text: prompt.text().to_owned(),
            asked: now,
            expires: now.plus_seconds(QUESTION_SECONDS),
            waits_until: now.plus_seconds(desk.wait_seconds),
        };
        Ok(Self { asked, question })
    }

    fn context(&self) -> &Context<'_> {
        self.asked.context
    }

    /// Whether the same question waits already.
    pub(super) fn is_asked(&self) -> bool {
        self.context().home.is_asked(self.question.id, self.context().now)
    }

    /// The answer that is there.
    pub(super) fn given(&self) -> Answer {
        match self.context().home.answer(self.question.id) {
            // What was answered about a question that is not asked any more is no answer to this one.
            Ok(Some(_)) if !self.is_asked() => Answer::Nobody("nobody answered".to_owned()),
            Ok(Some(Answered::Approved(envelope))) => Answer::Approved(envelope),
            Ok(Some(Answered::Refused)) => Answer::Refused("somebody said no: mpp approve"),
            Ok(None) => Answer::Nobody("nobody answered".to_owned()),
            Err(error) => Answer::Nobody(error.message()),
        }
    }

    /// What can be typed where nobody answered.
    pub(super) fn help(&self) -> Vec<String> {
        let id = self.question.id;
        vec![format!("mpp approve {id}"), "then make the same call again, within ten minutes".to_owned()]
    }

    /// The question is answered, and the answer used.
    pub(super) fn forget(&self) {
        // A file that stays is about an approval that is used up.
        let _ = self.context().home.forget_question(self.question.id);
    }
}

impl Elsewhere<'_> {
    /// Leaves the question there, and waits. `why` nobody nearer could be asked.
    pub(super) fn ask(&self, why: &str) -> Answer {
        if !self.is_asked()
            && let Err(error) = self.context().home.keep_question(&self.question)
        {
            return Answer::Nobody(error.message());
        }
        let cancelled = || self.asked.call.cancel.is_some_and(mpp_host::Cancel::is_cancelled);
        while self.context().time() < self.question.waits_until && !cancelled() {
            match self.given() {
                Answer::Nobody(_) => thread::sleep(LOOK),
                answer => return answer,
            }
        }
        match self.given() {
            Answer::Nobody(_) if self.asked.desk.wait_seconds == 0 => Answer::Nobody(why.to_owned()),
            Answer::Nobody(_) => {
                Answer::Nobody(format!("{why}, and nobody answered within {} seconds", self.asked.desk.wait_seconds))
            }
            answer => answer,
        }
    }
}
