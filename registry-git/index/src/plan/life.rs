//! What is said about versions, packages and keys after a release (spec/index.md IDX-60 to IDX-71).

use super::{Draft, IndexEdit, owners_sign};
use crate::{
    Files, IndexError, advisories, document,
    keys::Keys,
    layout,
    package::{self, PackageEntry, Proof},
    shards,
    state::TrustedState,
    statements, texts,
};
use mpp_package::{
    key::{PublicKey, Signer},
    signature::Purpose,
};
use mpp_schema::{
    FormatVersion, Instant, PackageName, Version, VersionReq,
    index::{Advisory, Notice, Revocation, Says, Severity, Statement},
};

/// Something to say about a version.
pub struct Say<'a> {
    /// The package.
    pub name: &'a PackageName,
    /// What is said. A release is published instead.
    pub says: Says,
    /// Keys at hand: of the owners; root keys for a block by the registry; for a co-signature exactly the key that it names.
    pub signers: &'a [&'a dyn Signer],
    /// Head keys at hand.
    pub head_keys: &'a [&'a dyn Signer],
    /// The clock.
    pub now: Instant,
}

/// Plans a statement; nothing when what it says holds already.
///
/// # Errors
/// When there is no such version, the keys are not those of who may say so, a text may not stand in an index, or no head key is at hand.
pub fn say(files: &dyn Files, state: &TrustedState, new: &Say<'_>) -> Result<Option<IndexEdit>, IndexError> {
    let table = shards::table(files, state.head())?;
    let path = layout::package(new.name);
    let not_found = |found: String| IndexError::NotFound {
        name: new.name.clone(),
        requirement: about(&new.says).map(|(version, _)| format!("={version}")).unwrap_or_default(),
        found,
    };
    let entry = package::package_in(files, state, &table, new.name, Proof::Update)?;
    let entry = entry.ok_or_else(|| not_found("the registry has no package of this name".to_owned()))?;
    let (version, verb) =
        about(&new.says).ok_or_else(|| IndexError::malformed(&path, "something about a version", "a release"))?;
    let Some(holds) = holds(&entry, &new.says, version) else {
        return Err(not_found("there is no such version".to_owned()));
    };
    let (owners, root) = speaker(files, state, &table, new)?;
    if holds {
        return Ok(None);
    }
    let statement = Statement {
        mpp: FormatVersion::CURRENT,
        registry: state.registry(),
        name: new.name.clone(),
        owners,
        root,
        issued: new.now,
        says: new.says.clone(),
    };
    statements::check_texts(&path, &statement)?;
    let purpose = Purpose::Statement { registry: state.registry() };
    let signed = document::seal(&path, &statement, &purpose, new.signers)?;
    let mut draft = Draft::on(files, state, table)?;
    draft.append(path, &document::line(&signed))?;
    draft.finish(new.head_keys, new.now, format!("{verb} {}@{version}", new.name)).map(Some)
}

/// The version that something is said about, and the word for it.
fn about(says: &Says) -> Option<(&Version, &'static str)> {
    match says {
        Says::Yank(Notice { version, .. }) => Some((version, "Yank")),
        Says::Unyank(Notice { version, .. }) => Some((version, "Unyank")),
        Says::Deprecate(Notice { version, .. }) => Some((version, "Deprecate")),
        Says::Block(Notice { version, .. }) => Some((version, "Block")),
        Says::CoSign(co) => Some((&co.version, "Co-sign")),
        Says::Release(_) | Says::Newer => None,
    }
}

/// Whether what is to be said holds already; nothing when there is no such version.
fn holds(entry: &PackageEntry, says: &Says, version: &Version) -> Option<bool> {
    let signed = entry.releases.iter().find(|signed| signed.release.version == *version)?;
    let standing = &signed.standing;
    Some(match says {
        Says::Yank(_) => standing.yanked.is_some(),
        Says::Unyank(_) => standing.yanked.is_none(),
        Says::Deprecate(notice) => standing.deprecated.as_ref().is_some_and(|said| said.reason == notice.reason),
        Says::Block(_) => standing.blocked.is_some(),
        Says::CoSign(co) => {
            let key = PublicKey::from_base64(&co.key).ok()?;
            standing.co_signers.contains(&key.id())
        }
        Says::Release(_) | Says::Newer => false,
    })
}

/// The numbers of the owners and of the root that a statement names: the root's when the signers are its keys and no owners.
fn speaker(
    files: &dyn Files,
    state: &TrustedState,
    table: &[Option<mpp_schema::Digest>],
    new: &Say<'_>,
) -> Result<(u32, Option<u32>), IndexError> {
    let path = layout::package(new.name);
    let namespace = package::namespace_in(files, state, table, new.name.namespace(), Proof::Signatures)?;
    let namespace = namespace.ok_or_else(|| IndexError::NotOwner {
        path: path.clone(),
        namespace: new.name.namespace().clone(),
        reason: "nobody owns it".to_owned(),
    })?;
    let by_owners = owners_sign(&namespace, new.signers, &path);
    match &new.says {
        Says::CoSign(_) => Ok((namespace.version(), None)),
        Says::Block(_) if by_owners.is_err() && is_registry(state, new.signers)? => {
            Ok((namespace.version(), Some(state.root().version)))
        }
        _ => by_owners.map(|owners| (owners, None)),
    }
}

/// Whether enough root keys are at hand.
pub(super) fn is_registry(state: &TrustedState, signers: &[&dyn Signer]) -> Result<bool, IndexError> {
    let keys = Keys::new(&layout::root(state.root().version), &state.root().root_keys)?;
    Ok(keys.are_met_by(signers))
}

/// An advisory to write.
pub struct Advise<'a> {
    /// The package.
    pub name: &'a PackageName,
    /// What the advisory is called. Another one with this id stands in its place from now on.
    pub id: String,
    /// The versions that it concerns.
    pub versions: VersionReq,
    /// How bad it is.
    pub severity: Severity,
    /// What people should know.
    pub text: String,
    /// The first version that is not concerned.
    pub fixed_in: Option<Version>,
    /// Keys at hand: of the owners, or root keys.
    pub signers: &'a [&'a dyn Signer],
    /// Head keys at hand.
    pub head_keys: &'a [&'a dyn Signer],
    /// The clock.
    pub now: Instant,
}

/// Plans an advisory.
///
/// # Errors
/// As [`say`].
pub fn advise(files: &dyn Files, state: &TrustedState, new: &Advise<'_>) -> Result<IndexEdit, IndexError> {
    let table = shards::table(files, state.head())?;
    let path = layout::advisories(new.name);
    if shards::digest_of(files, &table, &layout::package(new.name))?.is_none() {
        let found = "the registry has no package of this name".to_owned();
        return Err(IndexError::NotFound { name: new.name.clone(), requirement: new.versions.to_string(), found });
    }
    let namespace = package::namespace_in(files, state, &table, new.name.namespace(), Proof::Signatures)?;
    let namespace = namespace.ok_or_else(|| IndexError::NotOwner {
        path: path.clone(),
        namespace: new.name.namespace().clone(),
        reason: "nobody owns it".to_owned(),
    })?;
    let (owners, root) = match owners_sign(&namespace, new.signers, &path) {
        Err(_) if is_registry(state, new.signers)? => (namespace.version(), Some(state.root().version)),
        by_owners => (by_owners?, None),
    };
    let advisory = Advisory {
        mpp: FormatVersion::CURRENT,
        registry: state.registry(),
        name: new.name.clone(),
        owners,
        root,
        issued: new.now,
        id: new.id.clone(),
        versions: new.versions.clone(),
        severity: new.severity,
        text: new.text.clone(),
        fixed_in: new.fixed_in.clone(),
    };
    advisories::check_texts(&path, &advisory)?;
    let purpose = Purpose::Advisory { registry: state.registry() };
    let signed = document::seal(&path, &advisory, &purpose, new.signers)?;
    let mut draft = Draft::on(files, state, table)?;
    draft.append(path, &document::line(&signed))?;
    draft.finish(new.head_keys, new.now, format!("Advise about {}: {}", new.name, new.id))
}

/// A key to revoke.
pub struct Revoke<'a> {
    /// The key.
    pub key: &'a PublicKey,
    /// Why, for people.
    pub reason: String,
    /// The key itself, or root keys.
    pub signers: &'a [&'a dyn Signer],
    /// Head keys at hand.
    pub head_keys: &'a [&'a dyn Signer],
    /// The clock.
    pub now: Instant,
}

/// Plans the revocation of a key; nothing when it was revoked before.
///
/// # Errors
/// When neither the key nor enough root keys are at hand, the reason may not stand in an index, or no head key is at hand.
pub fn revoke(files: &dyn Files, state: &TrustedState, new: &Revoke<'_>) -> Result<Option<IndexEdit>, IndexError> {
    let table = shards::table(files, state.head())?;
    let path = layout::revocation(new.key.id());
    let by_itself = new.signers.iter().any(|signer| signer.public_key().id() == new.key.id());
    let root = match by_itself {
        true => None,
        false if is_registry(state, new.signers)? => Some(state.root().version),
        false => {
            let reason = "neither the key itself nor enough root keys are at hand".to_owned();
            return Err(IndexError::NotRoot { path, reason });
        }
    };
    texts::check_reason(&path, &new.reason)?;
    if shards::digest_of(files, &table, &path)?.is_some() {
        return Ok(None);
    }
    let revocation = Revocation {
        mpp: FormatVersion::CURRENT,
        registry: state.registry(),
        key: new.key.to_base64(),
        root,
        issued: new.now,
        reason: new.reason.clone(),
    };
    let purpose = Purpose::Revocation { registry: state.registry() };
    let signed = document::seal(&path, &revocation, &purpose, new.signers)?;
    let mut draft = Draft::on(files, state, table)?;
    draft.write(path, document::line(&signed));
    draft.finish(new.head_keys, new.now, format!("Revoke key {}", new.key.id())).map(Some)
}
