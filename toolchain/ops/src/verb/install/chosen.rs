//! Which version of a package is taken, and who vouches for it: its registry, or the lock file where that one cannot be asked
//! (spec/project.md PROJ-2, PROJ-6, PROJ-7).

use super::LockError;
use crate::{
    Context, Event, OpsError,
    home::registries::KnownRegistry,
    registries::{self, FindError, OpenRegistry, Reach, Reached},
    standing,
    vendored::Vendored,
};
use mpp_index::{
    IndexError,
    locked::registry_of,
    package::{PackageEntry, SignedRelease},
    resolve::{self, Age, Remark, Requirement},
};
use mpp_package::{
    key::PublicKey,
    verify::{Trust, TrustedKey},
};
use mpp_schema::{
    Code, Coded, PackageName, Version, VersionReq, codes,
    lock::{LockedPackage, LockedRegistry, Lockfile, ToolsRequest},
};
use std::{collections::BTreeMap, rc::Rc};

/// A version that was chosen, and where from.
pub(crate) struct Chosen {
    pub(crate) package: LockedPackage,
    pub(crate) registry: LockedRegistry,
    pub(crate) voucher: Voucher,
    pub(crate) remarks: Vec<Remark>,
}

/// Who says which keys may have signed a package.
pub(crate) enum Voucher {
    /// Its registry.
    Registry(Rc<OpenRegistry>, Box<PackageEntry>),
    /// Nobody could be asked: keys that the lock file names, and that are here.
    Lock(Vec<TrustedKey>),
}

impl Chosen {
    /// Who may have signed it.
    pub(crate) fn trust(&self) -> Result<Trust, OpsError> {
        match &self.voucher {
            Voucher::Registry(_, entry) => Ok(owners(entry, self.signed(entry)?)),
            Voucher::Lock(keys) => Ok(Trust { publishers: keys.clone(), development: None, threshold: 1 }),
        }
    }

    /// What its registry says about the package; nothing where none could be asked.
    pub(crate) fn entry(&self) -> Option<&PackageEntry> {
        match &self.voucher {
            Voucher::Registry(_, entry) => Some(entry),
            Voucher::Lock(_) => None,
        }
    }

    /// What its registry says about this version of it.
    pub(crate) fn signed<'a>(&self, entry: &'a PackageEntry) -> Result<&'a SignedRelease, OpsError> {
        let signed = entry.release(&self.package.version);
        Ok(signed.ok_or_else(|| FindError::None(self.package.name.clone()))?)
    }
}

/// The owners of the namespace at the time of the release are who may have signed.
pub(crate) fn owners(entry: &PackageEntry, signed: &SignedRelease) -> Trust {
    let namespace = entry.name.namespace().to_string();
    let publishers = signed.owners.iter().map(|key| TrustedKey { key: *key, name: namespace.clone() }).collect();
    Trust { publishers, development: None, threshold: 1 }
}

/// How long ago a version must have been signed to be chosen anew: as somebody says now, else the longer of what the policy and the project say
/// (PROJ-10).
pub(crate) fn minimum_age(
    context: &Context<'_>,
    asked_days: Option<u32>,
    request: Option<&ToolsRequest>,
) -> Result<Age, OpsError> {
    let days = match asked_days {
        Some(days) => Some(days),
        None => context.home.policy()?.file().minimum_age_days.max(request.and_then(|all| all.minimum_age_days)),
    };
    Ok(Age::at_least(u64::from(days.unwrap_or(0)) * 86_400, context.now))
}

/// A registry that a lock file names and this home does not know.
#[derive(Debug, thiserror::Error)]
#[error("could not ask the registry \"{}\" of `mpp.lock`: this home does not know it", mpp_schema::text::excerpt(&.0.name))]
pub(crate) struct UnknownRegistry(LockedRegistry);

impl Coded for UnknownRegistry {
    fn code(&self) -> Code {
        codes::REGISTRY_UNKNOWN
    }
    fn hints(&self) -> Vec<String> {
        let LockedRegistry { name, url, root, .. } = &self.0;
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@:~[]".contains(c));
        match plain(url) && name.parse::<mpp_schema::Ident>().is_ok() {
            true => vec![format!("if you want to use it: mpp registry add {name} {url} --root {root}")],
            false => vec![format!("if you want to use it: mpp registry add NAME URL --root {root}")],
        }
    }
}

/// The registry of this home that a lock file names, by its id and its root.
pub(crate) fn known(context: &Context<'_>, locked: &LockedRegistry) -> Result<Option<KnownRegistry>, OpsError> {
    match context.home.registry_of_id(locked.id)? {
        Some(known) if known.root != locked.root => {
            Err(IndexError::RootPin { expected: locked.root, found: known.root }.into())
        }
        known => Ok(known),
    }
}

/// The same, which must be known.
pub(crate) fn must_know(context: &Context<'_>, locked: &LockedRegistry) -> Result<KnownRegistry, OpsError> {
    Ok(known(context, locked)?.ok_or_else(|| UnknownRegistry(locked.clone()))?)
}

/// Chooses from a registry: the version that is held while it fits, else the highest that fits.
pub(crate) fn choose(
    context: &Context<'_>,
    reached: &Reached,
    (name, version): (&PackageName, &VersionReq),
    registry: Option<KnownRegistry>,
    (held, age): (Option<&Version>, Age),
) -> Result<Chosen, OpsError> {
    let (open, entry) = reached.find(context, name, registry)?;
    choose_in(open, entry, version, held, age)
}

pub(crate) fn choose_in(
    open: Rc<OpenRegistry>,
    entry: PackageEntry,
    version: &VersionReq,
    held: Option<&Version>,
    age: Age,
) -> Result<Chosen, OpsError> {
    let registry = open.registry.locked(open.known.name.as_str())?;
    let wanted = Requirement { version: version.clone(), locked: held.cloned() };
    let wanted = BTreeMap::from([(entry.name.clone(), wanted)]);
    let found = |_: &PackageName| Ok(Some((registry.clone(), entry.clone())));
    let mut resolved = resolve::resolve::<OpsError>(&wanted, age, found)?;
    let package = resolved.lock.packages.pop().ok_or_else(|| FindError::None(entry.name.clone()))?;
    let voucher = Voucher::Registry(open, Box::new(entry));
    Ok(Chosen { package, registry, voucher, remarks: resolved.remarks })
}

/// A package in a lock file.
pub(crate) struct Held<'a> {
    pub(crate) lock: &'a Lockfile,
    pub(crate) package: &'a LockedPackage,
    pub(crate) version: &'a VersionReq,
    /// Whether nothing else may be taken.
    pub(crate) strictly: bool,
}

/// Takes what a lock file holds. Where that may be replaced, and its registry has blocked or lost it, chooses anew.
pub(crate) fn choose_held(
    context: &Context<'_>,
    reached: &Reached,
    vendored: &Vendored,
    held: &Held<'_>,
    age: Age,
) -> Result<Chosen, OpsError> {
    let package = held.package;
    let listed = registry_of(held.lock, package).ok_or_else(|| FindError::None(package.name.clone()))?;
    let Some(known) = known(context, listed)? else {
        let unknown = || UnknownRegistry(listed.clone());
        return Ok(by_lock(context, vendored, package, listed)?.ok_or_else(unknown)?);
    };
    let (open, entry) = match reached.reach(context, known)? {
        Reach::Fresh(open) => {
            let entry = open.registry.package(&package.name)?;
            (open, entry.ok_or_else(|| FindError::None(package.name.clone()))?)
        }
        Reach::Silent(open, why) => {
            let note = format!("{why} ({}); going on with what mpp.lock says", why.code());
            (context.tell)(Event::Note(note));
            // Files of a copy may be elsewhere: what cannot be read was not believed here.
            match open.registry.package(&package.name).ok().flatten().filter(|entry| has(entry, package)) {
                Some(entry) => {
                    refuse_blocked(&entry, package)?;
                    (open, entry)
                }
                None => return Ok(by_lock(context, vendored, package, listed)?.ok_or(why)?),
            }
        }
    };
    registries::check_pin(context, &entry)?;
    if held.strictly {
        refuse_blocked(&entry, package)?;
    }
    let chosen = choose_in(open, entry, held.version, Some(&package.version), age)?;
    match &chosen.package {
        found if found.version == package.version && (found.digest, found.file) != (package.digest, package.file) => {
            Err(LockError::changed(package, found).into())
        }
        found if held.strictly && found.version != package.version => Err(LockError::Gone(package.clone()).into()),
        _ => Ok(Chosen { registry: listed.clone(), ..chosen }),
    }
}

/// Whether a registry has exactly the locked package and file.
fn has(entry: &PackageEntry, package: &LockedPackage) -> bool {
    let release = entry.release(&package.version).map(|signed| &signed.release);
    release.is_some_and(|release| (release.package, release.file) == (package.digest, package.file))
}

fn refuse_blocked(entry: &PackageEntry, package: &LockedPackage) -> Result<(), OpsError> {
    match entry.release(&package.version).and_then(|signed| signed.standing.blocked.as_ref()) {
        Some(said) => Err(IndexError::Blocked {
            name: package.name.clone(),
            version: Box::new(package.version.clone()),
            reason: said.reason.clone(),
        }
        .into()),
        None => Ok(()),
    }
}

/// What can be said of a locked package when nobody is asked: nothing, unless a key is here that the lock file names.
fn by_lock(
    context: &Context<'_>,
    vendored: &Vendored,
    package: &LockedPackage,
    listed: &LockedRegistry,
) -> Result<Option<Chosen>, OpsError> {
    standing::refuse_blocked(context, package.digest)?;
    let keys = keys(context, vendored, package)?;
    if keys.is_empty() {
        return Ok(None);
    }
    let name = package.name.namespace().to_string();
    let keys = keys.into_iter().map(|key| TrustedKey { key, name: name.clone() }).collect();
    let voucher = Voucher::Lock(keys);
    Ok(Some(Chosen { package: package.clone(), registry: listed.clone(), voucher, remarks: Vec::new() }))
}

/// The locked signers whose keys are here: vendored, or verified when this very file was installed.
fn keys(context: &Context<'_>, vendored: &Vendored, package: &LockedPackage) -> Result<Vec<PublicKey>, OpsError> {
    let mut records = context.home.history(&package.name)?;
    records.extend(context.home.installed(&package.name).ok());
    let of_this_file = records.iter().filter(|record| record.file == package.file);
    let verified: Vec<_> =
        of_this_file.flat_map(|record| &record.publishers).filter_map(|key| PublicKey::from_base64(key).ok()).collect();
    let mut found = Vec::new();
    for id in &package.signers {
        let kept = verified.iter().find(|key| key.id() == *id).copied();
        found.extend(vendored.key(*id)?.or(kept));
    }
    Ok(found)
}
