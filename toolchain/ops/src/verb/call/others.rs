//! The installed packages whose tools a tool may call: they are loaded, and what each of their tools was granted is decided, before the call
//! begins. Once it runs the process may be fenced in, and could neither read their files nor compile.

use crate::{
    Context, OpsError,
    grants::{Asker, decide_for},
    home::installed::InstalledRecord,
    host::OwnHost,
    standing,
};
use mpp_host::{Host, LoadedPackage, NoCallee, Tools};
use mpp_policy::{Decision, Grants, Policy, consent::level_within};
use mpp_schema::{Coded, PackageName, ToolName, codes, consent::Level, manifest::Manifest};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
};

/// One package.
pub(super) struct Other {
    pub(super) loaded: Arc<LoadedPackage>,
    granted: BTreeMap<ToolName, Granted>,
}

/// What one tool was granted, and the level that it needs besides.
type Granted = (Result<Arc<Grants>, NoCallee>, Level);

impl Other {
    /// What its tools may do when they are called, those that can be.
    pub(super) fn lent(&self) -> impl Iterator<Item = &Grants> {
        self.granted.values().filter_map(|(granted, _)| granted.as_deref().ok())
    }
}

/// The packages that `grants` lets a tool call. A called tool gets no other ones than its caller, so that these are all.
pub(super) fn load(context: &Context<'_>, own: &OwnHost, grants: &Grants) -> Result<Vec<Other>, OpsError> {
    if grants.tools().is_empty() {
        return Ok(Vec::new());
    }
    let there = context.home.all_installed()?.into_iter().filter(|record| grants.tools().contains(&record.name));
    there.map(|record| other(context, own, &record)).collect()
}

fn other(context: &Context<'_>, own: &OwnHost, record: &InstalledRecord) -> Result<Other, OpsError> {
    let loaded = own.load_installed(context, record)?;
    let asker = Asker::new(context, loaded.manifest(), loaded.signers(), Some(record))?;
    let policy = context.home.policy()?;
    let mut granted = BTreeMap::new();
    for tool in &loaded.definitions().tools {
        let (decision, _) = decide_for(context, &asker, Some(&tool.name), None)?;
        let lent = lent(loaded.manifest(), &tool.name, decision);
        let network = lent.as_ref().is_ok_and(|grants| !grants.http().is_empty());
        standing::check_freshness(context, Some(record), network)?;
        let level = level(loaded.manifest(), &tool.name, &policy);
        granted.insert(tool.name.clone(), (lent, level));
    }
    Ok(Other { loaded: Arc::new(loaded), granted })
}

/// What a tool may do when another one calls it. Grants for one call are for a call that the user makes.
pub(crate) fn lent(manifest: &Manifest, tool: &ToolName, decision: Decision) -> Result<Arc<Grants>, NoCallee> {
    let package = &manifest.name;
    if manifest.agents.is_some() {
        let message = format!("`{package}` lists the agents that may call it, and a tool is none");
        return Err(NoCallee { code: codes::AGENT_UNKNOWN, message });
    }
    if let Some(missing) = decision.missing {
        return Err(NoCallee { code: missing.code(), message: missing.to_string() });
    }
    if !decision.consume.is_empty() {
        let message = format!("`{tool}` of `{package}` is granted for one call, which another tool cannot spend");
        return Err(NoCallee { code: codes::GRANT_MISSING, message });
    }
    Ok(Arc::new(decision.grants))
}

/// The level that a tool needs besides what its grants give it, when another one calls it (CONS-37).
pub(crate) fn level(manifest: &Manifest, tool: &ToolName, policy: &Policy) -> Level {
    let declared = manifest.tools.get(tool).map(|tool| tool.risk);
    level_within(&manifest.name, tool, declared, policy)
}

/// The packages of one call, as its host asks for them. Whoever makes the call holds them: a package holds its host, and with it this.
#[derive(Default)]
pub(crate) struct OtherTools(OnceLock<BTreeMap<PackageName, Lent>>);

struct Lent {
    loaded: Weak<LoadedPackage>,
    granted: BTreeMap<ToolName, Granted>,
}

impl OtherTools {
    /// Says which packages there are, once.
    pub(super) fn are(&self, others: &[Other]) {
        let lent = |other: &Other| Lent { loaded: Arc::downgrade(&other.loaded), granted: other.granted.clone() };
        self.0.get_or_init(|| others.iter().map(|other| (other.loaded.name().clone(), lent(other))).collect());
    }

    fn find(&self, package: &PackageName) -> Result<&Lent, NoCallee> {
        self.0.get().and_then(|others| others.get(package)).ok_or_else(|| NoCallee::not_installed(package))
    }
}

impl Tools for OtherTools {
    fn grants(&self, package: &PackageName, tool: &str) -> Result<Arc<Grants>, NoCallee> {
        let granted = self.find(package)?.granted.iter().find(|(name, _)| name.as_str() == tool);
        // A tool that is not there is told by the package itself.
        granted.map_or_else(|| Ok(Arc::default()), |(_, (granted, _))| granted.clone())
    }

    fn level(&self, package: &PackageName, tool: &str) -> Result<Level, NoCallee> {
        let granted = self.find(package)?.granted.iter().find(|(name, _)| name.as_str() == tool);
        Ok(granted.map_or(Level::L0, |(_, (_, level))| *level))
    }

    fn load(&self, _: &Host, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee> {
        self.find(package)?.loaded.upgrade().ok_or_else(|| NoCallee::not_installed(package))
    }
}
