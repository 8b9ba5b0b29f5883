//! What is written into the audit log about a call: the decision with the rule that made it, the use of an approval, and how it ended.

use super::{Allowed, Call, Desk};
use crate::{Context, Event, OpsError, home::audit_log::Durable};
use mpp_host::{CallOutcome, Ending, Found};
use mpp_policy::consent::{Judged, Receipt};
use mpp_schema::{
    Code, Coded, StrictMap,
    audit::{AuditEvent, Decided, Filtered, Sent},
    codes,
    consent::{Approval, Level},
};

/// The log cannot be written, and what is asked must not happen unrecorded.
#[derive(Debug, thiserror::Error)]
#[error("could not write the audit log: {0}")]
pub(crate) struct AuditUnwritable(pub(crate) String);

impl Coded for AuditUnwritable {
    fn code(&self) -> Code {
        codes::AUDIT_UNWRITABLE
    }
    fn hints(&self) -> Vec<String> {
        vec!["mpp log verify".to_owned(), "mpp doctor".to_owned()]
    }
}

/// All that can be said of an answer that came through a client.
pub(super) fn reported(call: &Call<'_>) -> String {
    let who =
        call.caller().map_or_else(|| "an unknown agent".to_owned(), |caller| format!("the agent `{}`", caller.name));
    format!("the client of {who} reported an accept")
}

impl Desk {
    /// Records that a call may be made. Gives the number of the record.
    pub(super) fn allowed(
        &self,
        context: &Context<'_>,
        call: &Call<'_>,
        judged: &Judged,
        receipt: &Receipt,
        rule: String,
    ) -> Result<Option<u64>, OpsError> {
        let approval = receipt.approval();
        let decided = self.decided(context, call, judged, rule, "allowed".to_owned(), approval);
        let durable = if judged.level >= Level::L3 { Durable::Now } else { Durable::Later };
        let now = context.time();
        let written = decided.and_then(|event| {
            let number = self.append(context, event, now, if approval.is_some() { Durable::Later } else { durable })?;
            if let Some(approval) = approval {
                self.append(context, AuditEvent::Consumed { nonce: approval.nonce }, now, durable)?;
            }
            Ok(number)
        });
        match written {
            Ok(number) => Ok(Some(number)),
            // What only reads goes on, and the person is told.
            Err(_) if !judged.needs_a_person() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Records that a call is not made. Whether that can be written changes nothing about it.
    pub(super) fn refused(&self, context: &Context<'_>, call: &Call<'_>, judged: &Judged, error: &OpsError) {
        let rule = format!("{}; {}", judged.why.join("; "), error.message());
        let event = self.decided(context, call, judged, rule, error.code().to_string(), None);
        let written = event.and_then(|event| self.append(context, event, context.time(), Durable::Later));
        tell_unwritten(context, written);
    }

    fn decided(
        &self,
        context: &Context<'_>,
        call: &Call<'_>,
        judged: &Judged,
        rule: String,
        answer: String,
        approval: Option<&Approval>,
    ) -> Result<AuditEvent, AuditUnwritable> {
        let arguments = self.with_log(context, |log| Ok(log.digest(call.arguments.as_bytes())))?;
        Ok(AuditEvent::Decided(Box::new(Decided {
            package: call.package().clone(),
            version: call.version().clone(),
            digest: call.digest,
            publisher: call.publisher,
            tool: call.tool().clone(),
            agent: call.caller().map(|caller| caller.agent),
            arguments,
            grants: call.grants_digest,
            granted: call.granted.to_vec(),
            level: judged.level,
            rule,
            answer,
            surface: approval.map(|approval| approval.surface),
            approver: approval.map(|approval| approval.approver),
            shown: approval.map(|approval| approval.shown),
        })))
    }

    /// Records that a call was allowed and is not begun after all.
    pub(super) fn not_begun(&self, context: &Context<'_>, record: Option<u64>, why: &AuditUnwritable) {
        let Some(call) = record else { return };
        let (result, refused, filtered, sent) = Default::default();
        let event = AuditEvent::Ended { call, ending: why.code().to_string(), result, refused, filtered, sent };
        tell_unwritten(context, self.append(context, event, context.time(), Durable::Later));
    }

    /// Records how a call ended.
    pub(crate) fn ended(&self, context: &Context<'_>, allowed: &Allowed, outcome: &CallOutcome) {
        let Some(call) = allowed.record else { return };
        let result = match &outcome.ending {
            Ending::Returned(Some(result)) => Some(result.to_string()),
            _ => None,
        };
        let written = self.with_log(context, |log| {
            let event = AuditEvent::Ended {
                call,
                ending: outcome.ending.code().map_or_else(|| "returned".to_owned(), |code| code.to_string()),
                result: result.map(|text| log.digest(text.as_bytes())),
                refused: refused(outcome),
                filtered: filtered(&outcome.found),
                sent: sent(outcome),
            };
            let durable = if allowed.receipt.level() >= Level::L3 { Durable::Now } else { Durable::Later };
            log.append(event, context.time(), durable)
        });
        tell_unwritten(context, written);
    }
}

/// What cannot be written any more changes nothing about a call; the person hears of it.
fn tell_unwritten(context: &Context<'_>, written: Result<u64, AuditUnwritable>) {
    if let Err(error) = written {
        (context.tell)(Event::Note(format!("{}: {error}", error.code())));
    }
}

fn refused(outcome: &CallOutcome) -> Vec<String> {
    let mut codes: Vec<String> = outcome.refusals.kept.iter().map(|refusal| refusal.code.to_string()).collect();
    codes.sort();
    codes.dedup();
    codes
}

fn filtered(found: &Found) -> Filtered {
    let counts = |counts: &mpp_privacy::Counts| -> StrictMap<String, u64> {
        counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), count)).collect()
    };
    Filtered {
        masked: counts(&found.masked),
        reported: counts(&found.reported),
        blocked: found.blocked,
        opened: found.opened,
    }
}

fn sent(outcome: &CallOutcome) -> Sent {
    let mpp_host::Sent { requests, up_bytes, down_bytes } = &outcome.sent;
    Sent { requests: StrictMap(requests.clone()), up_bytes: *up_bytes, down_bytes: *down_bytes }
}
