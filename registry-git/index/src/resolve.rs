//! From requirements to exact packages (spec/index.md IDX-26).

use crate::{
    IndexError, history,
    package::{PackageEntry, SignedRelease},
};
use mpp_schema::{
    FormatVersion, Instant, PackageName, Version, VersionReq,
    lock::{LockedPackage, LockedRegistry, Lockfile},
};
use std::collections::BTreeMap;

/// What is wanted of one package.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// The versions that fit.
    pub version: VersionReq,
    /// The version that a lock file holds; it is kept while it fits.
    pub locked: Option<Version>,
}

/// What is asked of a version that is chosen anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct Age {
    /// Versions that their publisher signed after this moment are too young. Nothing for no minimum age.
    pub issued_until: Option<Instant>,
}

impl Age {
    /// Versions that are younger than this many seconds at `now` are too young.
    pub fn at_least(seconds: u64, now: Instant) -> Self {
        let until = now.unix_seconds().saturating_sub_unsigned(seconds);
        Self { issued_until: Some(Instant::from_unix_seconds(until).unwrap_or(now)).filter(|_| seconds > 0) }
    }

    fn is_reached_by(self, signed: &SignedRelease) -> bool {
        self.issued_until.is_none_or(|until| signed.issued <= until)
    }
}

/// What was chosen, and what people should know about it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Exactly these packages.
    pub lock: Lockfile,
    /// Notices about what was chosen, and what was passed over.
    pub remarks: Vec<Remark>,
}

/// Something that people should know about a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// What about it.
    pub what: About,
    /// Why, in the words of whoever said so: show them escaped. Empty for a version that is too young.
    pub reason: String,
}

/// What about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// It was taken because a lock file holds it, though it was yanked.
    TakenThoughYanked,
    /// It was taken, and something else should be used.
    TakenThoughDeprecated,
    /// A higher one, or the one in the lock file, was passed over because it was blocked.
    PassedOverBlocked,
    /// A higher one was passed over because it was yanked.
    PassedOverYanked,
    /// A higher one was passed over because it is too young.
    PassedOverYoung,
}

/// Chooses the highest version that fits each requirement, or the locked one where it still fits.
///
/// A pre-release is chosen only where the requirement names one of the same version (the semver crate's rule). Packages do not
/// depend on packages, so there is nothing to solve. `lookup` answers for the registry that the name belongs to.
///
/// # Errors
/// When a package or a fitting version is not there, all that fit are blocked, or the lookup fails.
pub fn resolve<E: From<IndexError>>(
    requirements: &BTreeMap<PackageName, Requirement>,
    age: Age,
    mut lookup: impl FnMut(&PackageName) -> Result<Option<(LockedRegistry, PackageEntry)>, E>,
) -> Result<Resolved, E> {
    let mut lock = Lockfile { mpp: FormatVersion::CURRENT, registries: Vec::new(), packages: Vec::new() };
    let mut remarks = Vec::new();
    for (name, requirement) in requirements {
        let none = || IndexError::NotFound {
            name: name.clone(),
            requirement: requirement.version.to_string(),
            found: "the registry has no package of this name".to_owned(),
        };
        let (registry, entry) = lookup(name)?.ok_or_else(none)?;
        let chosen = choose(&entry, requirement, age)?;
        remarks.extend(remarks_about(&entry, requirement, age, chosen));
        lock.packages.push(LockedPackage {
            name: name.clone(),
            version: chosen.release.version.clone(),
            digest: chosen.release.package,
            file: chosen.release.file,
            signers: chosen.signers.clone(),
            registry: registry.id,
        });
        if !lock.registries.contains(&registry) {
            lock.registries.push(registry);
        }
    }
    lock.registries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Resolved { lock, remarks })
}

/// The release that a requirement takes from a package.
///
/// # Errors
/// When nothing fits, or only what is blocked.
pub fn choose<'a>(
    entry: &'a PackageEntry,
    requirement: &Requirement,
    age: Age,
) -> Result<&'a SignedRelease, IndexError> {
    let mut kept = fitting(entry, requirement).filter(|signed| is_locked(requirement, signed));
    let kept = kept.find(|signed| signed.standing.blocked.is_none());
    let anew = || {
        let free = fitting(entry, requirement).filter(|signed| signed.standing.is_free() && age.is_reached_by(signed));
        free.max_by_key(|signed| &signed.release.version)
    };
    kept.or_else(anew).ok_or_else(|| nothing_fits(entry, requirement, age))
}

fn fitting<'a>(entry: &'a PackageEntry, requirement: &Requirement) -> impl Iterator<Item = &'a SignedRelease> {
    entry.releases.iter().filter(|signed| requirement.version.matches(&signed.release.version))
}

fn is_locked(requirement: &Requirement, signed: &SignedRelease) -> bool {
    let locked = requirement.locked.as_ref();
    locked.is_some_and(|locked| history::same_version(locked, &signed.release.version))
}

/// Blocked, when every version that fits is; too young, when one could be chosen but for its age; else not found, with what there is instead.
fn nothing_fits(entry: &PackageEntry, requirement: &Requirement, age: Age) -> IndexError {
    let fitting: Vec<_> = fitting(entry, requirement).collect();
    let blocked = |signed: &&SignedRelease| signed.standing.blocked.is_some();
    if let Some(last) = fitting.last().filter(|_| fitting.iter().all(blocked)) {
        let reason = last.standing.blocked.as_ref().map(|said| said.reason.clone()).unwrap_or_default();
        let version = Box::new(last.release.version.clone());
        return IndexError::Blocked { name: entry.name.clone(), version, reason };
    }
    let young = fitting.iter().filter(|signed| signed.standing.is_free()).min_by_key(|signed| signed.issued);
    if let Some((young, until)) = young.zip(age.issued_until) {
        return IndexError::TooYoung {
            name: entry.name.clone(),
            requirement: requirement.version.to_string(),
            version: Box::new(young.release.version.clone()),
            issued: young.issued,
            until,
        };
    }
    let found = match fitting.len() {
        0 => versions(entry),
        fit => format!("{fit} versions fit, and all of them were yanked or blocked"),
    };
    IndexError::NotFound { name: entry.name.clone(), requirement: requirement.version.to_string(), found }
}

fn remarks_about(entry: &PackageEntry, requirement: &Requirement, age: Age, chosen: &SignedRelease) -> Vec<Remark> {
    let remark = |signed: &SignedRelease, what, reason: &str| Remark {
        name: entry.name.clone(),
        version: signed.release.version.clone(),
        what,
        reason: reason.to_owned(),
    };
    let mut remarks = Vec::new();
    for (said, what) in [
        (&chosen.standing.yanked, About::TakenThoughYanked),
        (&chosen.standing.deprecated, About::TakenThoughDeprecated),
    ] {
        remarks.extend(said.iter().map(|said| remark(chosen, what, &said.reason)));
    }
    // A version in a lock file is kept on purpose, so what is higher was not passed over.
    let kept = is_locked(requirement, chosen);
    for signed in fitting(entry, requirement).filter(|signed| !std::ptr::eq(*signed, chosen)) {
        let higher = !kept && signed.release.version > chosen.release.version;
        let standing = &signed.standing;
        match (&standing.blocked, &standing.yanked) {
            (Some(said), _) if higher || is_locked(requirement, signed) => {
                remarks.push(remark(signed, About::PassedOverBlocked, &said.reason));
            }
            (None, Some(said)) if higher => remarks.push(remark(signed, About::PassedOverYanked, &said.reason)),
            (None, None) if higher && !age.is_reached_by(signed) => {
                remarks.push(remark(signed, About::PassedOverYoung, ""));
            }
            _ => {}
        }
    }
    remarks
}

fn versions(entry: &PackageEntry) -> String {
    let mut versions: Vec<_> = entry.releases.iter().map(|signed| &signed.release.version).collect();
    versions.sort_by(|a, b| b.cmp(a));
    let shown: Vec<_> = versions.iter().take(5).map(|version| version.to_string()).collect();
    format!("there are {} versions: {}", versions.len(), shown.join(", "))
}

#[cfg(test)]
mod tests;
