//! From requirements to exact packages (spec/index.md IDX-26).

use crate::{
    IndexError,
    package::{PackageEntry, SignedRelease},
    statements,
};
use mpp_schema::{
    FormatVersion, PackageName, Version, VersionReq,
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

/// Chooses the highest version that fits each requirement, or the locked one where it still fits.
///
/// A pre-release is chosen only where the requirement names one of the same version (the semver crate's rule). Packages do not
/// depend on packages, so there is nothing to solve. `lookup` answers for the registry that the name belongs to.
///
/// # Errors
/// When a package or a fitting version is not there, or the lookup fails.
pub fn resolve<E: From<IndexError>>(
    requirements: &BTreeMap<PackageName, Requirement>,
    mut lookup: impl FnMut(&PackageName) -> Result<Option<(LockedRegistry, PackageEntry)>, E>,
) -> Result<Lockfile, E> {
    let mut lock = Lockfile { mpp: FormatVersion::CURRENT, registries: Vec::new(), packages: Vec::new() };
    for (name, requirement) in requirements {
        let not_found = |found: String| {
            E::from(IndexError::NotFound { name: name.clone(), requirement: requirement.version.to_string(), found })
        };
        let (registry, entry) =
            lookup(name)?.ok_or_else(|| not_found("the registry has no package of this name".to_owned()))?;
        let chosen = choose(&entry, requirement).ok_or_else(|| not_found(versions(&entry)))?;
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
    Ok(lock)
}

/// The release that a requirement takes from a package.
pub fn choose<'a>(entry: &'a PackageEntry, requirement: &Requirement) -> Option<&'a SignedRelease> {
    let fits = |signed: &&SignedRelease| requirement.version.matches(&signed.release.version);
    let locked = requirement.locked.as_ref();
    let kept = entry
        .releases
        .iter()
        .filter(fits)
        .find(|signed| locked.is_some_and(|locked| statements::same_version(locked, &signed.release.version)));
    kept.or_else(|| entry.releases.iter().filter(fits).max_by_key(|signed| &signed.release.version))
}

fn versions(entry: &PackageEntry) -> String {
    let mut versions: Vec<_> = entry.releases.iter().map(|signed| &signed.release.version).collect();
    versions.sort_by(|a, b| b.cmp(a));
    let shown: Vec<_> = versions.iter().take(5).map(|version| version.to_string()).collect();
    format!("there are {} versions: {}", versions.len(), shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Requirement, choose};
    use crate::package::{PackageEntry, SignedRelease};
    use mpp_schema::{Digest, Instant, index::Release, manifest::Kind};

    #[track_caller]
    fn check(versions: &[&str], requirement: &str, locked: Option<&str>, expected: Option<&str>) {
        let releases = versions.iter().map(|version| release(version)).collect();
        let entry = PackageEntry { name: "acme:notes".parse().unwrap(), owners: Vec::new(), releases };
        let requirement = Requirement {
            version: requirement.parse().unwrap(),
            locked: locked.map(|version| version.parse().unwrap()),
        };
        let found = choose(&entry, &requirement).map(|signed| signed.release.version.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    fn release(version: &str) -> SignedRelease {
        let release = Release {
            version: version.parse().unwrap(),
            package: Digest::of(b""),
            file: Digest::of(b""),
            size: 0,
            kind: Kind::Tool,
            description: String::new(),
            tools: Vec::new(),
            commit: None,
        };
        SignedRelease { release, issued: Instant::from_unix_seconds(0).unwrap(), signers: Vec::new() }
    }

    #[test]
    fn the_highest_that_fits() {
        check(&["1.0.0", "1.10.0", "1.9.0", "2.0.0"], "1", None, Some("1.10.0"));
        check(&["1.0.0", "2.0.0"], "3", None, None);
    }

    #[test]
    fn a_lock_keeps_its_version_while_it_fits() {
        check(&["1.0.0", "1.1.0"], "1", Some("1.0.0"), Some("1.0.0"));
        check(&["1.0.0", "2.0.0"], "2", Some("1.0.0"), Some("2.0.0"));
    }

    #[test]
    fn pre_releases_are_asked_for_by_name() {
        check(&["1.0.0-rc.1"], "1", None, None);
        check(&["1.0.0-rc.1"], "1.0.0-rc.1", None, Some("1.0.0-rc.1"));
    }
}
