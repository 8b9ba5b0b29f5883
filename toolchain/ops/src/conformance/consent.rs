//! The operations about consent: whether an approval allows one call of one home, whether an agent may ask for it, and whether an audit log is
//! whole.

use super::{accepted, bytes, text};
use crate::OpsError;
use mpp_package::dsse::MessagePublicKey;
use mpp_policy::{
    audit::{AuditError, Verifier, read_checkpoint},
    consent::{Agents, Binding, CallOfAgent, ConsentError, KnownAgent, Uses, redeem, verify_call},
};
use mpp_schema::{
    Digest, HostId, Instant, KeyId, LedgerId, MessageKeyId, Nonce, PackageName, ToolName, codes, consent::Level,
};
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

/// A request of an agent, and the call that is to be made.
#[derive(Deserialize)]
pub(super) struct Ask {
    request: PathBuf,
    agents: Vec<Known>,
    host: HostId,
    used: Vec<Nonce>,
    now: Instant,
    package: PackageName,
    tool: ToolName,
    arguments: Digest,
}

/// An agent that the home knows.
#[derive(Deserialize)]
struct Known {
    name: String,
    key: String,
    level: Level,
    packages: Option<Vec<PackageName>>,
    revoked: bool,
}

impl Known {
    fn agent(&self) -> Result<KnownAgent, OpsError> {
        let Self { name, key, level, packages, revoked } = self;
        let (name, key, packages) = (name.clone(), key.parse::<MessagePublicKey>()?, packages.clone());
        Ok(KnownAgent { name, key, roles: Vec::new(), packages, level: *level, revoked: *revoked })
    }
}

impl Ask {
    pub(super) fn answer(&self) -> Result<Json, OpsError> {
        let agents = Agents(self.agents.iter().map(Known::agent).collect::<Result<_, _>>()?);
        let Self { host, now, package, tool, arguments, .. } = self;
        let call = CallOfAgent { host: *host, now: *now, package, tool, arguments: *arguments };
        let caller = verify_call(&text(&self.request)?, &call, &agents)?;
        if caller.nonce.is_some_and(|(nonce, _)| self.used.contains(&nonce)) {
            let why = "it was used before".to_owned();
            return Err(ConsentError::Agent { code: codes::AGENT_REPLAYED, why }.into());
        }
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
