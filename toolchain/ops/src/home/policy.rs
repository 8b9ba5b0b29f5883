//! `policy.toml`: what the user decided beforehand. A file that cannot be obeyed is an error, never passed over (PERM-40).

use super::{Home, read_toml};
use crate::OpsError;
use mpp_policy::Policy;
use mpp_schema::policy::PolicyFile;
use std::path::PathBuf;

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
