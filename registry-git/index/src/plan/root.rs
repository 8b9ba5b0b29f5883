//! Changing the root, and recovering from misused head keys (spec/index.md IDX-75, IDX-76).

use super::{Draft, IndexEdit};
use crate::{
    Files, IndexError, document,
    keys::Keys,
    layout, shards,
    state::{self, Candidate, TrustedState},
};
use mpp_package::{key::Signer, signature::Purpose};
use mpp_schema::{
    Digest, FormatVersion, Instant,
    index::{Head, KeySet, LogPoint, Root},
};

/// A new root.
pub struct NewRoot<'a> {
    /// Who may sign the next root; nothing for those of the root before.
    pub root_keys: Option<KeySet>,
    /// Who may sign heads; nothing for those of the root before.
    pub head_keys: Option<KeySet>,
    /// How long a head is fresh; nothing for as long as before.
    pub head_lifetime_days: Option<u16>,
    /// How long the new root is accepted.
    pub lifetime_days: u32,
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
    let root = next(state.root(), new, None)?;
    let summary = format!("Change to root {}", root.version);
    finish(draft, state.root(), root, new, summary)
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
    let restored = restored(good, state.pin())?;
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
    let root = next(state.root(), new, Some(resume))?;
    let summary = format!("Recover under root {}", root.version);
    finish(draft, state.root(), root, new, summary)
}

/// The root after another.
fn next(before: &Root, new: &NewRoot<'_>, resume: Option<LogPoint>) -> Result<Root, IndexError> {
    let version = before.version.checked_add(1).ok_or_else(|| IndexError::RootInvalid {
        version: before.version,
        reason: "it is the last one that can be counted".to_owned(),
    })?;
    Ok(Root {
        mpp: FormatVersion::CURRENT,
        registry: before.registry,
        version,
        root_keys: new.root_keys.clone().unwrap_or_else(|| before.root_keys.clone()),
        head_keys: new.head_keys.clone().unwrap_or_else(|| before.head_keys.clone()),
        head_lifetime_days: new.head_lifetime_days.unwrap_or(before.head_lifetime_days),
        issued: new.now,
        expires: new.now.plus_days(new.lifetime_days),
        resume,
    })
}

/// Signs a root and adds it to a draft, with a head under it.
fn finish(
    mut draft: Draft<'_>,
    before: &Root,
    root: Root,
    new: &NewRoot<'_>,
    summary: String,
) -> Result<IndexEdit, IndexError> {
    let (version, path) = (root.version, layout::root(root.version));
    for (of, keys) in [("before", &before.root_keys), ("it names", &root.root_keys)] {
        if !Keys::new(&path, keys)?.are_met_by(new.root_signers) {
            let reason = format!("too few of the root keys {of} are at hand: {} must sign", keys.threshold);
            return Err(IndexError::RootInvalid { version, reason });
        }
    }
    let signed = document::seal(&path, &root, &Purpose::Root { registry: root.registry }, new.root_signers)?;
    draft.set_root(root);
    draft.write(path, document::line(&signed));
    draft.finish(new.head_signers, new.now, summary)
}

/// Verifies a commit of the past from the first root on, as of the moment when its head was signed. Its head may have expired since.
fn restored(files: &dyn Files, pin: Digest) -> Result<TrustedState, IndexError> {
    let gone = || IndexError::Removed { path: layout::HEAD.to_owned(), what: "the file" };
    let file = files.read(layout::HEAD)?.ok_or_else(gone)?;
    // The moment is believed once the update has verified the same text.
    let head: Head = document::parse(layout::HEAD, document::envelope(layout::HEAD, &file)?.signed.as_bytes())?;
    let candidate = Candidate { files, changed: None };
    Ok(state::update(None, Some(pin), &candidate, head.issued)?.state)
}
