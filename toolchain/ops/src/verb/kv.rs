//! `mpp kv`: what packages keep between their calls.

use crate::{Context, OpsError, home::Home};
use mpp_index::package::PackageEntry;
use mpp_kv::{Bucket, Kept, SharedStore, Store as _, Terms, Usage};
use mpp_package::key::PublicKey;
use mpp_schema::{Code, Coded, KeyId, PackageName, codes};
use serde::Serialize;

/// One store.
#[derive(Debug, Clone, Serialize)]
pub struct KvEntry {
    /// The package.
    pub package: PackageName,
    /// The key that claimed it.
    pub publisher: KeyId,
    /// How much it holds.
    #[serde(flatten)]
    pub usage: Usage,
}

/// One store with its keys.
#[derive(Debug, Serialize)]
pub struct KvReport {
    /// The store.
    #[serde(flatten)]
    pub store: KvEntry,
    /// How many bytes the installed version asks for; nothing when none is installed, or it asks for no store.
    pub quota: Option<u64>,
    /// How many keys it may have.
    pub keys_max: u64,
    /// Its keys.
    pub entries: Vec<KvKey>,
}

/// One key.
#[derive(Debug, Serialize)]
pub struct KvKey {
    /// The key.
    pub key: String,
    /// Bytes of its value.
    pub bytes: u64,
}

/// Which store.
#[derive(Debug, Clone)]
pub struct Which<'a> {
    /// The package.
    pub package: &'a PackageName,
    /// The key that claimed it, where several did.
    pub publisher: Option<KeyId>,
}

/// Why a store or a key was not found.
#[derive(Debug, thiserror::Error)]
pub enum KvVerbError {
    /// There is none.
    #[error("could not find a store of `{0}`: it keeps nothing")]
    Nothing(PackageName),
    /// Several publishers have a package of that name.
    #[error("could not choose a store of `{package}`: {} publishers have one", publishers.len())]
    Several {
        /// The package.
        package: PackageName,
        /// The publishers.
        publishers: Vec<KeyId>,
    },
    /// The key is not there.
    #[error("could not find the key in the store of `{0}`")]
    NoKey(PackageName),
}

impl Coded for KvVerbError {
    fn code(&self) -> Code {
        match self {
            Self::Nothing(_) | Self::NoKey(_) => codes::KV_NOT_FOUND,
            Self::Several { .. } => codes::USAGE,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Nothing(_) => vec!["mpp kv list".to_owned()],
            Self::Several { package, publishers } => {
                publishers.iter().map(|key| format!("mpp kv show {package} --publisher {key}")).collect()
            }
            Self::NoKey(package) => vec![format!("mpp kv show {package}")],
        }
    }
}

/// All stores of this home.
pub fn list(context: &Context<'_>) -> Result<Vec<KvEntry>, OpsError> {
    let stores = context.home.kv();
    let entries = stores.kept()?.into_iter().map(|kept| entry(&stores, kept));
    entries.collect()
}

/// One store and its keys.
pub fn show(context: &Context<'_>, which: &Which<'_>) -> Result<KvReport, OpsError> {
    let stores = context.home.kv();
    let kept = choose(&stores, which)?;
    let mut bucket = open(&stores, &kept)?;
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let page = bucket.keys(after)?;
        after = page.keys.last().cloned();
        for key in page.keys {
            // Gone meanwhile is not there.
            if let Some(value) = bucket.get(vec![key.clone()])?.pop().flatten() {
                entries.push(KvKey { key, bytes: value.len() as u64 });
            }
        }
        if !page.more {
            break;
        }
    }
    let quota = quota(context, which.package);
    Ok(KvReport { store: entry(&stores, kept)?, quota, keys_max: mpp_kv::KEYS_MAX, entries })
}

/// The value of one key.
pub fn get(context: &Context<'_>, which: &Which<'_>, key: &str) -> Result<Vec<u8>, OpsError> {
    let stores = context.home.kv();
    let kept = choose(&stores, which)?;
    let value = open(&stores, &kept)?.get(vec![key.to_owned()])?.pop().flatten();
    Ok(value.ok_or_else(|| KvVerbError::NoKey(which.package.clone()))?)
}

/// Removes a store; gives what it held.
pub fn clear(context: &Context<'_>, which: &Which<'_>) -> Result<KvEntry, OpsError> {
    let stores = context.home.kv();
    let kept = choose(&stores, which)?;
    let held = entry(&stores, kept.clone())?;
    stores.remove(&kept)?;
    Ok(held)
}

/// Removes what a package keeps under one of these keys; gives what that was.
pub(crate) fn remove_of(
    context: &Context<'_>,
    package: &PackageName,
    publishers: Vec<KeyId>,
) -> Result<Option<KvEntry>, OpsError> {
    let stores = context.home.kv();
    let Some(kept) = stores.find(package, &publishers)? else { return Ok(None) };
    let held = entry(&stores, kept.clone())?;
    stores.remove(&kept)?;
    Ok(Some(held))
}

/// Lets a package, as these keys signed it, open what was kept for it under a key whose place they took: the owners of the namespace gave
/// it on, from one to the next. What a registry gave to others against its owners' will is not followed (HOST-60).
pub(crate) fn follow(home: &Home, entry: &PackageEntry, signers: &[KeyId]) -> Result<(), OpsError> {
    let stores = home.kv();
    let Some(first) = signers.first().filter(|_| !entry.namespace.records.is_empty()) else { return Ok(()) };
    if stores.find(&entry.name, signers)?.is_some() {
        return Ok(());
    }
    let owners = entry.namespace.records.iter().rev().flat_map(|record| &record.keys).map(PublicKey::id);
    for earlier in owners.filter(|key| entry.namespace.check_pin(*key).is_ok()) {
        if stores.continue_as(&entry.name, earlier, *first)? {
            return Ok(());
        }
    }
    Ok(())
}

fn open(stores: &SharedStore, kept: &Kept) -> Result<Box<dyn Bucket>, OpsError> {
    Ok(stores.open(&kept.claim(), Terms::default())?)
}

fn entry(stores: &SharedStore, kept: Kept) -> Result<KvEntry, OpsError> {
    let usage = open(stores, &kept)?.usage()?;
    Ok(KvEntry { package: kept.package, publisher: kept.publisher, usage })
}

fn choose(stores: &SharedStore, which: &Which<'_>) -> Result<Kept, OpsError> {
    let fits = |kept: &Kept| {
        kept.package == *which.package && which.publisher.is_none_or(|publisher| kept.publisher == publisher)
    };
    let mut found: Vec<Kept> = stores.kept()?.into_iter().filter(fits).collect();
    let package = which.package.clone();
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(KvVerbError::Nothing(package).into()),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            let publishers = found.into_iter().chain([last]).map(|kept| kept.publisher).collect();
            Err(KvVerbError::Several { package, publishers }.into())
        }
    }
}

/// What the installed version asks for. A package that cannot be read any more has no say, and its store can be looked at all the same.
fn quota(context: &Context<'_>, package: &PackageName) -> Option<u64> {
    let package = super::call::open_installed(context, &context.home.installed(package).ok()?).ok()?;
    package.manifest().permissions.kv.as_ref().map(|kv| kv.quota.0)
}

#[cfg(test)]
mod tests {
    use super::follow;
    use crate::home::Home;
    use mpp_index::package::{NamespaceEntry, Ownership, PackageEntry};
    use mpp_kv::{Claim, Step, Store as _, Terms};
    use mpp_package::key::{PublicKey, SecretKey, Signer as _};

    /// The package `acme:md` in a namespace that passed through these hands: a key, and why the registry gave it to that key, where
    /// the owner before did not.
    fn entry(hands: &[(PublicKey, Option<&str>)]) -> PackageEntry {
        let issued = mpp_schema::Instant::from_unix_seconds(1_767_323_045).expect("an instant");
        let record = |(key, reset): &(PublicKey, Option<&str>)| Ownership {
            keys: vec![*key],
            threshold: 1,
            issued,
            reset: reset.map(str::to_owned),
        };
        let records = hands.iter().map(record).collect();
        PackageEntry {
            name: "acme:md".parse().expect("a name"),
            owners: Vec::new(),
            namespace: NamespaceEntry { name: "acme".parse().expect("a namespace"), records },
            releases: Vec::new(),
        }
    }

    fn key() -> PublicKey {
        *SecretKey::generate().expect("a key").public_key()
    }

    /// Counts once more under a key; gives the number.
    fn count(home: &Home, key: &PublicKey) -> i128 {
        let claim = Claim { publishers: vec![key.id()], package: "acme:md".parse().expect("a name") };
        let mut bucket = home.kv().open(&claim, Terms::default()).expect("opens");
        bucket.increment("n".to_owned(), Step::Unsigned(1)).expect("counts")
    }

    #[test]
    fn what_is_kept_follows_the_owners_and_not_the_registry() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::below(folder.path());
        let [first, second, third, other] = [0; 4].map(|_| key());
        assert_eq!(count(&home, &first), 1);
        let rotated = entry(&[(first, None), (second, None), (third, None)]);
        follow(&home, &rotated, &[third.id()]).expect("follows");
        assert_eq!(count(&home, &third), 2);
        let taken = entry(&[(first, None), (other, Some("lost the key"))]);
        follow(&home, &taken, &[other.id()]).expect("an answer");
        assert_eq!(count(&home, &other), 1);
    }
}
