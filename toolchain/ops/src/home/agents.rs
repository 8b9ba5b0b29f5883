//! The agents that this home knows: a record a name, and the secret key beside it where the home made it (CONS-50).

use super::{Home, MalformedFile, keys::check_mode};
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_package::dsse::{DsseError, MessageKey, MessagePublicKey};
use mpp_policy::consent::{Agents, KnownAgent};
use mpp_schema::{Code, Coded, FormatVersion, Ident, Instant, PackageName, codes, consent::Level};
use serde::{Deserialize, Serialize};
use std::{fs, io::ErrorKind, path::PathBuf};

/// What the user decided about one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentRecord {
    /// The format's version.
    pub mpp: FormatVersion,
    /// What the user calls it.
    pub name: Ident,
    /// Its public key: one line of base64.
    pub key: String,
    /// Roles, which lists of packages name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Ident>,
    /// Packages that it may call; nothing for every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<PackageName>>,
    /// The highest level of its calls.
    pub level: Level,
    /// Whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
    /// When it was made known.
    pub made: Instant,
}

/// What can be wrong with the agents of this home.
#[derive(Debug, thiserror::Error)]
pub enum AgentStoreError {
    /// There is none.
    #[error("could not find the agent `{0}` in this home")]
    NotFound(String),
    /// There is one.
    #[error("could not make the agent `{0}`: one of that name is already known")]
    Exists(Ident),
    /// Its secret key is elsewhere.
    #[error("could not sign for the agent `{0}`: its secret key is not in this home")]
    NoSecret(Ident),
}

impl Coded for AgentStoreError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => codes::AGENT_UNKNOWN,
            Self::Exists(_) => codes::KEY_EXISTS,
            Self::NoSecret(_) => codes::KEY_NOT_FOUND,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound(name) => vec!["mpp agent list".to_owned(), format!("mpp agent new {name}")],
            Self::Exists(name) => vec![format!("mpp agent allow {name}")],
            Self::NoSecret(_) => vec!["name its key file: --key FILE".to_owned()],
        }
    }
}

impl AgentRecord {
    /// Its public key.
    pub fn public(&self) -> Result<MessagePublicKey, DsseError> {
        self.key.parse()
    }
}

impl Home {
    fn agents_folder(&self) -> PathBuf {
        self.data.join("agents")
    }

    fn agent_path(&self, name: &Ident) -> PathBuf {
        self.agents_folder().join(format!("{name}.json"))
    }

    /// Where the secret key of an agent is, if this home has it.
    pub fn agent_key_path(&self, name: &Ident) -> PathBuf {
        self.agents_folder().join(format!("{name}.pem"))
    }

    /// Makes an agent known. `secret` is its key, where this home made it.
    pub fn add_agent(&self, record: &AgentRecord, secret: Option<&MessageKey>) -> Result<(), OpsError> {
        let _lock = self.lock()?;
        if self.agent_path(&record.name).exists() {
            return Err(AgentStoreError::Exists(record.name.clone()).into());
        }
        if let Some(secret) = secret {
            // A key without a record is no agent's: it may be written over.
            atomic_write::write(&self.agent_key_path(&record.name), secret.to_pem().as_bytes(), Readable::ByOwner)?;
        }
        self.write_agent(record)
    }

    /// Changes what is decided about an agent.
    pub fn change_agent(&self, name: &Ident, change: impl FnOnce(&mut AgentRecord)) -> Result<AgentRecord, OpsError> {
        let _lock = self.lock()?;
        let mut record = self.agent(name)?;
        change(&mut record);
        self.write_agent(&record)?;
        Ok(record)
    }

    fn write_agent(&self, record: &AgentRecord) -> Result<(), OpsError> {
        let path = self.agent_path(&record.name);
        let text = serde_json::to_string_pretty(record)
            .map_err(|error| MalformedFile { path: path.clone(), reason: error.to_string() })?;
        Ok(atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?)
    }

    /// What is decided about one agent.
    pub fn agent(&self, name: &Ident) -> Result<AgentRecord, OpsError> {
        let path = self.agent_path(name);
        let bytes = atomic_write::read_if_there(&path)?;
        let bytes = bytes.ok_or_else(|| AgentStoreError::NotFound(name.to_string()))?;
        Ok(serde_json::from_slice(&bytes).map_err(|error| MalformedFile { path, reason: error.to_string() })?)
    }

    /// Every agent, sorted by name.
    pub fn agent_records(&self) -> Result<Vec<AgentRecord>, OpsError> {
        let folder = self.agents_folder();
        let failed = |error| IoError::new("list the folder", &folder, error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error).into()),
        };
        let mut records = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|name| name.parse().ok());
            if let Some(name) = name {
                records.push(self.agent(&name)?);
            }
        }
        records.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(records)
    }

    /// Every agent as decisions need it.
    pub fn agents(&self) -> Result<Agents, OpsError> {
        let known = |record: AgentRecord| {
            let key = record.public()?;
            let AgentRecord { name, roles, packages, level, revoked, .. } = record;
            let roles = roles.iter().map(ToString::to_string).collect();
            Ok(KnownAgent { name: name.to_string(), key, roles, packages, level, revoked })
        };
        Ok(Agents(self.agent_records()?.into_iter().map(known).collect::<Result<_, OpsError>>()?))
    }

    /// The secret key of an agent, where this home made it.
    pub fn agent_key(&self, name: &Ident) -> Result<MessageKey, OpsError> {
        let path = self.agent_key_path(name);
        let text = atomic_write::read_text_if_there(&path)?;
        let text = text.ok_or_else(|| AgentStoreError::NoSecret(name.clone()))?;
        check_mode(&path)?;
        Ok(MessageKey::from_pem(&text)?)
    }

    /// The secret behind the ids under which tools see agents, made now if there was none (CONS-57).
    pub fn pairwise_secret(&self) -> Result<[u8; 32], OpsError> {
        let path = self.agents_folder().join("pairwise.key");
        if !path.exists() {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| DsseError::Random(error.to_string()))?;
            atomic_write::create(&path, &bytes, Readable::ByOwner)?;
        }
        check_mode(&path)?;
        let bytes = atomic_write::read_if_there(&path)?.unwrap_or_default();
        Ok(bytes.try_into().map_err(|_| MalformedFile { path, reason: "it is not 32 bytes long".to_owned() })?)
    }
}
