//! Questions that wait for somebody elsewhere, and the answers to them: a file each, named by the question.
//!
//! Nothing here is believed. A question says what its host would ask; whoever makes the call compares an answer with the call itself, and a
//! question that was written by somebody else is about no call that is made. A no needs no signature.

use super::Home;
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_schema::{
    Digest, FormatVersion, HostId, Instant, KeyId, LedgerId, MessageKeyId, PackageName, ToolName, Version,
    consent::Level,
};
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    str::FromStr,
};

/// How long a question is listed, in seconds.
pub const QUESTION_SECONDS: u64 = 600;
/// A file here is never longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a question is called: the beginning of its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuestionId([u8; 8]);

impl QuestionId {
    /// Of the question with this digest.
    pub fn of(question: Digest) -> Self {
        let mut id = [0; 8];
        id.copy_from_slice(&question.as_bytes()[..8]);
        Self(id)
    }
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<QuestionId> for String {
    fn from(id: QuestionId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for QuestionId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for QuestionId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected 16 hexadecimal digits, found \"{}\"", text.escape_default());
        let plain = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(text, 16).ok().filter(|_| plain);
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(wrong)
    }
}

/// A question that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The format's version.
    pub mpp: FormatVersion,
    /// What it is called.
    pub id: QuestionId,
    /// The home whose call it is.
    pub host: HostId,
    /// The ledger that would record the use of an approval.
    pub ledger: LedgerId,
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// Its publisher.
    pub publisher: KeyId,
    /// The tool.
    pub tool: ToolName,
    /// Digest of the typed arguments.
    pub arguments: Digest,
    /// Digest of the grants in force.
    pub grants: Digest,
    /// The agent; nothing for an anonymous one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<MessageKeyId>,
    /// What the user calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    /// The level.
    pub level: Level,
    /// The exact text that is shown.
    pub text: String,
    /// When it was asked.
    pub asked: Instant,
    /// When it is asked no more.
    pub expires: Instant,
    /// Up to when the call waits for the answer; it does not where this is the moment when it was asked.
    pub waits_until: Instant,
}

/// An answer that nobody looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// An envelope, or what is said to be one.
    Approved(String),
    /// A no.
    Refused,
}

impl Home {
    fn questions_folder(&self) -> PathBuf {
        self.data.join("questions")
    }

    fn question_path(&self, id: QuestionId) -> PathBuf {
        self.questions_folder().join(format!("{id}.json"))
    }

    fn answer_paths(&self, id: QuestionId) -> [PathBuf; 2] {
        ["approved", "refused"].map(|kind| self.questions_folder().join(format!("{id}.{kind}")))
    }

    /// Lets a question wait.
    pub fn keep_question(&self, question: &Waiting) -> Result<(), OpsError> {
        self.sweep_questions(question.asked)?;
        let path = self.question_path(question.id);
        let text = serde_json::to_string_pretty(question)
            .map_err(|error| super::MalformedFile { path: path.clone(), reason: error.to_string() })?;
        Ok(atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?)
    }

    /// The questions that wait now, the oldest first. What is no question is passed over: it is about no call.
    pub fn questions(&self, now: Instant) -> Result<Vec<Waiting>, OpsError> {
        let mut found: Vec<Waiting> = self.question_files()?.iter().filter_map(|path| read_question(path)).collect();
        found.retain(|question| question.expires > now && self.answer(question.id).ok().flatten().is_none());
        found.sort_by_key(|question| (question.asked, question.id));
        Ok(found)
    }

    /// Whether this question is listed already.
    pub fn is_asked(&self, id: QuestionId, now: Instant) -> bool {
        read_question(&self.question_path(id)).is_some_and(|question| question.expires > now)
    }

    /// Answers a question.
    pub fn keep_answer(&self, id: QuestionId, answer: &Answered) -> Result<(), OpsError> {
        let [approved, refused] = self.answer_paths(id);
        let (path, text) = match answer {
            Answered::Approved(envelope) => (approved, envelope.as_str()),
            Answered::Refused => (refused, ""),
        };
        Ok(atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?)
    }

    /// The answer to a question, if there is one. A no goes before a yes.
    pub fn answer(&self, id: QuestionId) -> Result<Option<Answered>, OpsError> {
        let [approved, refused] = self.answer_paths(id);
        if refused.try_exists().map_err(IoError::on("look for", &refused))? {
            return Ok(Some(Answered::Refused));
        }
        Ok(atomic_write::read_text_if_there(&approved)?.map(Answered::Approved))
    }

    /// Forgets a question and its answer.
    pub fn forget_question(&self, id: QuestionId) -> Result<(), OpsError> {
        let [approved, refused] = self.answer_paths(id);
        for path in [self.question_path(id), approved, refused] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(IoError::new("remove", &path, error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes what is too old to be asked about, and answers to it.
    fn sweep_questions(&self, now: Instant) -> Result<(), OpsError> {
        for path in self.question_files()? {
            if let Some(question) = read_question(&path).filter(|question| question.expires <= now) {
                self.forget_question(question.id)?;
            }
        }
        Ok(())
    }

    fn question_files(&self) -> Result<Vec<PathBuf>, OpsError> {
        let folder = self.questions_folder();
        let failed = |error| IoError::new("list the folder", &folder, error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error).into()),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            files.extend(path.extension().is_some_and(|extension| extension == "json").then_some(path));
        }
        Ok(files)
    }
}

/// A question as its file says it; nothing when that is none, or stands under another name.
fn read_question(path: &Path) -> Option<Waiting> {
    let data = fs::symlink_metadata(path).ok().filter(|data| data.is_file() && data.len() <= FILE_BYTES_MAX)?;
    let text = fs::read(path).ok().filter(|text| text.len() as u64 == data.len())?;
    let question: Waiting = serde_json::from_slice(&text).ok()?;
    (path.file_stem()?.to_str()? == question.id.to_string()).then_some(question)
}

#[cfg(test)]
mod tests {
    use super::{Answered, QuestionId, Waiting};
    use crate::home::Home;
    use mpp_schema::{Digest, FormatVersion, HostId, Instant, KeyId, LedgerId, consent::Level};

    fn question(of: &str) -> Waiting {
        let asked = Instant::from_unix_seconds(1_800_000_000).unwrap();
        Waiting {
            mpp: FormatVersion::CURRENT,
            id: QuestionId::of(Digest::of(of.as_bytes())),
            host: HostId::from_bytes([1; 16]),
            ledger: LedgerId::from_bytes([2; 16]),
            package: "acme:notes".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest: Digest::of(b"package"),
            publisher: KeyId::from_bytes([3; 32]),
            tool: "save".parse().unwrap(),
            arguments: Digest::of(b"arguments"),
            grants: Digest::of(b"grants"),
            agent: None,
            agent_name: None,
            level: Level::L2,
            text: "A call needs your decision".to_owned(),
            asked,
            expires: asked.plus_seconds(600),
            waits_until: asked,
        }
    }

    #[test]
    fn a_question_is_listed_until_it_is_answered_or_old() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let (one, two) = (question("one"), question("two"));
        let now = one.asked;
        home.keep_question(&one).unwrap();
        home.keep_question(&two).unwrap();
        assert_eq!(home.questions(now).unwrap().len(), 2);
        home.keep_answer(one.id, &Answered::Approved("{}".to_owned())).unwrap();
        assert_eq!(home.questions(now).unwrap(), std::slice::from_ref(&two));
        assert_eq!(home.answer(one.id).unwrap(), Some(Answered::Approved("{}".to_owned())));
        home.keep_answer(one.id, &Answered::Refused).unwrap();
        assert_eq!(home.answer(one.id).unwrap(), Some(Answered::Refused));
        assert!(home.questions(two.expires).unwrap().is_empty() && !home.is_asked(two.id, two.expires));
        home.keep_question(&Waiting { asked: two.expires, expires: two.expires.plus_seconds(9), ..question("three") })
            .unwrap();
        assert_eq!(home.answer(one.id).unwrap(), None, "what is old is swept away");
    }

    #[test]
    fn whatever_lies_there_is_no_question() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let one = question("one");
        home.keep_question(&one).unwrap();
        let path = home.question_path(one.id);
        std::fs::copy(&path, path.with_file_name("0000000000000000.json")).unwrap();
        std::fs::write(path.with_file_name("text.json"), "{}").unwrap();
        std::fs::create_dir(path.with_file_name("folder.json")).unwrap();
        assert_eq!(home.questions(one.asked).unwrap(), [one]);
        for wrong in ["", "12", "0123456789abcdeF", "0123456789abcdef0", "+123456789abcdef"] {
            assert!(wrong.parse::<QuestionId>().is_err(), "{wrong}");
        }
    }
}
