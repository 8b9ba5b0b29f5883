//! Answers one request of the conformance protocol (`conformance/PROTOCOL.md`) with the same functions that the verbs use.
//!
//! Decides nothing of its own and touches nothing but the named files. A request that makes no sense is answered with `unsupported`,
//! which no case expects. A registry's repository is written to a folder that is removed again.

mod consent;
mod index;

use crate::{OpsError, atomic_write::IoError, home::privacy::PrivacyError, verb::verify::check_content};
use mpp_package::{
    key::PublicKey,
    signature::{self, SignatureError, SignatureText},
    verify::{self, Trust, TrustedKey},
};
use mpp_privacy::{Direction, Filter, Masker, Modes, Stream};
use mpp_schema::{Digest, manifest::PrivacyModes};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

/// The protocol's version that is spoken here.
const PROTOCOL: u64 = 1;

/// One question.
#[derive(Deserialize)]
#[serde(tag = "operation")]
enum Question {
    #[serde(rename = "package.verify")]
    VerifyPackage(VerifyPackage),
    #[serde(rename = "signature.verify")]
    VerifySignature { message: PathBuf, signature: PathBuf, key: String, purpose: Option<String> },
    #[serde(rename = "signature.parse")]
    ParseSignature { signature: PathBuf },
    #[serde(rename = "key.register")]
    RegisterKey { key: String },
    #[serde(rename = "privacy.mask")]
    Mask(Mask),
    #[serde(rename = "approval.verify")]
    VerifyApproval(Box<consent::Approve>),
    #[serde(rename = "agent.verify")]
    VerifyAgent(Box<consent::Ask>),
    #[serde(rename = "audit.verify")]
    VerifyAudit(consent::Audit),
    #[serde(rename = "index.update")]
    UpdateIndex(index::Update),
    #[serde(rename = "index.fetch")]
    FetchIndex(index::Fetch),
    #[serde(rename = "index.resolve")]
    Resolve(index::Resolve),
    #[serde(rename = "index.file")]
    CheckFile(index::CheckFile),
    #[serde(rename = "index.claim")]
    Claim(index::Claim),
}

/// What is masked, and how.
#[derive(Deserialize)]
struct Mask {
    text: PathBuf,
    direction: String,
    #[serde(default)]
    modes: PrivacyModes,
    #[serde(default)]
    secrets: Vec<String>,
    times: Option<usize>,
    cut: Option<usize>,
}

#[derive(Deserialize)]
struct VerifyPackage {
    file: PathBuf,
    trust: Vec<Trusted>,
    development: Option<String>,
    threshold: usize,
    full: bool,
}

#[derive(Deserialize)]
struct Trusted {
    name: String,
    key: String,
}

/// The answer to one request, as one line of JSON.
pub fn answer(request: &str) -> String {
    let answer = match read(request) {
        Ok(question) => ask(&question).unwrap_or_else(
            |error| json!({ "outcome": "refused", "code": error.code().as_str(), "message": error.message() }),
        ),
        Err(reason) => json!({ "outcome": "unsupported", "message": reason }),
    };
    answer.to_string()
}

fn read(request: &str) -> Result<Question, String> {
    let request: Json = serde_json::from_str(request).map_err(|error| error.to_string())?;
    if request["protocol"] != PROTOCOL {
        return Err(format!("expected protocol {PROTOCOL}, found {}", request["protocol"]));
    }
    serde_json::from_value(request).map_err(|error| error.to_string())
}

fn ask(question: &Question) -> Result<Json, OpsError> {
    match question {
        Question::VerifyPackage(package) => verify_package(package),
        Question::VerifySignature { message, signature, key, purpose } => {
            let key = PublicKey::from_base64(key)?;
            verify_signature(&bytes(message)?, &text(signature)?, &key, purpose.as_deref())?;
            Ok(accepted())
        }
        Question::ParseSignature { signature } => {
            SignatureText::parse(&text(signature)?)?;
            Ok(accepted())
        }
        Question::RegisterKey { key } => {
            let key = PublicKey::from_base64(key)?;
            Ok(json!({ "outcome": "accepted", "key": key.id() }))
        }
        Question::Mask(mask) => masked(mask),
        Question::VerifyApproval(approval) => approval.answer(),
        Question::VerifyAgent(ask) => ask.answer(),
        Question::VerifyAudit(audit) => audit.answer(),
        Question::UpdateIndex(update) => update.answer(),
        Question::FetchIndex(fetch) => fetch.answer(),
        Question::Resolve(resolve) => resolve.answer(),
        Question::CheckFile(file) => file.answer(),
        Question::Claim(claim) => claim.answer(),
    }
}

fn accepted() -> Json {
    json!({ "outcome": "accepted" })
}

fn accepted_as(digest: Digest) -> Json {
    json!({ "outcome": "accepted", "digest": digest })
}

fn verify_package(question: &VerifyPackage) -> Result<Json, OpsError> {
    let named =
        |trusted: &Trusted| Ok(TrustedKey { key: PublicKey::from_base64(&trusted.key)?, name: trusted.name.clone() });
    let trust = Trust {
        publishers: question.trust.iter().map(named).collect::<Result<_, OpsError>>()?,
        development: question.development.as_deref().map(PublicKey::from_base64).transpose()?,
        threshold: question.threshold,
    };
    let file = BufReader::new(File::open(&question.file).map_err(IoError::on("open", &question.file))?);
    let digest = if question.full {
        let mut package = verify::open(file, &trust)?;
        check_content(&mut package)?;
        package.digest()
    } else {
        verify::verify(file, &trust)?.digest
    };
    Ok(accepted_as(digest))
}

fn verify_signature(message: &[u8], text: &str, key: &PublicKey, purpose: Option<&str>) -> Result<(), SignatureError> {
    let signature = SignatureText::parse(text)?;
    signature::verify(message, &signature, key)?;
    match purpose {
        Some(expected) if signature.trusted_comment() != expected => Err(SignatureError::Binding {
            key: key.id(),
            expected: expected.to_owned(),
            found: signature.trusted_comment().to_owned(),
        }),
        _ => Ok(()),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, OpsError> {
    Ok(fs::read(path).map_err(IoError::on("read", path))?)
}

/// The longest text that an answer holds.
const TEXT_BYTES_MAX: usize = 4096;

fn masked(question: &Mask) -> Result<Json, OpsError> {
    let word = |wrong: String| PrivacyError::Word { table: "modes", wrong };
    let direction: Direction = question.direction.parse().map_err(|error| word(format!("{error}")))?;
    let mut modes = Modes::default();
    mpp_host::apply_modes(&mut modes, &question.modes).map_err(word)?;
    let secrets = question.secrets.iter().map(String::as_bytes);
    let filter = Filter::new().with_secrets(secrets).map_err(PrivacyError::from)?;
    let mut masker = Masker::new(filter, modes);
    let text = bytes(&question.text)?.repeat(question.times.unwrap_or(1));
    let masked = match question.cut {
        None => masker.bytes(direction, &text)?.into_owned(),
        Some(place) => {
            let (first, second) = text.split_at(place.min(text.len()));
            let (mut stream, mut out) = (Stream::new(direction), Vec::new());
            stream.push(&mut masker, first, &mut out)?;
            stream.push(&mut masker, second, &mut out)?;
            stream.finish(&mut masker, &mut out)?;
            out
        }
    };
    let mut answer = json!({ "outcome": "accepted", "digest": Digest::of(&masked) });
    if masked.len() <= TEXT_BYTES_MAX {
        answer["text"] = String::from_utf8_lossy(&masked).into();
    }
    Ok(answer)
}

/// The file as text; bytes that are no text become characters that no signature may hold.
fn text(path: &Path) -> Result<String, OpsError> {
    Ok(String::from_utf8_lossy(&bytes(path)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::answer;
    use serde_json::{Value as Json, json};
    use std::{fs, path::Path};

    /// Asks about one case as the runner would; gives what is wrong with the answer.
    fn wrong(folder: &Path) -> Option<String> {
        let case: Json = serde_json::from_str(&fs::read_to_string(folder.join("case.json")).unwrap()).unwrap();
        let mut request = json!({ "protocol": 1, "operation": case["operation"] });
        for (field, name) in case["files"].as_object().unwrap() {
            request[field] = json!(folder.join(name.as_str().unwrap()));
        }
        for (field, value) in case["values"].as_object().unwrap() {
            request[field] = value.clone();
        }
        let found: Json = serde_json::from_str(&answer(&request.to_string())).unwrap();
        let expected = case["expect"].as_object().unwrap();
        let right = expected.iter().all(|(field, value)| found[field] == *value);
        (!right).then(|| format!("{}: expected {}, found {found}", folder.display(), case["expect"]))
    }

    /// Asks about every case of a chapter.
    #[track_caller]
    fn check(chapter: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/vectors").join(chapter);
        let cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!cases.is_empty());
        let wrong: Vec<String> = cases.iter().filter_map(|case| wrong(case)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_case_about_keys() {
        check("key");
    }

    #[test]
    fn every_case_about_signatures() {
        check("signature");
    }

    #[test]
    fn every_case_about_trust() {
        check("trust");
    }

    #[test]
    fn every_case_about_packages() {
        check("package");
    }

    #[test]
    fn every_case_about_privacy() {
        check("privacy");
    }

    #[test]
    fn every_case_about_consent() {
        check("consent");
    }

    #[test]
    fn every_case_about_indexes() {
        check("index");
    }

    #[test]
    fn a_request_that_makes_no_sense_is_unsupported() {
        for request in
            ["", "{}", r#"{"protocol":2,"operation":"key.register","key":""}"#, r#"{"protocol":1,"operation":"x"}"#]
        {
            assert!(answer(request).contains(r#""outcome":"unsupported""#), "{request}");
        }
    }
}
