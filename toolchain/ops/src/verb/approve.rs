//! `mpp approve`: the questions that wait in this home, and answers to them; and answers to questions of another home, by somebody who approves
//! there.
//!
//! What is signed is what the question says, and what is shown is its text. The host that made the question compares both with its call, so that
//! a question that somebody else wrote, or changed, approves nothing.

use crate::{
    Context, OpsError,
    atomic_write::{self, IoError, Readable},
    consent::terminal,
    home::{
        approver::Approver,
        waiting::{Answered, QuestionId, Waiting},
    },
};
use mpp_host::SecretValue;
use mpp_policy::consent::{Answer, Binding, Challenge, ConsentError, sign_approval};
use mpp_schema::{
    Code, Coded, Digest, Instant, MessageKeyId, Nonce, PackageName, ToolName, codes,
    consent::{Level, Surface},
};
use serde::Serialize;
use std::path::Path;

/// How long an approval counts for a call that waits, and for one that will be made again, in seconds.
const SECONDS: (u64, u64) = (60, 600);
/// What the policy must name so that somebody approves for another home.
const NAME: &str = "approver";

/// What became of a question.
#[derive(Debug, Serialize)]
pub struct ApproveReport {
    /// The question.
    pub id: QuestionId,
    /// The package.
    pub package: PackageName,
    /// The tool.
    pub tool: ToolName,
    /// The level.
    pub level: Level,
    /// Whether the call may be made.
    pub approved: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Who approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approver: Option<MessageKeyId>,
    /// Where it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface: Option<Surface>,
    /// From when on it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Instant>,
    /// The approval itself, where it is for another home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
}

/// Who approves in this home.
#[derive(Debug, Serialize)]
pub struct ApproverReport {
    /// The id of the key.
    pub id: MessageKeyId,
    /// The public key, one line: what the policy of another home names.
    pub key: String,
    /// The public key as PEM: what other programs verify with.
    pub pem: String,
    /// Whether it needs a password.
    pub locked: bool,
}

/// What can be wrong with an answer.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// No such question.
    #[error("could not find a question that begins with `{0}`: it was answered, is too old, or was never asked")]
    NotFound(String),
    /// Several.
    #[error("could not tell which question is meant: {0} begin with that")]
    Several(usize),
    /// A file that holds no question.
    #[error("could not read a question from the file: {0}")]
    NoQuestion(String),
    /// A text that no host makes.
    #[error("did not show the question `{0}`: its text is not one that a host makes")]
    Text(QuestionId),
    /// Without a password nothing is locked.
    #[error("did not lock the approver key: there is no password")]
    NoPassword,
}

impl Coded for ApproveError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) | Self::Several(_) => codes::APPROVAL_NOT_FOUND,
            Self::NoQuestion(_) | Self::Text(_) => codes::FORMAT_MALFORMED,
            Self::NoPassword => codes::KEY_PASSWORD,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound(_) | Self::Several(_) => vec!["mpp approve --list".to_owned()],
            Self::NoPassword => vec!["run it on a terminal, or set MPP_KEY_PASSWORD".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// The questions that wait now, the oldest first.
pub fn waiting(context: &Context<'_>) -> Result<Vec<Waiting>, OpsError> {
    context.home.questions(context.time())
}

/// The waiting question whose name begins with these characters.
pub fn find(context: &Context<'_>, id: &str) -> Result<Waiting, OpsError> {
    let mut found: Vec<_> =
        waiting(context)?.into_iter().filter(|question| question.id.to_string().starts_with(id)).collect();
    match (found.len(), found.pop()) {
        (1, Some(question)) => Ok(question),
        (0, _) | (_, None) => Err(ApproveError::NotFound(id.to_owned()).into()),
        (several, _) => Err(ApproveError::Several(several).into()),
    }
}

/// Shows a question on the terminal, asks, and keeps the answer.
///
/// # Errors
/// `hitl.unavailable` without a terminal: standard input approves nothing.
pub fn answer(context: &Context<'_>, question: &Waiting) -> Result<ApproveReport, OpsError> {
    let (report, envelope) = ask(context, question)?;
    let kept = envelope.map_or(Answered::Refused, Answered::Approved);
    context.home.keep_answer(question.id, &kept)?;
    Ok(report)
}

/// Says no to a question without looking at it.
pub fn refuse(context: &Context<'_>, question: &Waiting) -> Result<ApproveReport, OpsError> {
    context.home.keep_answer(question.id, &Answered::Refused)?;
    Ok(refused(question, "it was refused"))
}

/// Writes a question to a file, for somebody who approves in another home.
pub fn export(context: &Context<'_>, question: &Waiting, file: &Path) -> Result<(), OpsError> {
    let text = serde_json::to_string_pretty(question).map_err(|error| ApproveError::NoQuestion(error.to_string()))?;
    Ok(atomic_write::write(&context.path(file), (text + "\n").as_bytes(), Readable::ByAll)?)
}

/// Answers a question of another home; its envelope is in the report, for `mpp approve --answer` there.
pub fn answer_for_another(context: &Context<'_>, file: &Path) -> Result<ApproveReport, OpsError> {
    let path = context.path(file);
    let text = std::fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
    let question: Waiting = serde_json::from_str(&text).map_err(|error| ApproveError::NoQuestion(error.to_string()))?;
    let (mut report, envelope) = ask(context, &question)?;
    report.envelope = envelope;
    Ok(report)
}

/// Takes the answer of somebody who approves elsewhere. Whether it counts is asked by the call.
pub fn take_answer(context: &Context<'_>, question: &Waiting, file: &Path) -> Result<(), OpsError> {
    let path = context.path(file);
    let text = std::fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
    context.home.keep_answer(question.id, &Answered::Approved(text.trim_end().to_owned()))
}

/// Who approves in this home; the key is made now if there was none.
pub fn approver(context: &Context<'_>) -> Result<ApproverReport, OpsError> {
    if let Some(there) = context.home.approver()? {
        return Ok(report_of(there));
    }
    let (key, locked) = context.home.approver_key(context.passwords)?;
    Ok(report_of(Approver { public: *key.public(), locked }))
}

/// Locks the approver key with a new password.
pub fn lock(context: &Context<'_>) -> Result<ApproverReport, OpsError> {
    let password = context.passwords.new_password(NAME).map(SecretValue::new).ok_or(ApproveError::NoPassword)?;
    Ok(report_of(context.home.lock_approver(context.passwords, Some(&password))?))
}

/// Takes the password away again.
pub fn unlock(context: &Context<'_>) -> Result<ApproverReport, OpsError> {
    Ok(report_of(context.home.lock_approver(context.passwords, None)?))
}

fn report_of(approver: Approver) -> ApproverReport {
    let Approver { public, locked } = approver;
    ApproverReport { id: public.id(), key: public.to_string(), pem: public.to_pem(), locked }
}

/// Asks on the terminal; the envelope of a yes.
fn ask(context: &Context<'_>, question: &Waiting) -> Result<(ApproveReport, Option<String>), OpsError> {
    let is_plain = |c: char| c == '\n' || c.is_ascii_graphic() || c == ' ';
    if !question.text.chars().all(is_plain) {
        return Err(ApproveError::Text(question.id).into());
    }
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| ConsentError::Store(error.to_string()))?;
    let challenge = Challenge::of(question.level, &question.package, &question.tool, random);
    match terminal::answer(context, &question.text, &challenge) {
        Answer::Allowed(_) => {
            let (report, envelope) = sign(context, question)?;
            Ok((report, Some(envelope)))
        }
        Answer::Refused(why) => Ok((refused(question, why), None)),
        Answer::Approved(_) | Answer::Nobody(_) => Err(ConsentError::Unavailable {
            tool: question.tool.to_string(),
            why: "there is no terminal".to_owned(),
            help: vec![format!("run it on a terminal: mpp approve {}", question.id)],
        }
        .into()),
    }
}

fn sign(context: &Context<'_>, question: &Waiting) -> Result<(ApproveReport, String), OpsError> {
    let (key, locked) = context.home.approver_key(context.passwords)?;
    let surface = if locked { Surface::ApproveLocked } else { Surface::Approve };
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| ConsentError::Store(error.to_string()))?;
    let binding = Binding {
        host: question.host,
        package: question.digest,
        publisher: question.publisher,
        tool: &question.tool,
        arguments: question.arguments,
        grants: question.grants,
        agent: question.agent,
        level: question.level,
        shown: Digest::of(question.text.as_bytes()),
    };
    let now = context.time();
    let seconds = if question.waits_until > now { SECONDS.0 } else { SECONDS.1 };
    let approval =
        binding.approval(question.ledger, Nonce::from_bytes(nonce), key.public().id(), surface, now, seconds);
    let envelope = sign_approval(&approval, &key)?;
    let report = ApproveReport {
        approved: true,
        why: None,
        approver: Some(approval.approver),
        surface: Some(surface),
        expires: Some(approval.expires),
        ..refused(question, "")
    };
    Ok((report, envelope))
}

fn refused(question: &Waiting, why: &str) -> ApproveReport {
    ApproveReport {
        id: question.id,
        package: question.package.clone(),
        tool: question.tool.clone(),
        level: question.level,
        approved: false,
        why: Some(why.to_owned()),
        approver: None,
        surface: None,
        expires: None,
        envelope: None,
    }
}
