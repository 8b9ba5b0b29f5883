//! `mpp attest`: what an approval says, and whether an approver of this home, or one whose key is named, signed it.
//!
//! Says nothing about whether it may still be used: that is for the host that makes the call, which asks its ledger.

use crate::{Context, OpsError, atomic_write::IoError};
use mpp_package::dsse::MessagePublicKey;
use mpp_policy::consent::read_approval;
use mpp_schema::consent::Approval;
use serde::Serialize;
use std::path::Path;

/// An approval that was verified.
#[derive(Debug, Serialize)]
pub struct AttestReport {
    /// What it says.
    pub approval: Approval,
    /// Who signed: this home's approver, a name that the policy gives, or the key that was named.
    pub signer: String,
    /// Whether it was made for this home.
    pub for_this_home: bool,
    /// Whether its time is not over.
    pub in_time: bool,
}

/// Verifies the approval in a file. `key` is a public key, or the file of one; without it the approvers of this home count.
pub fn verify(context: &Context<'_>, file: &Path, key: Option<&str>) -> Result<AttestReport, OpsError> {
    let path = context.path(file);
    let text = std::fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
    let signers = signers(context, key)?;
    let keys: Vec<MessagePublicKey> = signers.iter().map(|(_, key)| *key).collect();
    let approval = read_approval(text.trim_end(), &keys)?;
    let signer = signers.into_iter().find(|(_, key)| key.id() == approval.approver).map(|(name, _)| name);
    let now = context.now;
    Ok(AttestReport {
        signer: signer.unwrap_or_default(),
        for_this_home: approval.host == context.home.host_id()?,
        in_time: approval.issued <= now.plus_seconds(5) && now < approval.expires,
        approval,
    })
}

fn signers(context: &Context<'_>, key: Option<&str>) -> Result<Vec<(String, MessagePublicKey)>, OpsError> {
    if let Some(key) = key {
        let text = std::fs::read_to_string(context.path(Path::new(key))).unwrap_or_else(|_| key.to_owned());
        return Ok(vec![("the key that was named".to_owned(), text.trim_end().parse()?)]);
    }
    let own = context.home.approver()?.map(|own| ("this home's approver".to_owned(), own.public));
    let others = context.home.policy()?.approvers().iter().map(|(name, key)| (format!("`{name}`"), *key)).collect();
    Ok(own.into_iter().chain::<Vec<_>>(others).collect())
}
