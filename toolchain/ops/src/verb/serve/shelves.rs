//! What all agents of one server share: the engine, what is installed, loaded code, and what the privacy filter does.

use super::{
    ServeOptions,
    catalogue::{Catalogue, Known},
    decided::Decisions,
    exposed::Pattern,
    in_force::InForce,
    lent::Lent,
    stamp::Stamp,
};
use crate::{Around, Context, Event, OpsError, Outside, host, secrets::HomeSecrets, verb::call};
use mpp_host::{Allocation, Environment, Host, LoadedPackage, NoCallee, Providers};
use mpp_policy::Grants;
use mpp_schema::{Digest, PackageName, consent::Level};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Calls that may run at one time; more wait for their turn.
const CALLS: u32 = 128;

/// What stands behind the tools of every agent.
pub(super) struct Shelves {
    pub(super) outside: Outside,
    pub(super) host: Host,
    wanted: Vec<Pattern>,
    /// About tools that other tools call.
    decisions: Decisions,
    pub(super) privacy: InForce,
    catalogue: Mutex<Option<(Stamp, Arc<Catalogue>)>>,
    loaded: Mutex<HashMap<Digest, Slot>>,
    told: Mutex<BTreeSet<String>>,
}

/// Whoever comes first loads; others that want the same package wait for it, and nobody else does.
type Slot = Arc<Mutex<Option<Arc<LoadedPackage>>>>;

impl Shelves {
    pub(super) fn open(outside: Outside, options: &ServeOptions) -> Result<Arc<Self>, OpsError> {
        let lent = Arc::new(Lent::default());
        let (host, cache) = outside.with(|context| {
            let providers = || Providers {
                environment: Arc::new(Live(Arc::clone(&outside.around))),
                secrets: Arc::new(HomeSecrets::of(context)),
                kv: Arc::new(context.home.kv()),
                tools: lent.clone(),
                ..Providers::default()
            };
            // Where address space is short, calls are a little slower.
            host::start(context, providers(), Allocation::Pooled { calls: CALLS })
                .or_else(|_| host::start(context, providers(), Allocation::OnDemand))
        })?;
        for fault in cache.iter().flat_map(|cache| cache.faults()) {
            outside.around.tell(Event::Note(fault.to_string()));
        }
        let shelves = Arc::new(Self {
            outside,
            host,
            wanted: options.tools.clone(),
            decisions: Decisions::default(),
            privacy: InForce::default(),
            catalogue: Mutex::default(),
            loaded: Mutex::default(),
            told: Mutex::default(),
        });
        lent.from(&shelves);
        Ok(shelves)
    }

    pub(super) fn catalogue(&self, context: &Context<'_>) -> Result<Arc<Catalogue>, OpsError> {
        let stamp = Stamp::of(context.home.listed_places());
        let mut kept = lock(&self.catalogue);
        if let Some((_, catalogue)) = kept.as_ref().filter(|(before, _)| *before == stamp) {
            return Ok(Arc::clone(catalogue));
        }
        let before = kept.as_ref().map(|(_, catalogue)| Arc::clone(catalogue)).unwrap_or_default();
        let read = Catalogue::read(context, &before, &self.wanted, &|note| self.tell_once(note))?;
        let catalogue = Arc::new(read);
        let digests: BTreeSet<Digest> = catalogue.packages.values().map(|known| known.record.digest).collect();
        lock(&self.loaded).retain(|digest, _| digests.contains(digest));
        // A change in the second in which it was read would not be seen: then it is read again.
        *kept = stamp.is_settled(context.now).then(|| (stamp, Arc::clone(&catalogue)));
        Ok(catalogue)
    }

    fn tell_once(&self, note: String) {
        if lock(&self.told).insert(note.clone()) {
            self.outside.around.tell(Event::Note(note));
        }
    }

    pub(super) fn loaded(&self, context: &Context<'_>, known: &Known) -> Result<Arc<LoadedPackage>, OpsError> {
        let slot = Arc::clone(lock(&self.loaded).entry(known.record.digest).or_default());
        let mut slot = lock(&slot);
        if let Some(loaded) = &*slot {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(host::load_installed(context, &self.host, &known.record)?);
        Ok(Arc::clone(slot.insert(loaded)))
    }

    /// What a tool may do when another one calls it.
    pub(super) fn lent(&self, package: &PackageName, tool: &str) -> Result<Arc<Grants>, NoCallee> {
        self.outside.with(|context| {
            let catalogue = self.catalogue(context).map_err(no_callee)?;
            let known = catalogue.packages.get(package).ok_or_else(|| NoCallee::not_installed(package))?;
            // A tool that is not there is told by the package itself.
            let Some(tool) = known.tool_names().find(|name| name.as_str() == tool) else {
                return Ok(Arc::default());
            };
            let decided = self.decisions.decide(context, &known.subject(), tool).map_err(no_callee)?;
            call::lent(&known.manifest, tool, decided.decision.clone())
        })
    }

    /// The level that a tool needs besides what its grants give it, when another one calls it.
    pub(super) fn level_within(&self, package: &PackageName, tool: &str) -> Result<Level, NoCallee> {
        self.outside.with(|context| {
            let catalogue = self.catalogue(context).map_err(no_callee)?;
            let known = catalogue.packages.get(package).ok_or_else(|| NoCallee::not_installed(package))?;
            let Some(tool) = known.tool_names().find(|name| name.as_str() == tool) else {
                return Ok(Level::L0);
            };
            let decided = self.decisions.decide(context, &known.subject(), tool).map_err(no_callee)?;
            Ok(call::level(&known.manifest, tool, &decided.policy))
        })
    }

    /// A package that another tool calls.
    pub(super) fn loaded_for_tool(&self, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee> {
        self.outside.with(|context| {
            let catalogue = self.catalogue(context).map_err(no_callee)?;
            let known = catalogue.packages.get(package).ok_or_else(|| NoCallee::not_installed(package))?;
            self.loaded(context, known).map_err(no_callee)
        })
    }
}

fn no_callee(error: OpsError) -> NoCallee {
    NoCallee { code: error.code(), message: error.message() }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Variables as they are; the host asks only for those that are granted.
struct Live(Arc<dyn Around>);

impl Environment for Live {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.variable(name)
    }
}
