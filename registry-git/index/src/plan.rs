//! Plans of edits: which files of an index to write so that every client will accept the result (spec/index.md IDX-40 to IDX-44).
//!
//! Nothing is written here. The caller carries a plan out as one commit on the state that it was made for, or not at all.

mod draft;
mod life;
mod owners;
mod pending_root;
mod proposal;
mod root;
#[cfg(test)]
mod tests;

use crate::{
    Files, IndexError, collision, config, document, keys,
    layout::{self, Covered},
    namespace::Namespace,
    package::{self, Proof},
    search, shards,
    state::TrustedState,
    statements,
};
pub(crate) use draft::Draft;
pub use life::{Advise, Revoke, Say, advise, revoke, say};
use mpp_package::{
    key::{PublicKey, Signer},
    signature::Purpose,
};
use mpp_schema::{
    Digest, FormatVersion, Ident, Instant, PackageName, RegistryId,
    index::{Blobs, Config, Head, KeySet, NamespaceRecord, Release, Root, Says, Signed, Statement},
};
pub use owners::{Owners, Reset, owners};
pub use pending_root::{Lacking, PendingRoot, adopt_root, propose_root};
pub use proposal::{Proposed, Taken, accept, check_proposal, propose, releases_of};
pub use root::{NewRoot, RootChange, recover, rotate};
use std::collections::BTreeMap;

/// Files to write over those of the state that the plan was made for.
#[derive(Debug, Clone)]
pub struct IndexEdit {
    /// The new content of each file.
    pub writes: BTreeMap<String, Vec<u8>>,
    /// The head that the edit signs.
    pub head: Head,
    /// One line for people: what the edit does.
    pub summary: String,
}

/// What a new registry is.
pub struct Init<'a> {
    /// Its identity: random bits, for life.
    pub registry: RegistryId,
    /// Who may sign the next root; each of them signs the first. The threshold is 1.
    pub root_keys: &'a [&'a dyn Signer],
    /// Who may sign heads; the first of them signs the first head. The threshold is 1.
    pub head_keys: &'a [&'a dyn Signer],
    /// How long a head is fresh.
    pub head_lifetime_days: u16,
    /// How long the root is accepted.
    pub root_lifetime_days: u32,
    /// Where package files are kept.
    pub blobs: Blobs,
    /// The clock.
    pub now: Instant,
}

/// Plans the first files of a registry. Also gives the fingerprint of its root.
///
/// # Errors
/// When a key cannot sign.
pub fn init(new: &Init<'_>) -> Result<(IndexEdit, Digest), IndexError> {
    let root = Root {
        mpp: FormatVersion::CURRENT,
        registry: new.registry,
        version: 1,
        root_keys: key_set(new.root_keys),
        head_keys: key_set(new.head_keys),
        head_lifetime_days: new.head_lifetime_days,
        issued: new.now,
        expires: new.now.plus_days(new.root_lifetime_days),
        resume: None,
    };
    let path = layout::root(1);
    let signed = document::seal(&path, &root, &Purpose::Root { registry: new.registry }, new.root_keys)?;
    let config = Config { mpp: FormatVersion::CURRENT, blobs: new.blobs.clone(), follows: Vec::new() };
    config::check(&config)?;
    let mut draft = Draft::empty(root);
    draft.write(layout::CONFIG.to_owned(), document::line(&config));
    draft.write(path, document::line(&signed));
    let head_signers = &new.head_keys[..new.head_keys.len().min(1)];
    let edit = draft.finish(head_signers, new.now, format!("Start registry {}", new.registry))?;
    Ok((edit, layout::fingerprint(&signed)))
}

fn key_set(signers: &[&dyn Signer]) -> KeySet {
    let keys: Vec<_> = signers.iter().map(|signer| *signer.public_key()).collect();
    set_of(&keys, 1)
}

/// A set of keys as a document holds it: sorted, each once.
pub fn set_of(keys: &[PublicKey], threshold: u8) -> KeySet {
    let mut keys: Vec<_> = keys.iter().map(PublicKey::to_base64).collect();
    keys.sort();
    keys.dedup();
    KeySet { keys, threshold }
}

/// A version to publish.
pub struct Publish<'a> {
    /// The package.
    pub name: &'a PackageName,
    /// The version.
    pub release: Release,
    /// Owners of the namespace, who sign the statement; or who claims a free namespace.
    pub publishers: &'a [&'a dyn Signer],
    /// Head keys at hand.
    pub head_keys: &'a [&'a dyn Signer],
    /// The clock.
    pub now: Instant,
}

/// What publishing comes to.
#[derive(Debug, Clone)]
pub enum Published {
    /// Files to write.
    Edit(IndexEdit),
    /// Exactly this file is published as this version already: nothing is left to do.
    Already(Release),
}

/// Plans a release on the state that was verified last, which `files` must be the files of.
///
/// A free namespace is claimed for the publisher: whoever holds a head key may do so.
///
/// # Errors
/// When the version exists, the name is too close to another, the namespace is owned by other keys, or no head key is at hand.
pub fn publish(files: &dyn Files, state: &TrustedState, new: &Publish<'_>) -> Result<Published, IndexError> {
    match lines(files, state, new)? {
        Lines::Already(release) => Ok(Published::Already(release)),
        Lines::New(lines) => {
            let mut draft = Draft::on(files, state, shards::table(files, state.head())?)?;
            for (path, line) in &lines {
                draft.append_signed(path.clone(), line)?;
            }
            let summary = format!("Publish {}@{}", new.name, new.release.version);
            draft.finish(new.head_keys, new.now, summary).map(Published::Edit)
        }
    }
}

/// The lines that a release adds to the files of an index.
enum Lines {
    /// Each with its file, in the order in which they follow from each other.
    New(Vec<(String, Signed)>),
    /// None: exactly this file is published as this version.
    Already(Release),
}

fn lines(files: &dyn Files, state: &TrustedState, new: &Publish<'_>) -> Result<Lines, IndexError> {
    let table = shards::table(files, state.head())?;
    let namespace = package::namespace_in(files, state, &table, new.name.namespace(), Proof::Signatures)?;
    // Whose namespace it is comes first: a stranger learns nothing else about it.
    let owned = |namespace: &Namespace| owners_sign(namespace, new.publishers, &layout::package(new.name));
    let owners = namespace.as_ref().map(owned).transpose()?;
    let existing = package::package_in(files, state, &table, new.name, Proof::Signatures)?;
    if let Some(same) = existing.as_ref().and_then(|entry| entry.release(&new.release.version)) {
        let same = &same.release;
        return match same.version == new.release.version && same.file == new.release.file {
            true => Ok(Lines::Already(same.clone())),
            false => Err(IndexError::DuplicateVersion {
                name: new.name.clone(),
                version: Box::new(new.release.version.clone()),
                existing: Box::new(same.version.clone()),
            }),
        };
    }
    if existing.is_none() {
        refuse_lookalikes(files, state, new.name, namespace.is_some())?;
    }
    let mut lines = Vec::new();
    let owners = match owners {
        Some(owners) => owners,
        None => {
            lines.push(claim(state, new)?);
            1
        }
    };
    lines.push(release(state, new, owners)?);
    Ok(Lines::New(lines))
}

/// Plans a new head over unchanged files, so that the registry stays fresh.
///
/// # Errors
/// When no head key is at hand.
pub fn sign_head(
    files: &dyn Files,
    state: &TrustedState,
    head_keys: &[&dyn Signer],
    now: Instant,
) -> Result<IndexEdit, IndexError> {
    let table = shards::table(files, state.head())?;
    Draft::on(files, state, table)?.finish(head_keys, now, "Sign a fresh head".to_owned())
}

/// Plans another configuration: where package files will be, and which registries are followed.
///
/// # Errors
/// When nobody could follow it, or no head key is at hand.
pub fn configure(
    files: &dyn Files,
    state: &TrustedState,
    new: &Config,
    head_keys: &[&dyn Signer],
    now: Instant,
) -> Result<Option<IndexEdit>, IndexError> {
    config::check(new)?;
    if config::config(files, state)? == *new {
        return Ok(None);
    }
    let mut draft = Draft::on(files, state, shards::table(files, state.head())?)?;
    draft.write(layout::CONFIG.to_owned(), document::line(new));
    draft.finish(head_keys, now, "Change the configuration".to_owned()).map(Some)
}

fn refuse_lookalikes(
    files: &dyn Files,
    state: &TrustedState,
    new: &PackageName,
    namespace_exists: bool,
) -> Result<(), IndexError> {
    let names = search::covered(files, state)?;
    let within = names.iter().filter_map(|covered| match covered {
        Covered::Package(name) if name.namespace() == new.namespace() => Some(name.name().as_str()),
        _ => None,
    });
    if let Some(existing) = collision::lookalike(new.name().as_str(), within) {
        let existing = format!("{}:{existing}", new.namespace());
        return Err(IndexError::Collision { name: new.to_string(), existing });
    }
    let namespaces = names.iter().filter_map(|covered| match covered {
        Covered::Namespace(name) => Some(name.as_str()),
        _ => None,
    });
    match collision::lookalike(new.namespace().as_str(), namespaces) {
        Some(existing) if !namespace_exists => {
            Err(IndexError::Collision { name: new.namespace().to_string(), existing: existing.to_owned() })
        }
        _ => Ok(()),
    }
}

/// The version of the owners in force, when enough of them are at hand.
fn owners_sign(namespace: &Namespace, at_hand: &[&dyn Signer], path: &str) -> Result<u32, IndexError> {
    let owners = namespace.current();
    if owners.are_met_by(at_hand) {
        return Ok(namespace.version());
    }
    let keys: Vec<_> = at_hand.iter().map(|signer| signer.public_key().id().to_string()).collect();
    let reason = match owners.threshold() {
        1 if keys.is_empty() => "no key of theirs is at hand".to_owned(),
        1 => format!("it is signed by key {}", keys.join(", ")),
        threshold => format!("{threshold} owners must sign, and too few of their keys are at hand"),
    };
    Err(IndexError::NotOwner { path: path.to_owned(), namespace: namespace.name().clone(), reason })
}

fn claim(state: &TrustedState, new: &Publish<'_>) -> Result<(String, Signed), IndexError> {
    let namespace: &Ident = new.name.namespace();
    let path = layout::namespace(namespace);
    let Some(publisher) = new.publishers.first() else {
        let reason = "no key is at hand to claim it".to_owned();
        return Err(IndexError::NotOwner { path, namespace: namespace.clone(), reason });
    };
    let record = NamespaceRecord {
        mpp: FormatVersion::CURRENT,
        registry: state.registry(),
        namespace: namespace.clone(),
        version: 1,
        owners: keys::sole(publisher.public_key()),
        issued: new.now,
        reset: None,
    };
    let purpose = Purpose::Namespace { registry: state.registry() };
    let signed = document::seal(&path, &record, &purpose, &[*publisher])?;
    Ok((path, signed))
}

fn release(state: &TrustedState, new: &Publish<'_>, owners: u32) -> Result<(String, Signed), IndexError> {
    let statement = Statement {
        mpp: FormatVersion::CURRENT,
        registry: state.registry(),
        name: new.name.clone(),
        owners,
        root: None,
        issued: new.now,
        says: Says::Release(new.release.clone()),
    };
    let path = layout::package(new.name);
    statements::check_texts(&path, &statement)?;
    let purpose = Purpose::Statement { registry: state.registry() };
    let signed = document::seal(&path, &statement, &purpose, new.publishers)?;
    Ok((path, signed))
}
