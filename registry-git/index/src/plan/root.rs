//! Changing the root, and recovering from misused head keys (spec/index.md IDX-75, IDX-76).

use super::{Draft, IndexEdit};
use crate::{
    Files, IndexError, document,
    keys::Keys,
    layout, shards,
    state::{self, TrustedState},
};
use mpp_package::{key::Signer, signature::Purpose};
use mpp_schema::{
    FormatVersion, Instant,
    index::{KeySet, LogPoint, Root, Signed},
};

/// What is to be different from the root before.
#[derive(Debug, Clone)]
pub struct RootChange {
    /// Who may sign the next root; nothing for those of the root before.
    pub root_keys: Option<KeySet>,
    /// Who may sign heads; nothing for those of the root before.
    pub head_keys: Option<KeySet>,
    /// How long a head is fresh; nothing for as long as before.
    pub head_lifetime_days: Option<u16>,
    /// How long the new root is accepted.
    pub lifetime_days: u32,
}

/// A new root, signed here.
pub struct NewRoot<'a> {
    /// What it changes.
    pub change: RootChange,
    /// Keys at hand: enough of the root keys before, and of the new ones.
    pub root_signers: &'a [&'a dyn Signer],
    /// Keys at hand: enough of the new head keys.
    pub head_signers: &'a [&'a dyn Signer],
    /// The clock.
    pub now: Instant,
}

/// Plans a new root, and the first head under it.
///
/// # Errors
/// When too few of the old or new root keys, or of the new head keys, are at hand.
pub fn rotate(files: &dyn Files, state: &TrustedState, new: &NewRoot<'_>) -> Result<IndexEdit, IndexError> {
    let draft = Draft::on(files, state, shards::table(files, state.head())?)?;
    let root = next(state.root(), &new.change, None, new.now)?;
    let signed = sign(state.root(), &root, new.root_signers)?;
    finish(draft, root, &signed, new.head_signers, new.now)
}

/// Plans the recovery from misused head keys: an edit of `good`, the files of the last commit that was right, under a new root from which
/// the log goes on. `files` and `state` are the newest; only their roots are taken over, which no head key can make.
///
/// # Errors
/// When `good` was not right when its head was signed, and as [`rotate`].
pub fn recover(
    good: &dyn Files,
    files: &dyn Files,
    state: &TrustedState,
    new: &NewRoot<'_>,
) -> Result<IndexEdit, IndexError> {
    let (draft, resume) = resumed(good, files, state)?;
    let root = next(state.root(), &new.change, Some(resume), new.now)?;
    let signed = sign(state.root(), &root, new.root_signers)?;
    finish(draft, root, &signed, new.head_signers, new.now)
}

/// A draft on files of the past, with all roots since then, and the point of the log from which it goes on.
pub(super) fn resumed<'a>(
    good: &'a dyn Files,
    files: &dyn Files,
    state: &TrustedState,
) -> Result<(Draft<'a>, LogPoint), IndexError> {
    let restored = state::of_the_past(good, Some(state.pin()))?.state;
    let head = restored.head();
    let resume = LogPoint { length: head.log_length, hash: head.log_hash };
    let mut draft = Draft::on(good, &restored, shards::table(good, head)?)?;
    let table = shards::table(files, state.head())?;
    for version in restored.root().version + 1..=state.root().version {
        let path = layout::root(version);
        let gone = || IndexError::Removed { path: path.clone(), what: "the root" };
        let digest = shards::digest_of(files, &table, &path)?.ok_or_else(gone)?;
        draft.write(path.clone(), shards::read_exact(files, &path, digest)?);
    }
    Ok((draft, resume))
}

/// The root after another.
pub(super) fn next(
    before: &Root,
    change: &RootChange,
    resume: Option<LogPoint>,
    now: Instant,
) -> Result<Root, IndexError> {
    let version = before.version.checked_add(1).ok_or_else(|| IndexError::RootInvalid {
        version: before.version,
        reason: "it is the last one that can be counted".to_owned(),
    })?;
    Ok(Root {
        mpp: FormatVersion::CURRENT,
        registry: before.registry,
        version,
        root_keys: change.root_keys.clone().unwrap_or_else(|| before.root_keys.clone()),
        head_keys: change.head_keys.clone().unwrap_or_else(|| before.head_keys.clone()),
        head_lifetime_days: change.head_lifetime_days.unwrap_or(before.head_lifetime_days),
        issued: now,
        expires: now.plus_days(change.lifetime_days),
        resume,
    })
}

/// Signs a root, if enough keys of the one before and of its own are at hand.
fn sign(before: &Root, root: &Root, signers: &[&dyn Signer]) -> Result<Signed, IndexError> {
    let (version, path) = (root.version, layout::root(root.version));
    for (of, keys) in [("before", &before.root_keys), ("it names", &root.root_keys)] {
        if !Keys::new(&path, keys)?.are_met_by(signers) {
            let reason = format!("too few of the root keys {of} are at hand: {} must sign", keys.threshold);
            return Err(IndexError::RootInvalid { version, reason });
        }
    }
    document::seal(&path, root, &Purpose::Root { registry: root.registry }, signers)
}

/// Adds a signed root to a draft, with a head under it.
pub(super) fn finish(
    mut draft: Draft<'_>,
    root: Root,
    signed: &Signed,
    head_signers: &[&dyn Signer],
    now: Instant,
) -> Result<IndexEdit, IndexError> {
    let version = root.version;
    let summary = match root.resume {
        None => format!("Change to root {version}"),
        Some(_) => format!("Recover under root {version}"),
    };
    draft.set_root(root);
    draft.write(layout::root(version), document::line(signed));
    draft.finish(head_signers, now, summary)
}
