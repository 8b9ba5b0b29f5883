//! `mpp registry rotate` and `sign-root`: changing the root, on one machine or on as many as there are people who sign.

use crate::{
    Context, Event, OpsError,
    atomic_write::{self, IoError, Readable},
    home::{keys::DEVELOPMENT, registries::KnownRegistry},
    registries,
    verb::{sign::find_key, trust::parse_key},
    writing::{self, WriteReport, Writing},
};
use mpp_index::plan::{self, Lacking, NewRoot, PendingRoot};
use mpp_package::key::{PublicKey, SecretKey};
use mpp_schema::{
    Digest, Ident, Instant, KeyId, RegistryId,
    index::{KeySet, LogPoint, Root},
};
use serde::Serialize;
use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

/// How large the file of a pending root may be: two roots with as many keys as there may be are a twentieth of it.
const PENDING_BYTES_MAX: u64 = 1 << 20;

/// How the root changes. What is not said stays.
#[derive(Debug, Default)]
pub struct RootChange {
    /// Public keys that may sign the next root.
    pub new_root_keys: Vec<String>,
    /// How many of them must.
    pub root_threshold: Option<u8>,
    /// Public keys that may sign heads.
    pub new_head_keys: Vec<String>,
    /// How many of them must.
    pub head_threshold: Option<u8>,
    /// How long a head is fresh.
    pub head_lifetime_days: Option<u16>,
    /// How long the new root is accepted.
    pub lifetime_days: Option<u32>,
    /// The last commit that was right, after head keys were misused.
    pub good: Option<String>,
}

impl RootChange {
    fn on(&self, context: &Context<'_>, before: &Root) -> Result<plan::RootChange, OpsError> {
        Ok(plan::RootChange {
            root_keys: key_set(context, &self.new_root_keys, self.root_threshold, &before.root_keys)?,
            head_keys: key_set(context, &self.new_head_keys, self.head_threshold, &before.head_keys)?,
            head_lifetime_days: self.head_lifetime_days,
            lifetime_days: self.lifetime_days.unwrap_or(super::registry::ROOT_LIFETIME_DAYS),
        })
    }
}

/// The new set, where keys or a threshold are named.
fn key_set(
    context: &Context<'_>,
    keys: &[String],
    threshold: Option<u8>,
    before: &KeySet,
) -> Result<Option<KeySet>, OpsError> {
    if keys.is_empty() {
        return Ok(threshold.map(|threshold| KeySet { threshold, ..before.clone() }));
    }
    let keys = keys.iter().map(|key| parse_key(context, key)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(plan::set_of(&keys, threshold.unwrap_or(1))))
}

/// Changes the root with the keys of this machine; with a good commit, recovers from misused head keys.
pub fn rotate(context: &Context<'_>, change: &RootChange, writing: &Writing) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let (roots, heads) = (writing.roots(context, &open)?, writing.heads(context, &open)?);
    let new = NewRoot {
        change: change.on(context, open.registry.trusted()?.root())?,
        root_signers: &writing::signers(&roots),
        head_signers: &writing::signers(&heads),
        now: context.now,
    };
    (context.tell)(Event::Started { step: "changing", what: format!("the root of `{}`", open.known.name) });
    let done = match &change.good {
        Some(good) => open.registry.recover(good, &new)?,
        None => open.registry.rotate_root(&new)?,
    };
    (context.tell)(Event::Finished);
    writing::report(&open, Some(done))
}

/// A root on its way between those who sign it.
#[derive(Debug, Serialize)]
pub struct PendingReport {
    /// The file.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub file: PathBuf,
    /// What this home calls the registry; nothing where it does not know it and could compare nothing.
    pub known_as: Option<Ident>,
    /// The registry.
    pub registry: RegistryId,
    /// The version of the root.
    pub version: u32,
    /// SHA-256 of what is signed: what those who sign compare.
    pub fingerprint: Digest,
    /// Who may sign the next root.
    pub root_keys: KeysReport,
    /// Who may sign heads.
    pub head_keys: KeysReport,
    /// How long a head is fresh, before and from then on.
    pub head_lifetime_days: [u16; 2],
    /// When the root before, and this one, stop being accepted.
    pub expires: [Instant; 2],
    /// From where the log goes on, where it drops something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<LogPoint>,
    /// Who signed so far.
    pub signed: Vec<KeyId>,
    /// Whose signatures are new.
    pub added: Vec<KeyId>,
    /// How many of the root keys before signed, and how many must.
    pub by_keys_before: Counted,
    /// The same of its own root keys.
    pub by_own_keys: Counted,
}

/// A set of keys, and what changes about it.
#[derive(Debug, Serialize)]
pub struct KeysReport {
    /// The keys, as minisign text.
    pub keys: Vec<String>,
    /// How many of them must sign.
    pub threshold: u8,
    /// How many had to.
    pub threshold_before: u8,
    /// Those that were not in it before.
    pub added: Vec<String>,
    /// Those that are not in it any more.
    pub removed: Vec<String>,
}

impl KeysReport {
    fn new(before: &KeySet, after: &KeySet) -> Self {
        let missing = |from: &KeySet, of: &KeySet| {
            let keys = of.keys.iter().filter(|key| !from.keys.contains(key));
            keys.cloned().collect()
        };
        Self {
            keys: after.keys.clone(),
            threshold: after.threshold,
            threshold_before: before.threshold,
            added: missing(before, after),
            removed: missing(after, before),
        }
    }
}

/// How many signed, and how many must.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Counted {
    /// How many signed.
    pub signed: usize,
    /// How many must.
    pub threshold: usize,
}

impl From<Lacking> for Counted {
    fn from(of: Lacking) -> Self {
        Self { signed: of.signed, threshold: of.threshold }
    }
}

impl PendingReport {
    fn new(file: PathBuf, known: Option<KnownRegistry>, pending: &PendingRoot, added: Vec<KeyId>) -> Self {
        let (before, next) = (pending.before(), pending.next());
        let [by_keys_before, by_own_keys] = pending.lacking().map(Counted::from);
        Self {
            file,
            known_as: known.map(|known| known.name),
            registry: next.registry,
            version: next.version,
            fingerprint: pending.fingerprint(),
            root_keys: KeysReport::new(&before.root_keys, &next.root_keys),
            head_keys: KeysReport::new(&before.head_keys, &next.head_keys),
            head_lifetime_days: [before.head_lifetime_days, next.head_lifetime_days],
            expires: [before.expires, next.expires],
            resume: next.resume,
            signed: pending.signers().to_vec(),
            added,
            by_keys_before,
            by_own_keys,
        }
    }

    /// Whether enough signed, so that it can be published.
    pub fn is_whole(&self) -> bool {
        [self.by_keys_before, self.by_own_keys].iter().all(|of| of.signed >= of.threshold)
    }
}

/// Writes the next root, unsigned, into a file that goes from one signer to the next.
pub fn propose(
    context: &Context<'_>,
    change: &RootChange,
    file: &Path,
    writing: &Writing,
) -> Result<PendingReport, OpsError> {
    let mut open = writing.open(context)?;
    open.registry.update_to_edit(context.now)?;
    let plan = change.on(context, open.registry.trusted()?.root())?;
    let pending = open.registry.propose_root(&plan, change.good.as_deref(), context.now)?;
    let path = context.path(file);
    atomic_write::write(&path, &pending.to_bytes(), Readable::ByAll)?;
    Ok(PendingReport::new(path, Some(open.known), &pending, Vec::new()))
}

/// Whether a pending root is signed, or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It is.
    Now,
    /// It is only shown.
    Not,
}

/// Adds the signatures of this home to a pending root: of the keys that are named, else of all that it has and that may sign it. No registry is
/// asked; where this home knows it, the file is compared with what it believes.
pub fn sign(context: &Context<'_>, file: &Path, named: &[String], sign: Sign) -> Result<PendingReport, OpsError> {
    let path = context.path(file);
    let mut pending = read(&path)?;
    let known = known(context, &pending)?;
    if sign == Sign::Not {
        return Ok(PendingReport::new(path, known, &pending, Vec::new()));
    }
    let keys = at_hand(context, &pending, named)?;
    let added = pending.sign(&writing::signers(&keys))?;
    if !added.is_empty() {
        atomic_write::write(&path, &pending.to_bytes(), Readable::ByAll)?;
    }
    Ok(PendingReport::new(path, known, &pending, added))
}

/// Publishes a root that enough people signed, with a head under it.
pub fn publish(
    context: &Context<'_>,
    file: &Path,
    good: Option<&str>,
    writing: &Writing,
) -> Result<WriteReport, OpsError> {
    let pending = read(&context.path(file))?;
    let mut open = writing.open(context)?;
    let heads = writing.heads(context, &open)?;
    (context.tell)(Event::Started { step: "changing", what: format!("the root of `{}`", open.known.name) });
    let done = open.registry.adopt_root(&pending, good, &writing::signers(&heads), context.now)?;
    (context.tell)(Event::Finished);
    writing::report(&open, Some(done))
}

fn read(path: &Path) -> Result<PendingRoot, OpsError> {
    let file = File::open(path).map_err(IoError::on("read the pending root", path))?;
    let mut bytes = Vec::new();
    file.take(PENDING_BYTES_MAX).read_to_end(&mut bytes).map_err(IoError::on("read the pending root", path))?;
    Ok(PendingRoot::read(&bytes)?)
}

/// The registry of a pending root, where this home knows it. What it believes must be what the file says is in force.
fn known(context: &Context<'_>, pending: &PendingRoot) -> Result<Option<KnownRegistry>, OpsError> {
    let id = pending.next().registry;
    let Some(known) = context.home.registries()?.into_iter().find(|known| known.id == id) else { return Ok(None) };
    let open = registries::open(context, known)?;
    pending.check_follows(open.registry.trusted()?.root())?;
    Ok(Some(open.known))
}

/// The keys that are named, else those of this home that may sign.
fn at_hand(context: &Context<'_>, pending: &PendingRoot, named: &[String]) -> Result<Vec<SecretKey>, OpsError> {
    if !named.is_empty() {
        return named.iter().map(|name| find_key(context, name)).collect();
    }
    let may = |key: &PublicKey| pending.may_sign(key.id());
    let of_people = context.home.keys()?.into_iter().filter(|key| key.has_secret && may(&key.public));
    let mut keys = of_people
        .filter(|key| key.name != DEVELOPMENT)
        .map(|key| context.home.secret_key(&key.name, context.passwords))
        .collect::<Result<Vec<_>, _>>()?;
    let id = pending.next().registry;
    if context.home.registry_key_path(id).exists() {
        keys.push(context.home.registry_key(id, context.passwords)?);
    }
    Ok(keys)
}
