//! The policy of a home, read once into a form that can be asked (PERM-40 to PERM-44).

use crate::{Origin, consent::Binding, folder::overlap};
use mpp_package::dsse::{DsseError, MessagePublicKey};
use mpp_schema::{
    Code, Coded, FORMAT_MAJOR, FormatVersion, KeyId, MessageKeyId, PackageName, ToolName, codes,
    consent::Level,
    policy::{PermissionName, PolicyFile, Require},
    text::excerpt,
};
use std::path::Path;

/// A policy whose keys, origins and folders are sound. The default allows no grant without a terminal, and denies nothing.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    file: PolicyFile,
    grantors: Vec<(String, MessagePublicKey)>,
    approvers: Vec<(String, MessagePublicKey)>,
    denied_origins: Vec<Origin>,
}

/// Why a policy cannot be obeyed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Written for a newer format.
    #[error("read the policy: expected format version {FORMAT_MAJOR}.x, found {0}")]
    Newer(FormatVersion),
    /// A grantor's key is none.
    #[error("read the policy, `grantors.{name}`")]
    Grantor {
        /// The grantor.
        name: String,
        /// What is wrong.
        source: DsseError,
    },
    /// An approver's key is none.
    #[error("read the policy, `approvers.keys.{name}`")]
    Approver {
        /// The approver.
        name: String,
        /// What is wrong.
        source: DsseError,
    },
    /// An origin that is none.
    #[error("read the policy, `deny.origins`: expected an origin such as \"https://example.com\", found \"{}\"", excerpt(.0))]
    Origin(String),
    /// A folder that is not absolute.
    #[error("read the policy, `deny.folders`: expected an absolute path, found \"{}\"", excerpt(.0))]
    Folder(String),
}

impl Coded for PolicyError {
    fn code(&self) -> Code {
        match self {
            Self::Newer(_) => codes::FORMAT_NEWER,
            Self::Grantor { source, .. } | Self::Approver { source, .. } => source.code(),
            Self::Origin(_) | Self::Folder(_) => codes::FORMAT_MALFORMED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Newer(_) => vec!["update mpp: `cargo install cargo-mpp`".to_owned()],
            _ => vec!["correct policy.toml, then: mpp policy check".to_owned()],
        }
    }
}

impl Policy {
    /// Checks a policy as it was written.
    ///
    /// # Errors
    /// [`PolicyError`] for what cannot be obeyed; nothing is passed over.
    pub fn new(file: PolicyFile) -> Result<Self, PolicyError> {
        if let Some(version) = file.mpp.filter(|version| version.major != FORMAT_MAJOR) {
            return Err(PolicyError::Newer(version));
        }
        let grantor = |(name, key): (&mpp_schema::Ident, &String)| {
            let key = key.trim().parse().map_err(|source| PolicyError::Grantor { name: name.to_string(), source })?;
            Ok((name.to_string(), key))
        };
        let grantors = file.grantors.iter().map(grantor).collect::<Result<_, PolicyError>>()?;
        let approver = |(name, key): (&mpp_schema::Ident, &String)| {
            let key = key.trim().parse().map_err(|source| PolicyError::Approver { name: name.to_string(), source })?;
            Ok((name.to_string(), key))
        };
        let approvers = file.approvers.keys.iter().map(approver).collect::<Result<_, PolicyError>>()?;
        let origin = |text: &String| Origin::parse(text).ok_or_else(|| PolicyError::Origin(text.clone()));
        let denied_origins = file.deny.origins.iter().map(origin).collect::<Result<_, _>>()?;
        if let Some(folder) = file.deny.folders.iter().find(|folder| !Path::new(folder).is_absolute()) {
            return Err(PolicyError::Folder(folder.clone()));
        }
        Ok(Self { file, grantors, approvers, denied_origins })
    }

    /// The policy as it was written.
    pub fn file(&self) -> &PolicyFile {
        &self.file
    }

    /// Other owners whose tokens count, with their names.
    pub fn grantors(&self) -> &[(String, MessagePublicKey)] {
        &self.grantors
    }

    /// Whether a package gets `permission` without a token.
    pub fn without_asking(&self, permission: PermissionName) -> bool {
        let free = &self.file.without_asking;
        match permission {
            PermissionName::Kv => free.kv,
            PermissionName::Config => free.config,
            PermissionName::Logging => free.logging,
            PermissionName::Progress => free.progress,
            _ => false,
        }
    }

    /// The levels that are demanded for a tool of a package.
    pub fn requires(
        &self,
        package: &PackageName,
        tool: &ToolName,
        agent: Option<MessageKeyId>,
    ) -> impl Iterator<Item = Level> {
        let is_for =
            move |rule: &&Require| is_about(rule, package, tool) && rule.agent.is_none_or(|of| Some(of) == agent);
        self.file.require.iter().filter(is_for).map(|rule| rule.level)
    }

    /// The levels that are demanded for a tool of a package, whoever asks.
    pub(crate) fn requires_of_anybody(&self, package: &PackageName, tool: &ToolName) -> impl Iterator<Item = Level> {
        self.file.require.iter().filter(move |rule| is_about(rule, package, tool)).map(|rule| rule.level)
    }

    /// The highest level of a call by somebody who is no known agent.
    pub fn anonymous(&self) -> Level {
        self.file.anonymous.unwrap_or(Level::L4)
    }

    /// Whether the approver key of the home counts.
    pub fn trusts_own_approver(&self) -> bool {
        self.file.approvers.own
    }

    /// Approvers of other homes, with their names.
    pub fn approvers(&self) -> &[(String, MessagePublicKey)] {
        &self.approvers
    }

    /// Whether a call was approved beforehand (CONS-40). At L4 the arguments must have been named.
    pub fn approves(&self, call: &Binding<'_>, level: Level) -> bool {
        self.file.approve.iter().any(|rule| {
            rule.digest == call.package
                && rule.tool == *call.tool
                && rule.grants == call.grants
                && rule.level >= level
                && rule.arguments.map_or(level < Level::L4, |arguments| arguments == call.arguments)
                && rule.agent.is_none_or(|agent| Some(agent) == call.agent)
        })
    }

    /// Whether another package digest or grant set of this tool was approved beforehand.
    pub fn approved_otherwise(&self, call: &Binding<'_>) -> bool {
        let same = |rule: &&mpp_schema::policy::Approve| rule.tool == *call.tool;
        self.file.approve.iter().filter(same).any(|rule| (rule.digest == call.package) != (rule.grants == call.grants))
    }

    /// Why a whole package is denied, if it is.
    pub fn denies_package(&self, package: &PackageName, publishers: &[KeyId]) -> Option<String> {
        let deny = &self.file.deny;
        if deny.packages.contains(package) {
            return Some(format!("the policy denies {package} everything"));
        }
        let denied = publishers.iter().find(|key| deny.publishers.contains(key))?;
        Some(format!("the policy denies everything to the publisher {denied}"))
    }

    /// Why a permission is denied to everybody, if it is.
    pub fn denies_permission(&self, permission: PermissionName) -> Option<String> {
        let denied = self.file.deny.permissions.contains(&permission);
        denied.then(|| format!("the policy denies `{}` to every package", permission.as_str()))
    }

    /// Why an origin is denied, if it is. A wildcard that reaches a denied origin is denied as a whole.
    pub fn denies_origin(&self, origin: &Origin) -> Option<String> {
        let denied = self.denied_origins.iter().find(|denied| denied.covers(origin) || origin.covers(denied))?;
        Some(format!("the policy denies {denied}"))
    }

    /// Why a folder is denied, if it is: one that is, holds or lies inside of a denied one.
    pub fn denies_folder(&self, folder: &Path) -> Option<String> {
        let denied = self.file.deny.folders.iter().find(|denied| overlap(folder, Path::new(denied)))?;
        Some(format!("the policy denies the folder {}", excerpt(denied)))
    }
}

fn is_about(rule: &Require, package: &PackageName, tool: &ToolName) -> bool {
    rule.package.as_ref().is_none_or(|of| of == package) && rule.tool.as_ref().is_none_or(|of| of == tool)
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::Origin;
    use mpp_schema::{Code, Coded as _, codes, policy::PolicyFile};
    use serde_json::json;
    use std::path::Path;

    fn policy(json: serde_json::Value) -> Result<Policy, Code> {
        let file: PolicyFile = serde_json::from_value(json).expect("a policy");
        Policy::new(file).map_err(|error| error.code())
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused() {
        let code = |json| policy(json).map(drop).unwrap_err();
        assert_eq!(code(json!({ "mpp": "2.0" })), codes::FORMAT_NEWER);
        assert_eq!(code(json!({ "grantors": { "a": "RWx" } })), codes::KEY_MALFORMED);
        assert_eq!(code(json!({ "deny": { "origins": ["example.com"] } })), codes::FORMAT_MALFORMED);
        assert_eq!(code(json!({ "deny": { "folders": ["notes"] } })), codes::FORMAT_MALFORMED);
        assert!(policy(json!({ "mpp": "1.0" })).is_ok());
    }

    #[test]
    fn denials_reach_what_overlaps() {
        let policy = policy(json!({ "deny": {
            "origins": ["https://*.evil.example"], "folders": ["/srv/secret"], "permissions": ["devices"]
        } }));
        let policy = policy.expect("a policy");
        let origin = |text: &str| policy.denies_origin(&Origin::parse(text).expect(text)).is_some();
        assert!(origin("https://a.evil.example") && origin("https://*") && !origin("https://good.example"));
        let folder = |path: &str| policy.denies_folder(Path::new(path)).is_some();
        assert!(folder("/srv/secret/x") && folder("/srv") && !folder("/srv/secrets"));
        assert!(policy.denies_permission(mpp_schema::policy::PermissionName::Devices).is_some());
    }
}
