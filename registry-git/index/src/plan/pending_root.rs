//! A root that is signed on several machines: proposed without a signature, signed by one person after the other, published when enough of
//! them signed (spec/index.md IDX-78, IDX-79).
//!
//! Whoever signs needs nothing but the file. What it says about the root before is only as good as the file: a home that knows the registry
//! compares it with what it believes, and whoever publishes does so always.

use super::{
    Draft, IndexEdit,
    root::{self, RootChange},
};
use crate::{Files, IndexError, document, keys::Keys, layout, shards, state};
use mpp_package::{
    key::{PublicKey, Signer},
    signature::{Purpose, SignatureText},
    signed,
};
use mpp_schema::{
    Digest, FormatVersion, Instant, KeyId,
    index::{self, KeySet, Root, Signed},
};

/// How the file is called in messages.
const FILE: &str = "the pending root";

/// A root on its way, read and checked as far as that can be done without the registry.
#[derive(Debug, Clone)]
pub struct PendingRoot {
    envelope: Signed,
    before: Root,
    signed_before: Signed,
    next: Root,
    /// Root keys of the root before or of this one, each once.
    keys: Vec<PublicKey>,
    signers: Vec<KeyId>,
}

/// How many signatures of a set of root keys there are, and how many there must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacking {
    /// How many of its keys signed.
    pub signed: usize,
    /// How many must.
    pub threshold: usize,
}

/// Writes the next root down for others to sign; with `good`, the files of the last commit that was right, as the recovery from misused head keys.
///
/// # Errors
/// When a set of keys is none, or `good` was not right when its head was signed.
pub fn propose_root(
    files: &dyn Files,
    state: &state::TrustedState,
    change: &RootChange,
    good: Option<&dyn Files>,
    now: Instant,
) -> Result<PendingRoot, IndexError> {
    let resume = good.map(|good| root::resumed(good, files, state)).transpose()?.map(|(_, resume)| resume);
    let next = root::next(state.root(), change, resume, now)?;
    let path = layout::root(state.root().version);
    let gone = || IndexError::Removed { path: path.clone(), what: "the root" };
    let digest = shards::digest_of(files, &shards::table(files, state.head())?, &path)?.ok_or_else(gone)?;
    let before = document::envelope(&path, &shards::read_exact(files, &path, digest)?)?;
    PendingRoot::new(before, Signed { signed: document::compact(&next), signatures: Vec::new() })
}

/// Plans the edit that publishes a pending root, with the first head under it. `good` is what it was proposed with.
///
/// # Errors
/// When another root is in force than the one it was proposed on, too few of the old or new root keys signed, it has expired, it recovers from
/// another point than `good`, or too few of the new head keys are at hand.
pub fn adopt_root(
    files: &dyn Files,
    state: &state::TrustedState,
    pending: &PendingRoot,
    good: Option<&dyn Files>,
    head_signers: &[&dyn Signer],
    now: Instant,
) -> Result<IndexEdit, IndexError> {
    pending.check_follows(state.root())?;
    let next = &pending.next;
    let path = layout::root(next.version);
    state::root::accept(&path, &pending.envelope, next, &[state.root(), next])?;
    if now >= next.expires {
        return Err(IndexError::RootExpired { version: next.version, expired: next.expires, now });
    }
    let (draft, resume) = match good {
        None => (Draft::on(files, state, shards::table(files, state.head())?)?, None),
        Some(good) => root::resumed(good, files, state).map(|(draft, resume)| (draft, Some(resume)))?,
    };
    if resume != next.resume {
        let reason = match next.resume {
            Some(_) => "the log goes on from another point than the commit that was named".to_owned(),
            None => "it does not let the log go on from an earlier point".to_owned(),
        };
        return Err(pending.invalid(reason));
    }
    root::finish(draft, next.clone(), &pending.envelope, head_signers, now)
}

impl PendingRoot {
    fn new(before: Signed, next: Signed) -> Result<Self, IndexError> {
        let root_before = state::root::self_signed("the root before", &before)?;
        let root = state::root::claim(FILE, &next, &root_before)?;
        Keys::new(FILE, &root.head_keys)?;
        let mut keys = Keys::new(FILE, &root_before.root_keys)?.keys().to_vec();
        let own = Keys::new(FILE, &root.root_keys)?;
        let new = own.keys().iter().filter(|key| !keys.iter().any(|known| known.id() == key.id()));
        keys.extend(new.copied().collect::<Vec<_>>());
        let mut pending =
            Self { envelope: next, before: root_before, signed_before: before, next: root, keys, signers: Vec::new() };
        pending.signers = pending.verified()?;
        Ok(pending)
    }

    /// Reads the file that travels. Every signature in it is of a root key, and holds.
    ///
    /// # Errors
    /// When it is none, or was changed after somebody signed it.
    pub fn read(bytes: &[u8]) -> Result<Self, IndexError> {
        let index::PendingRoot { before, next, .. } = document::parse(FILE, bytes)?;
        Self::new(before, next)
    }

    /// The file that travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (before, next) = (self.signed_before.clone(), self.envelope.clone());
        document::line(&index::PendingRoot { mpp: FormatVersion::CURRENT, before, next })
    }

    /// The root that it was proposed on.
    pub fn before(&self) -> &Root {
        &self.before
    }

    /// What it says.
    pub fn next(&self) -> &Root {
        &self.next
    }

    /// SHA-256 of the exact text that is signed: what those who sign compare.
    pub fn fingerprint(&self) -> Digest {
        layout::fingerprint(&self.envelope)
    }

    /// Who signed so far.
    pub fn signers(&self) -> &[KeyId] {
        &self.signers
    }

    /// Whether a key may sign it.
    pub fn may_sign(&self, key: KeyId) -> bool {
        self.keys.iter().any(|known| known.id() == key)
    }

    /// What the root keys before, and its own, have signed and must.
    pub fn lacking(&self) -> [Lacking; 2] {
        [&self.before.root_keys, &self.next.root_keys].map(|set| Lacking {
            signed: self.signers.iter().filter(|signer| holds(set, **signer)).count(),
            threshold: usize::from(set.threshold),
        })
    }

    /// Adds the signatures of those who may sign it and have not yet. Gives whose they are.
    ///
    /// # Errors
    /// When none of them may.
    pub fn sign(&mut self, signers: &[&dyn Signer]) -> Result<Vec<KeyId>, IndexError> {
        let may: Vec<_> = signers.iter().filter(|signer| self.may_sign(signer.public_key().id())).collect();
        if may.is_empty() {
            return Err(IndexError::NoRootKey { registry: self.next.registry, version: self.next.version });
        }
        let mut added = Vec::new();
        for signer in may {
            let key = signer.public_key().id();
            if self.signers.contains(&key) {
                continue;
            }
            let text = self.envelope.signed.clone();
            let signed = signed::sign_text(text, &self.purpose(), &[*signer])
                .map_err(|source| IndexError::Key { path: FILE.to_owned(), source })?;
            self.envelope.signatures.extend(signed.signatures);
            self.signers.push(key);
            added.push(key);
        }
        self.envelope
            .signatures
            .sort_by_cached_key(|text| SignatureText::parse(text).ok().map(|parsed| parsed.key_id()));
        self.signers = self.verified()?;
        Ok(added)
    }

    /// Whether it follows the root that is believed to be in force.
    ///
    /// # Errors
    /// When it was proposed on another one, such as one that a newer root replaced since.
    pub fn check_follows(&self, in_force: &Root) -> Result<(), IndexError> {
        if self.next.registry != in_force.registry {
            let (expected, found) = (in_force.registry, self.next.registry);
            return Err(IndexError::OtherRegistry { path: FILE.to_owned(), expected, found });
        }
        match self.before == *in_force {
            true => Ok(()),
            false if self.before.version == in_force.version => {
                Err(self.invalid(format!("it was proposed on another root {} than the one in force", in_force.version)))
            }
            false => {
                let (before, now) = (self.before.version, in_force.version);
                Err(self.invalid(format!("it was proposed on root {before}, and root {now} is in force")))
            }
        }
    }

    fn invalid(&self, reason: String) -> IndexError {
        IndexError::RootInvalid { version: self.next.version, reason }
    }

    fn purpose(&self) -> Purpose {
        Purpose::Root { registry: self.next.registry }
    }

    /// Who signed: each of them a root key, each signature valid.
    fn verified(&self) -> Result<Vec<KeyId>, IndexError> {
        if self.envelope.signatures.is_empty() {
            return Ok(Vec::new());
        }
        let signers = signed::verify_text(&self.envelope, &self.purpose(), &self.keys, 1)
            .map_err(|source| IndexError::Signature { path: FILE.to_owned(), source })?;
        match signers.len() == self.envelope.signatures.len() {
            true => Ok(signers),
            false => Err(self.invalid("somebody signed it who holds no root key".to_owned())),
        }
    }
}

fn holds(set: &KeySet, key: KeyId) -> bool {
    set.keys.iter().any(|text| PublicKey::from_base64(text).is_ok_and(|known| known.id() == key))
}
