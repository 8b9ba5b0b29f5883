//! `policy.toml`: what the user decided beforehand. A file that cannot be obeyed is an error, never passed over (PERM-40).

use super::{Home, read_toml};
use crate::OpsError;
use mpp_host::Ceilings;
use mpp_policy::Policy;
use mpp_schema::{
    ByteSize,
    policy::{PolicyFile, PolicyLimits},
};
use std::{path::PathBuf, time::Duration};

impl Home {
    /// Where the policy is.
    pub fn policy_path(&self) -> PathBuf {
        self.config.join("policy.toml")
    }

    /// The policy in force.
    pub fn policy(&self) -> Result<Policy, OpsError> {
        let path = self.policy_path();
        let file: PolicyFile = read_toml(&path)?;
        Policy::new(file).map_err(|error| OpsError::from(error).hint(format!("correct {}", path.display())))
    }
}

/// What no call goes beyond by this policy (PERM-45). A number that no machine could hold is no limit.
pub(crate) fn ceilings(policy: &Policy) -> Ceilings {
    let PolicyLimits { memory, time_ms, output, result, http_requests, http_up, http_down, days: _, kv: _ } =
        &policy.file().limits;
    let size = |size: &Option<ByteSize>| size.map(|size| usize::try_from(size.0).unwrap_or(usize::MAX));
    Ceilings {
        memory_bytes: size(memory),
        time: time_ms.map(Duration::from_millis),
        output_bytes: size(output),
        result_bytes: size(result),
        http_requests: http_requests.map(|requests| usize::try_from(requests).unwrap_or(usize::MAX)),
        http_up_bytes: http_up.map(|size| size.0),
        http_down_bytes: http_down.map(|size| size.0),
    }
}
