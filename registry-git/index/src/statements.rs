//! What publishers say about a package, verified against the owners of its namespace (spec/index.md IDX-18 to IDX-22).

use crate::{IndexError, document, keys::Keys, layout, namespace::Namespace, package::Proof};
use mpp_package::{
    limits::DESCRIPTION_BYTES_MAX,
    signature::{Purpose, SignatureText},
};
use mpp_schema::{
    Coded, KeyId, PackageName, RegistryId, Version, codes,
    index::{Release, Says, Signed, Statement},
    text,
};
use std::collections::{BTreeMap, btree_map::Entry};

/// A statement that the owners of the namespace made.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) statement: Statement,
    pub(crate) signers: Vec<KeyId>,
}

/// Reads the statements in a file.
pub(crate) fn read(
    registry: RegistryId,
    name: &PackageName,
    namespace: &Namespace,
    file: &[u8],
    proof: Proof,
) -> Result<Vec<Verified>, IndexError> {
    let path = layout::package(name);
    let mut statements: Vec<Verified> = Vec::new();
    let mut versions = Versions::default();
    for (i, line) in document::lines(&path, file)?.into_iter().enumerate() {
        let at = format!("{path}:{}", i + 1);
        let verified = statement(registry, name, namespace, &at, line, proof)?;
        let owners_before = statements.last().map_or(1, |last| last.statement.owners);
        if verified.statement.owners < owners_before {
            let found = format!("version {} after {owners_before}", verified.statement.owners);
            return Err(IndexError::malformed(&at, "owners that do not go back", found));
        }
        versions.add(name, released(&verified.statement))?;
        statements.push(verified);
    }
    Ok(statements)
}

/// Reads one line.
pub(crate) fn statement(
    registry: RegistryId,
    name: &PackageName,
    namespace: &Namespace,
    at: &str,
    line: &[u8],
    proof: Proof,
) -> Result<Verified, IndexError> {
    let signed: Signed = document::parse_line(at, line)?;
    // The text names the owners' version, so it is read first; nothing of it is used before its signatures hold.
    let statement: Statement = document::parse(at, signed.signed.as_bytes())?;
    let not_owner =
        |reason: String| IndexError::NotOwner { path: at.to_owned(), namespace: namespace.name().clone(), reason };
    let keys = namespace
        .owners(statement.owners)
        .ok_or_else(|| not_owner(format!("there is no version {} of its owners", statement.owners)))?;
    let signers = match proof {
        Proof::Update => signers(at, &signed, keys)?,
        Proof::Signatures => {
            let (_, signers) = document::open::<Statement>(at, &signed, &Purpose::Statement { registry }, keys)
                .map_err(|error| match error.code() == codes::TRUST_UNKNOWN_KEY {
                    true => not_owner("it is signed by other keys".to_owned()),
                    false => error,
                })?;
            signers
        }
    };
    if statement.registry != registry {
        return Err(IndexError::OtherRegistry { path: at.into(), expected: registry, found: statement.registry });
    }
    if statement.name != *name {
        return Err(IndexError::malformed(at, "a statement about this package", format!("`{}`", statement.name)));
    }
    check_text(at, &statement)?;
    Ok(Verified { statement, signers })
}

/// Which of the keys signed, as the signatures name them. They were verified before.
fn signers(at: &str, signed: &Signed, keys: &Keys) -> Result<Vec<KeyId>, IndexError> {
    let mut signers = Vec::new();
    for text in &signed.signatures {
        let signature =
            SignatureText::parse(text).map_err(|source| IndexError::Signature { path: at.to_owned(), source })?;
        signers.extend(keys.contains(signature.key_id()).then(|| signature.key_id()));
    }
    Ok(signers)
}

/// The version that a statement releases.
pub(crate) fn released(statement: &Statement) -> &Version {
    let Says::Release(release) = &statement.says;
    &release.version
}

/// Whether two versions are one: build metadata does not make a difference.
pub(crate) fn same_version(a: &Version, b: &Version) -> bool {
    (a.major, a.minor, a.patch, &a.pre) == (b.major, b.minor, b.patch, &b.pre)
}

/// Refuses a version that a file of statements releases twice. Signatures are not looked at.
pub(crate) fn refuse_duplicates(name: &PackageName, file: &[u8]) -> Result<(), IndexError> {
    let mut versions = Versions::default();
    releases(name, file)?.iter().try_for_each(|release| versions.add(name, &release.version))
}

/// The releases in a file of statements, without their signatures: for files whose bytes are proven in another way.
pub(crate) fn releases(name: &PackageName, file: &[u8]) -> Result<Vec<Release>, IndexError> {
    let path = layout::package(name);
    let mut releases = Vec::new();
    for line in document::lines(&path, file)? {
        let signed: Signed = document::parse_line(&path, line)?;
        let statement: Statement = document::parse(&path, signed.signed.as_bytes())?;
        check_text(&path, &statement)?;
        let Says::Release(release) = statement.says;
        releases.push(release);
    }
    Ok(releases)
}

/// Refuses texts that people would read and that hide something or are too long, and a commit that is not a git id.
pub(crate) fn check_text(at: &str, statement: &Statement) -> Result<(), IndexError> {
    let Says::Release(release) = &statement.says;
    if let Some(hidden) = text::hidden_character(&release.description) {
        let found = hidden.escape_unicode().to_string();
        return Err(IndexError::malformed(at, "a description without hidden characters", found));
    }
    if release.description.len() > DESCRIPTION_BYTES_MAX {
        let found = format!("{} bytes", release.description.len());
        return Err(IndexError::malformed(at, "a description of at most 1024 bytes", found));
    }
    let git_id =
        |id: &String| matches!(id.len(), 40 | 64) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match release.commit.as_ref().filter(|commit| !git_id(commit)) {
        Some(commit) => Err(IndexError::malformed(at, "a git commit id", format!("{commit:?}"))),
        None => Ok(()),
    }
}

/// The versions of a file of statements so far, by what makes a version another one.
#[derive(Default)]
struct Versions(BTreeMap<(u64, u64, u64, String), Version>);

impl Versions {
    fn add(&mut self, name: &PackageName, version: &Version) -> Result<(), IndexError> {
        match self.0.entry((version.major, version.minor, version.patch, version.pre.to_string())) {
            Entry::Vacant(free) => {
                free.insert(version.clone());
                Ok(())
            }
            Entry::Occupied(existing) => Err(IndexError::DuplicateVersion {
                name: name.clone(),
                version: Box::new(version.clone()),
                existing: Box::new(existing.get().clone()),
            }),
        }
    }
}
