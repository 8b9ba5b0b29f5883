//! The operations about consent: whether an approval allows one call of one home, and whether an audit log is whole.

use super::{accepted, bytes, text};
use crate::OpsError;
use mpp_package::dsse::MessagePublicKey;
use mpp_policy::{
    audit::{AuditError, Verifier, read_checkpoint},
    consent::{Binding, ConsentError, Uses, redeem},
};
use mpp_schema::{Digest, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, ToolName, consent::Level};
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::PathBuf;

/// An approval, and the call that is to be made with it.
#[derive(Deserialize)]
pub(super) struct Approve {
    approval: PathBuf,
    approvers: Vec<String>,
    host: HostId,
    ledger: LedgerId,
    used: Vec<Nonce>,
    now: Instant,
    call: Call,
}

#[derive(Deserialize)]
struct Call {
    package: Digest,
    publisher: KeyId,
    tool: ToolName,
    arguments: Digest,
    grants: Digest,
    agent: Option<MessageKeyId>,
    level: Level,
    shown: Digest,
}

/// A ledger in which these were used.
struct Used<'a>(LedgerId, &'a [Nonce]);

impl Uses for Used<'_> {
    fn id(&self) -> Result<LedgerId, ConsentError> {
        Ok(self.0)
    }
    fn consume(&self, nonce: Nonce, _: Instant) -> Result<(), ConsentError> {
        if self.1.contains(&nonce) { Err(ConsentError::Replayed) } else { Ok(()) }
    }
}

impl Approve {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let approvers =
            self.approvers.iter().map(|key| key.parse::<MessagePublicKey>()).collect::<Result<Vec<_>, _>>()?;
        let Call { package, publisher, ref tool, arguments, grants, agent, level, shown } = self.call;
        let call = Binding { host: self.host, package, publisher, tool, arguments, grants, agent, level, shown };
        // What is no text is no approval either.
        let text = String::from_utf8_lossy(&bytes(&self.approval)?).into_owned();
        redeem(&text, &call, &approvers, self.now, &Used(self.ledger, &self.used))?;
        Ok(accepted())
    }
}

/// An audit log, and a checkpoint of it that was kept elsewhere.
#[derive(Deserialize)]
pub(super) struct Audit {
    log: PathBuf,
    id: LedgerId,
    key: String,
    checkpoint: Option<PathBuf>,
}

impl Audit {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let key: MessagePublicKey = self.key.parse()?;
        let outside = match &self.checkpoint {
            None => None,
            Some(file) => {
                let read = read_checkpoint(text(file)?.trim_end(), self.id, &key);
                Some(read.map_err(|what| AuditError::Broken { line: 0, what })?)
            }
        };
        let mut verifier = Verifier::new(self.id, &key, outside);
        for line in text(&self.log)?.lines() {
            verifier.line(line)?;
        }
        verifier.finish()?;
        Ok(accepted())
    }
}
