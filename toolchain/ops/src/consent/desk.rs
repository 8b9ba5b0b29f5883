//! What the decisions of one process hang on: its session, and the audit log, which is opened once.

use super::{Call, client::States, record::AuditUnwritable};
use crate::{
    Context, Event, OpsError,
    grants::session_digest,
    home::{
        audit_log::{AuditLog, Durable},
        sessions::Session,
    },
};
use mpp_host::Host;
use mpp_policy::consent::{ConsentError, Uses as _};
use mpp_schema::{Instant, audit::AuditEvent, codes};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The desk of one process.
pub(crate) struct Desk {
    pub(super) session: Session,
    /// How long a call waits for an answer from elsewhere.
    pub(super) wait_seconds: u64,
    /// What goes out with a question through a client.
    pub(super) states: States,
    log: Mutex<Opened>,
    mask: Mask,
}

/// Masks what a record says in words, as the host of the calls would now.
type Mask = Arc<dyn Fn(&mut [&mut String]) + Send + Sync>;

enum Opened {
    NotYet,
    Open(Box<AuditLog>),
    /// It was said that it cannot be.
    Cannot(String),
}

impl Desk {
    /// For calls in `host`.
    pub(crate) fn new(context: &Context<'_>, host: &Host, wait_seconds: u64) -> Result<Self, OpsError> {
        let session = context.home.session(session_digest(context)?);
        let (states, log, mask) = (States::new()?, Mutex::new(Opened::NotYet), Arc::new(host.for_audit()));
        Ok(Self { session, wait_seconds, states, log, mask })
    }

    fn log(&self) -> MutexGuard<'_, Opened> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the log, which is opened now if it was not.
    pub(super) fn with_log<T>(
        &self,
        context: &Context<'_>,
        work: impl FnOnce(&mut AuditLog) -> Result<T, OpsError>,
    ) -> Result<T, AuditUnwritable> {
        let mut log = self.log();
        if let Opened::NotYet = &*log {
            *log = match context.home.audit_log() {
                Ok(open) => {
                    let mask = Arc::clone(&self.mask);
                    Opened::Open(Box::new(open.masked_by(move |texts| mask(texts))))
                }
                Err(error) => {
                    (context.tell)(Event::Note(format!("{}: {}", codes::AUDIT_UNWRITABLE, error.message())));
                    Opened::Cannot(error.message())
                }
            };
        }
        match &mut *log {
            Opened::Open(open) => work(open).map_err(|error| AuditUnwritable(error.message())),
            Opened::Cannot(why) => Err(AuditUnwritable(why.clone())),
            Opened::NotYet => Err(AuditUnwritable("it was not opened".to_owned())),
        }
    }

    /// Asks nobody about a call that could not be recorded.
    pub(super) fn check_writable(&self, context: &Context<'_>) -> Result<(), AuditUnwritable> {
        self.with_log(context, |_| Ok(()))
    }

    pub(super) fn append(
        &self,
        context: &Context<'_>,
        event: AuditEvent,
        now: Instant,
        durable: Durable,
    ) -> Result<u64, AuditUnwritable> {
        self.with_log(context, |log| log.append(event, now, durable))
    }

    /// Uses up the request of an agent that signed this call.
    pub(super) fn check_request(&self, context: &Context<'_>, call: &Call<'_>) -> Result<(), OpsError> {
        let Some((nonce, expires)) = call.asking.caller.as_ref().and_then(|caller| caller.nonce) else { return Ok(()) };
        let used = context.home.used_approvals()?.consume(nonce, expires);
        Ok(used.map_err(|error| match error {
            ConsentError::Replayed => {
                ConsentError::Agent { code: codes::AGENT_REPLAYED, why: "it was used before".to_owned() }
            }
            other => other,
        })?)
    }

    /// The last thing that a process does: signs what it wrote.
    pub(crate) fn close(&self, now: Instant) {
        if let Opened::Open(log) = &mut *self.log() {
            // Without it the next writer signs.
            let _ = log.seal(now);
        }
    }
}
