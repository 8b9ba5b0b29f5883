//! `policy.toml`: what the user decided beforehand. A file that cannot be obeyed is an error, never passed over (PERM-40).

use super::{Home, MalformedFile, read_toml};
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
        // A demand that nobody would obey must not look like one that is.
        if !file.require.is_empty() || !file.approve.is_empty() {
            let reason = "`require` and `approve` are not obeyed by this version, which asks for no confirmation yet";
            return Err(MalformedFile { path, reason: reason.to_owned() }.into());
        }
        Policy::new(file).map_err(|error| OpsError::from(error).hint(format!("correct {}", path.display())))
    }
}
