//! What publishers say about a package, verified against the owners of its namespace (spec/index.md IDX-18 to IDX-22, IDX-60 to IDX-66).

use crate::{
    IndexError,
    authority::{Authority, Speaker},
    document,
    history::History,
    keys::Keys,
    layout,
    package::SignedRelease,
    texts,
};
use mpp_package::{key::PublicKey, signature::Purpose};
use mpp_schema::{
    FORMAT_MAJOR, FormatVersion, Instant, KeyId, PackageName, RegistryId,
    index::{Notice, Release, Says, Signed, Statement},
};
use serde::{Deserialize, de::IgnoredAny};
use std::collections::BTreeMap;

/// A statement by those who may make it.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) statement: Statement,
    pub(crate) signers: Vec<KeyId>,
    pub(crate) threshold: usize,
}

/// Reads the statements in a file, and what they come to.
pub(crate) fn read(
    name: &PackageName,
    authority: Authority<'_>,
    file: &[u8],
) -> Result<Vec<SignedRelease>, IndexError> {
    let path = layout::package(name);
    let mut history = History::default();
    let mut owners_before = 1;
    for (i, line) in document::lines(&path, file)?.into_iter().enumerate() {
        let at = format!("{path}:{}", i + 1);
        let Verified { statement, signers, .. } = statement(name, authority, &at, line)?;
        let version = statement.owners;
        if version < owners_before {
            let found = format!("version {version} after {owners_before}");
            return Err(IndexError::malformed(&at, "owners that do not go back", found));
        }
        owners_before = version;
        let owners = authority.namespace.owners(version).map_or(&[][..], Keys::keys);
        history.add(&at, name, statement, signers, owners)?;
    }
    Ok(history.into_releases())
}

/// Reads one line.
pub(crate) fn statement(
    name: &PackageName,
    authority: Authority<'_>,
    at: &str,
    line: &[u8],
) -> Result<Verified, IndexError> {
    let signed: Signed = document::parse_line(at, line)?;
    // The text names who has to sign, so it is read first; nothing of it is used before its signatures hold.
    let statement = parse(at, signed.signed.as_bytes())?;
    let speaker = match (&statement.says, statement.root) {
        (Says::CoSign(co), None) => {
            authority.speaker(at, statement.owners, None)?;
            let key =
                PublicKey::from_base64(&co.key).map_err(|source| IndexError::Key { path: at.to_owned(), source })?;
            Speaker::Publisher(Keys::alone(key))
        }
        (Says::Block(_) | Says::Newer, root) => authority.speaker(at, statement.owners, root)?,
        (_, Some(_)) => return Err(IndexError::malformed(at, "a statement by the owners", "one by the registry")),
        (_, None) => authority.speaker(at, statement.owners, None)?,
    };
    let registry = authority.registry;
    let signers = authority.open::<SignedShape>(at, &signed, &Purpose::Statement { registry }, &speaker)?;
    if statement.registry != registry {
        return Err(IndexError::OtherRegistry { path: at.into(), expected: registry, found: statement.registry });
    }
    if statement.name != *name {
        return Err(IndexError::malformed(at, "a statement about this package", format!("`{}`", statement.name)));
    }
    check_texts(at, &statement)?;
    let (Speaker::Publisher(keys) | Speaker::Registry(keys)) = &speaker;
    Ok(Verified { threshold: keys.threshold(), statement, signers })
}

/// What is read again after verifying: nothing, because the shape was read before from the same text.
type SignedShape = IgnoredAny;

/// What is left of a statement for somebody who does not know what it says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewerStatement {
    mpp: FormatVersion,
    registry: RegistryId,
    name: PackageName,
    owners: u32,
    #[serde(default)]
    root: Option<u32>,
    issued: Instant,
    says: BTreeMap<String, IgnoredAny>,
}

const KINDS: [&str; 6] = ["release", "yank", "unyank", "deprecate", "block", "co-sign"];

/// Reads a statement. One of a newer minor version may say something that is not known here (spec/index.md IDX-66).
fn parse(at: &str, text: &[u8]) -> Result<Statement, IndexError> {
    let error = match document::parse(at, text) {
        Ok(statement) => return Ok(statement),
        Err(error) => error,
    };
    let Ok(newer) = serde_json::from_slice::<NewerStatement>(text) else { return Err(error) };
    let is_newer = newer.mpp.major == FORMAT_MAJOR && newer.mpp.minor > FormatVersion::CURRENT.minor;
    let unknown = newer.says.len() == 1 && !newer.says.keys().any(|kind| KINDS.contains(&kind.as_str()));
    let NewerStatement { mpp, registry, name, owners, root, issued, .. } = newer;
    match is_newer && unknown {
        true => Ok(Statement { mpp, registry, name, owners, root, issued, says: Says::Newer }),
        false => Err(error),
    }
}

/// What a file of statements says, without its signatures: for files whose bytes are proven in another way. Refuses a version that is
/// released twice, and a notice about one that is not there.
pub(crate) fn unproven(name: &PackageName, file: &[u8]) -> Result<Vec<SignedRelease>, IndexError> {
    let path = layout::package(name);
    let mut history = History::default();
    for (i, line) in document::lines(&path, file)?.into_iter().enumerate() {
        let at = format!("{path}:{}", i + 1);
        let signed: Signed = document::parse_line(&at, line)?;
        let statement = parse(&at, signed.signed.as_bytes())?;
        check_texts(&at, &statement)?;
        history.add(&at, name, statement, Vec::new(), &[])?;
    }
    Ok(history.into_releases())
}

/// Refuses texts that people would read and that hide something or are too long, and a commit that is not a git id.
pub(crate) fn check_texts(at: &str, statement: &Statement) -> Result<(), IndexError> {
    match &statement.says {
        Says::Release(release) => check_release(at, release),
        Says::Yank(Notice { reason, .. })
        | Says::Unyank(Notice { reason, .. })
        | Says::Deprecate(Notice { reason, .. })
        | Says::Block(Notice { reason, .. }) => texts::check_reason(at, reason),
        Says::CoSign(_) | Says::Newer => Ok(()),
    }
}

fn check_release(at: &str, release: &Release) -> Result<(), IndexError> {
    texts::check(at, &release.description)?;
    let git_id =
        |id: &String| matches!(id.len(), 40 | 64) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match release.commit.as_ref().filter(|commit| !git_id(commit)) {
        Some(commit) => Err(IndexError::malformed(at, "a git commit id", format!("{commit:?}"))),
        None => Ok(()),
    }
}
