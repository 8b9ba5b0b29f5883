//! Whether a lock file says exactly what a project asks for (spec/project.md PROJ-3).
//!
//! Nothing is looked up: what a registry says about the versions is compared by whoever installs them.

use mpp_schema::{
    Code, Coded, PackageName, RegistryId, Version, VersionReq, codes,
    lock::{LockedPackage, LockedRegistry, Lockfile, ToolRequirement, ToolsRequest},
};
use std::{collections::BTreeSet, fmt};

/// A place at which a lock file would have to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// A package that is asked for is not locked.
    Missing(PackageName),
    /// The version that is locked does not fit.
    Unfit {
        /// The package.
        name: PackageName,
        /// What is asked for.
        requirement: VersionReq,
        /// What is locked.
        version: Version,
    },
    /// A package comes from another registry than is asked for.
    OtherRegistry {
        /// The package.
        name: PackageName,
        /// The registry that is asked for.
        expected: String,
    },
    /// A package that is locked is not asked for.
    Surplus(PackageName),
    /// A package is from a registry that is not listed.
    UnlistedRegistry {
        /// The package.
        name: PackageName,
        /// The registry.
        registry: RegistryId,
    },
    /// A registry that no package is from, or that is listed twice.
    SurplusRegistry(String),
    /// The packages are not sorted by name, or one of them is there twice.
    Order,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "`{name}` is not in it"),
            Self::Unfit { name, requirement, version } => {
                write!(f, "it holds `{name}@{version}`, and `{requirement}` is asked for")
            }
            Self::OtherRegistry { name, expected } => {
                let expected = mpp_schema::text::excerpt(expected);
                write!(f, "it takes `{name}` from another registry than \"{expected}\"")
            }
            Self::Surplus(name) => write!(f, "`{name}` is not asked for"),
            Self::UnlistedRegistry { name, registry } => {
                write!(f, "it takes `{name}` from registry {registry}, which it does not list")
            }
            Self::SurplusRegistry(name) => {
                write!(f, "nothing is from its registry \"{}\"", mpp_schema::text::excerpt(name))
            }
            Self::Order => f.write_str("its packages are not sorted, each once"),
        }
    }
}

/// A lock file that would have to change.
#[derive(Debug, thiserror::Error)]
#[error("could not keep to `mpp.lock`: {}", listed(.0))]
pub struct LockOutdated(pub Vec<Gap>);

fn listed(gaps: &[Gap]) -> String {
    gaps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Coded for LockOutdated {
    fn code(&self) -> Code {
        codes::LOCK_OUTDATED
    }
    fn hints(&self) -> Vec<String> {
        vec!["bring it up to date and look at what changes: mpp install".to_owned()]
    }
}

/// Compares a lock file with what a project asks for.
///
/// # Errors
/// Every place at which it would have to change.
pub fn check_locked(request: &ToolsRequest, lock: &Lockfile) -> Result<(), LockOutdated> {
    let mut gaps = Vec::new();
    for (name, requirement) in &request.tools {
        match find(lock, name) {
            Some(package) => gaps.extend(gap(requirement, package, lock)),
            None => gaps.push(Gap::Missing(name.clone())),
        }
    }
    let surplus = lock.packages.iter().filter(|package| !request.tools.contains_key(&package.name));
    gaps.extend(surplus.map(|package| Gap::Surplus(package.name.clone())));
    let mut seen = BTreeSet::new();
    for registry in &lock.registries {
        let is_used = lock.packages.iter().any(|package| package.registry == registry.id);
        if !is_used || !seen.insert(registry.id) {
            gaps.push(Gap::SurplusRegistry(registry.name.clone()));
        }
    }
    if !lock.packages.is_sorted_by(|a, b| a.name < b.name) {
        gaps.push(Gap::Order);
    }
    if gaps.is_empty() { Ok(()) } else { Err(LockOutdated(gaps)) }
}

/// What is locked of a package.
pub fn find<'a>(lock: &'a Lockfile, name: &PackageName) -> Option<&'a LockedPackage> {
    lock.packages.iter().find(|package| package.name == *name)
}

/// The registry that a package was taken from.
pub fn registry_of<'a>(lock: &'a Lockfile, package: &LockedPackage) -> Option<&'a LockedRegistry> {
    lock.registries.iter().find(|registry| registry.id == package.registry)
}

/// Why a locked package is not what is asked for.
pub fn gap(requirement: &ToolRequirement, package: &LockedPackage, lock: &Lockfile) -> Option<Gap> {
    let name = package.name.clone();
    if !requirement.version().matches(&package.version) {
        let (requirement, version) = (requirement.version().clone(), package.version.clone());
        return Some(Gap::Unfit { name, requirement, version });
    }
    match (registry_of(lock, package), requirement.registry()) {
        (None, _) => Some(Gap::UnlistedRegistry { name, registry: package.registry }),
        (Some(found), Some(expected)) if found.name != expected => {
            Some(Gap::OtherRegistry { name, expected: expected.to_owned() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check_locked;
    use mpp_schema::lock::{Lockfile, ToolsRequest};

    const ID: [&str; 2] = ["00000000000000000000000000000001", "00000000000000000000000000000002"];

    fn lock(registries: &[(&str, &str)], packages: &[(&str, &str, &str)]) -> Lockfile {
        let zero = "0".repeat(64);
        let mut json = serde_json::json!({ "mpp": "1.0", "registry": [], "package": [] });
        for (name, id) in registries {
            let entry = serde_json::json!({ "name": name, "id": id, "root": zero, "url": "/srv/registry.git" });
            json["registry"].as_array_mut().unwrap().push(entry);
        }
        for (name, version, registry) in packages {
            let entry = serde_json::json!({ "name": name, "version": version, "digest": zero, "file": zero,
                "signers": [], "registry": registry });
            json["package"].as_array_mut().unwrap().push(entry);
        }
        serde_json::from_value(json).unwrap()
    }

    #[track_caller]
    fn check(tools: serde_json::Value, lock: &Lockfile, expected: &[&str]) {
        let request: ToolsRequest = serde_json::from_value(serde_json::json!({ "tools": tools })).unwrap();
        let found = check_locked(&request, lock).err().map(|outdated| outdated.0).unwrap_or_default();
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn proj_3_every_place_at_which_a_lock_would_change_is_named() {
        let tools = || serde_json::json!({ "acme:md": "0.1", "acme:notes": { "version": "1", "registry": "home" } });
        let (md, notes) = (("acme:md", "0.1.4", ID[0]), ("acme:notes", "1.2.0", ID[0]));
        let home = ("home", ID[0]);
        check(tools(), &lock(&[home], &[md, notes]), &[]);
        check(tools(), &lock(&[home], &[md]), &["`acme:notes` is not in it"]);
        let old = ("acme:md", "0.2.0", ID[0]);
        check(tools(), &lock(&[home], &[old, notes]), &["it holds `acme:md@0.2.0`, and `^0.1` is asked for"]);
        let more = [md, notes, ("acme:other", "1.0.0", ID[0])];
        check(tools(), &lock(&[home], &more), &["`acme:other` is not asked for"]);
        let elsewhere = ("acme:notes", "1.2.0", ID[1]);
        check(
            tools(),
            &lock(&[home, ("other", ID[1])], &[md, elsewhere]),
            &["it takes `acme:notes` from another registry than \"home\""],
        );
        let unlisted = format!("it takes `acme:notes` from registry {}, which it does not list", ID[1]);
        check(tools(), &lock(&[home], &[md, elsewhere]), &[&unlisted]);
        check(tools(), &lock(&[home, ("other", ID[1])], &[md, notes]), &["nothing is from its registry \"other\""]);
        check(tools(), &lock(&[home, ("again", ID[0])], &[md, notes]), &["nothing is from its registry \"again\""]);
        check(tools(), &lock(&[home], &[notes, md]), &["its packages are not sorted, each once"]);
        check(tools(), &lock(&[home], &[md, md, notes]), &["its packages are not sorted, each once"]);
        check(serde_json::json!({}), &lock(&[], &[]), &[]);
    }
}
