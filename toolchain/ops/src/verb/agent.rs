//! `mpp agent`: the agents that this home knows, what each may call, and what they sign: requests for a call, and delegations (CONS-50 to CONS-59).

use crate::{
    Context, OpsError, ToolInput, atomic_write::IoError, consent::arguments_digest, home::agents::AgentRecord,
    host::OwnHost,
};
use mpp_package::dsse::{MessageKey, MessagePublicKey};
use mpp_policy::consent::{ConsentError, delegate as sign_delegation, sign_call};
use mpp_schema::{
    FormatVersion, HostId, Ident, MessageKeyId, Nonce, PackageName, ToolName, codes,
    consent::{AgentCall, Delegation, Level},
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How long a request counts, in seconds.
const CALL_SECONDS: u64 = 60;

/// An agent as people see it.
#[derive(Debug, Serialize)]
pub struct AgentReport {
    /// What is decided about it.
    #[serde(flatten)]
    pub record: AgentRecord,
    /// The id of its key.
    pub id: MessageKeyId,
    /// Its secret key, where this home made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

/// What is decided about an agent; nothing where it stays as it is.
#[derive(Debug, Default)]
pub struct Decisions {
    /// Packages that it may call besides those that it may.
    pub packages: Vec<PackageName>,
    /// Whether it may call every package.
    pub every_package: bool,
    /// Roles that it gets.
    pub roles: Vec<Ident>,
    /// The highest level of its calls.
    pub level: Option<Level>,
}

impl Decisions {
    fn apply(&self, record: &mut AgentRecord) {
        if self.every_package {
            record.packages = None;
        } else if !self.packages.is_empty() {
            let packages = record.packages.get_or_insert_default();
            packages.extend(self.packages.iter().cloned());
            packages.sort();
            packages.dedup();
        }
        record.roles.extend(self.roles.iter().cloned());
        record.roles.sort();
        record.roles.dedup();
        record.level = self.level.unwrap_or(record.level);
    }
}

/// Makes an agent known. Without a public key one is made for it, and its secret half is kept in this home.
pub fn new(
    context: &Context<'_>,
    name: &Ident,
    public: Option<&str>,
    decisions: &Decisions,
) -> Result<AgentReport, OpsError> {
    let (key, secret) = match public {
        Some(text) => (text.trim().parse::<MessagePublicKey>()?, None),
        None => {
            let secret = MessageKey::generate()?;
            (*secret.public(), Some(secret))
        }
    };
    let mut record = AgentRecord {
        mpp: FormatVersion::CURRENT,
        name: name.clone(),
        key: key.to_string(),
        roles: Vec::new(),
        packages: None,
        level: Level::L4,
        revoked: false,
        made: context.now,
    };
    decisions.apply(&mut record);
    context.home.add_agent(&record, secret.as_ref())?;
    report(context, record)
}

/// Every agent, sorted by name.
pub fn list(context: &Context<'_>) -> Result<Vec<AgentReport>, OpsError> {
    context.home.agent_records()?.into_iter().map(|record| report(context, record)).collect()
}

/// Changes what an agent may do.
pub fn allow(context: &Context<'_>, name: &Ident, decisions: &Decisions) -> Result<AgentReport, OpsError> {
    report(context, context.home.change_agent(name, |record| decisions.apply(record))?)
}

/// Takes an agent back. It stays listed, so that its key is not taken for an unknown one.
pub fn revoke(context: &Context<'_>, name: &Ident) -> Result<AgentReport, OpsError> {
    report(context, context.home.change_agent(name, |record| record.revoked = true)?)
}

/// A token that was made.
#[derive(Serialize)]
pub struct TokenReport {
    /// Whose it is.
    pub agent: Ident,
    /// Its text, which is kept nowhere.
    pub token: String,
}

/// Makes the token with which an agent comes in over HTTP; one that it had does not count any more.
pub fn token(context: &Context<'_>, name: &Ident) -> Result<TokenReport, OpsError> {
    let token = context.home.make_agent_token(name, context.now)?;
    Ok(TokenReport { agent: name.clone(), token: token.text().to_owned() })
}

/// Takes the token of an agent away; whether it had one.
pub fn remove_token(context: &Context<'_>, name: &Ident) -> Result<bool, OpsError> {
    context.home.remove_agent_token(name)
}

fn report(context: &Context<'_>, record: AgentRecord) -> Result<AgentReport, OpsError> {
    let key_file = Some(context.home.agent_key_path(&record.name)).filter(|path| path.exists());
    Ok(AgentReport { id: record.public()?.id(), record, key_file })
}

/// Who signs: an agent by name, or the file of its secret key.
#[derive(Debug, Clone)]
pub enum Signer {
    /// Its key is in this home.
    Named(Ident),
    /// Its key is in a file.
    KeyFile(PathBuf),
}

impl Signer {
    fn key(&self, context: &Context<'_>) -> Result<MessageKey, OpsError> {
        match self {
            Self::Named(name) => context.home.agent_key(name),
            Self::KeyFile(file) => {
                let path = context.path(file);
                let text = std::fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
                Ok(MessageKey::from_pem(&text)?)
            }
        }
    }
}

/// The call that an agent asks for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The package, which must be installed here.
    pub package: &'a PackageName,
    /// The tool.
    pub tool: &'a ToolName,
    /// The words that follow it.
    pub input: &'a ToolInput,
    /// Files of delegations, the first one first.
    pub delegations: &'a [PathBuf],
}

/// Signs the request for one call, for this home; gives the envelope.
pub fn sign(context: &Context<'_>, signer: &Signer, wanted: &Wanted<'_>) -> Result<String, OpsError> {
    let key = signer.key(context)?;
    let record = context.home.installed(wanted.package)?;
    let loaded = OwnHost::start(context)?.load_installed(context, &record)?;
    let definition = loaded.definitions().tools.iter().find(|tool| tool.name == *wanted.tool);
    let json = definition.map(|tool| wanted.input.json(tool, &context.folder)).transpose()?;
    let arguments = loaded.read_arguments(wanted.tool.as_str(), json.as_deref().unwrap_or("{}"))?;
    let delegation = wanted.delegations.iter().map(|file| read_request(context, file));
    let call = AgentCall {
        mpp: FormatVersion::CURRENT,
        agent: key.public().id(),
        host: context.home.host_id()?,
        nonce: nonce()?,
        issued: context.now,
        expires: context.now.plus_seconds(CALL_SECONDS),
        package: wanted.package.clone(),
        tool: wanted.tool.clone(),
        arguments: arguments_digest(&loaded.text_of(&arguments)?),
        delegation: delegation.collect::<Result<_, _>>()?,
    };
    Ok(sign_call(&call, &key)?)
}

/// What an agent hands on.
#[derive(Debug)]
pub struct HandOn<'a> {
    /// The public key of the agent that may ask.
    pub to: &'a str,
    /// The home where this counts; nothing for this one.
    pub host: Option<HostId>,
    /// For how long, in seconds.
    pub seconds: u64,
    /// The highest level of a call.
    pub level: Level,
    /// Packages; none for every one.
    pub packages: Vec<PackageName>,
    /// Tools; none for every one.
    pub tools: Vec<ToolName>,
}

/// Signs a delegation; gives the envelope.
pub fn delegate(context: &Context<'_>, signer: &Signer, what: HandOn<'_>) -> Result<String, OpsError> {
    let key = signer.key(context)?;
    let to: MessagePublicKey = what.to.trim().parse()?;
    let (mut packages, mut tools) = (what.packages, what.tools);
    packages.sort();
    packages.dedup();
    tools.sort();
    tools.dedup();
    let host = match what.host {
        Some(host) => host,
        None => context.home.host_id()?,
    };
    let delegation = Delegation {
        mpp: FormatVersion::CURRENT,
        from: key.public().id(),
        to: to.to_string(),
        host,
        issued: context.now,
        expires: context.now.plus_seconds(what.seconds),
        level: what.level,
        packages: (!packages.is_empty()).then_some(packages),
        tools: (!tools.is_empty()).then_some(tools),
    };
    Ok(sign_delegation(&delegation, &key)?)
}

/// The envelope in a file.
pub fn read_request(context: &Context<'_>, file: &Path) -> Result<String, OpsError> {
    let path = context.path(file);
    let text = std::fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
    Ok(text.trim_end().to_owned())
}

fn nonce() -> Result<Nonce, OpsError> {
    let mut bytes = [0; 16];
    let random = getrandom::fill(&mut bytes);
    random.map_err(|error| ConsentError::Agent { code: codes::IO_FAILED, why: error.to_string() })?;
    Ok(Nonce::from_bytes(bytes))
}
