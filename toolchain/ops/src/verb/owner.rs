//! `mpp owner`: who signs the grants of this home.

use crate::{Context, OpsError};
use mpp_schema::{HostId, MessageKeyId};
use serde::Serialize;

/// The owner of this home.
#[derive(Debug, Serialize)]
pub struct OwnerReport {
    /// The identity of the key.
    pub key: MessageKeyId,
    /// The key, as policies of other homes write it under `grantors`.
    pub public_key: String,
    /// The key as a PEM file.
    pub pem: String,
    /// What tokens name as the host of this home.
    pub host: HostId,
}

/// Who it is; the key is made now if there was none.
pub fn owner(context: &Context<'_>) -> Result<OwnerReport, OpsError> {
    let (key, _) = context.home.owner_key()?;
    let public = key.public();
    Ok(OwnerReport {
        key: public.id(),
        public_key: public.to_string(),
        pem: public.to_pem(),
        host: context.home.host_id()?,
    })
}
