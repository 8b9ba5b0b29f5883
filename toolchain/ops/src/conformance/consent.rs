//! The operations about consent: whether an approval allows one call of one home.

use super::{accepted, bytes};
use crate::OpsError;
use mpp_package::dsse::MessagePublicKey;
use mpp_policy::consent::{Binding, ConsentError, Uses, redeem};
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
