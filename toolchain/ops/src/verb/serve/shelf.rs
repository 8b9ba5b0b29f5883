//! The installed packages of a home, as tools that an agent can call.

use super::{
    ServeOptions,
    catalogue::{Catalogue, Known},
    decided::{Decided, Decisions},
    exposed::{Pattern, Place},
    hints,
    in_force::InForce,
    lent::Lent,
    stamp::Stamp,
};
use crate::{
    Around, Context, Event, OpsError, Outside, Who,
    agents::Asking,
    consent::{self, Allowed, Desk},
    grants, host,
    secrets::HomeSecrets,
    verb::call,
};
use mpp_host::{Agent, Allocation, Arguments, Environment, Host, LoadedPackage, NoCallee, Providers, Terms};
use mpp_mcp::{Called, Refused, Tool, ToolCall, Toolbox};
use mpp_policy::Grants;
use mpp_schema::{Digest, Instant, PackageName, Problem, ToolName, consent::Level, tools::ToolDefinition};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Calls that may run at one time; more wait for their turn.
const CALLS: u32 = 128;
/// A list of tools is made anew after this many seconds, so that grants that ended are noticed.
const LIST_SECONDS: i64 = 60;

/// The tools of one session.
pub(super) struct Shelf(Arc<Shelves>);

/// What stands behind them.
pub(super) struct Shelves {
    outside: Outside,
    host: Host,
    wanted: Vec<Pattern>,
    who: Who,
    desk: Desk,
    decisions: Decisions,
    privacy: InForce,
    catalogue: Mutex<Option<(Stamp, Arc<Catalogue>)>>,
    list: Mutex<Option<Listed>>,
    loaded: Mutex<HashMap<Digest, Slot>>,
    told: Mutex<BTreeSet<String>>,
}

/// A list, how the home was when it was made, and when that was.
struct Listed {
    stamp: Stamp,
    made: Instant,
    tools: Arc<Vec<Tool>>,
}

/// Whoever comes first loads; others that want the same package wait for it, and nobody else does.
type Slot = Arc<Mutex<Option<Arc<LoadedPackage>>>>;

impl Shelf {
    pub(super) fn open(outside: Outside, options: ServeOptions) -> Result<Self, OpsError> {
        let desk = outside.with(|context| Desk::new(context, options.wait_seconds))?;
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
        let shelves = Arc::new(Shelves {
            outside,
            host,
            wanted: options.tools,
            who: options.agent.map_or(Who::Anonymous, Who::Named),
            desk,
            decisions: Decisions::default(),
            privacy: InForce::default(),
            catalogue: Mutex::default(),
            list: Mutex::default(),
            loaded: Mutex::default(),
            told: Mutex::default(),
        });
        lent.from(&shelves);
        Ok(Self(shelves))
    }
}

impl Shelf {
    /// The session ended.
    pub(super) fn close(&self) {
        self.0.outside.with(|context| self.0.desk.close(context.now));
    }
}

impl Toolbox for Shelf {
    fn tools(&self) -> Result<Arc<Vec<Tool>>, Problem> {
        self.0.outside.with(|context| self.0.tools(context)).map_err(|error| error.problem())
    }

    fn call(&self, call: &ToolCall) -> Result<Called, Refused> {
        self.0.outside.with(|context| self.0.call(context, call))
    }
}

impl Shelves {
    fn tools(&self, context: &Context<'_>) -> Result<Arc<Vec<Tool>>, OpsError> {
        let catalogue = self.catalogue(context)?;
        let grants = catalogue.packages.keys().map(|name| context.home.grants_place(name));
        let places = context.home.listed_places().into_iter().chain(context.home.common_places()).chain(grants);
        let stamp = Stamp::of(places);
        let mut list = lock(&self.list);
        let is_fresh = |made: Instant| context.now.unix_seconds() - made.unix_seconds() < LIST_SECONDS;
        if let Some(listed) = list.as_ref().filter(|listed| listed.stamp == stamp && is_fresh(listed.made)) {
            return Ok(Arc::clone(&listed.tools));
        }
        let tools = catalogue.names.places.iter().map(|(name, place)| self.tool(context, &catalogue, name, place));
        let mut tools = Arc::new(tools.collect::<Result<Vec<_>, _>>()?);
        if let Some(before) = list.as_ref().filter(|listed| listed.tools == tools) {
            tools = Arc::clone(&before.tools);
        }
        let is_settled = stamp.is_settled(context.now);
        *list = is_settled.then(|| Listed { stamp, made: context.now, tools: Arc::clone(&tools) });
        Ok(tools)
    }

    fn tool(&self, context: &Context<'_>, catalogue: &Catalogue, name: &str, place: &Place) -> Result<Tool, OpsError> {
        let (known, definition) = catalogue.find(place)?;
        // What must not run is listed as what it would be without grants; a call says why it cannot run.
        let grants = self.decisions.decide(context, &known.subject(), &place.tool);
        let grants = grants.map(|decided| Arc::clone(&decided.grants)).unwrap_or_default();
        let risk = known.manifest.tools.get(&place.tool).map(|policy| policy.risk);
        Ok(definition.shown(name, place, hints::of(&grants, risk)))
    }

    fn call(&self, context: &Context<'_>, call: &ToolCall) -> Result<Called, Refused> {
        let problem = |error: OpsError| Refused::Problem(error.problem());
        let catalogue = self.catalogue(context).map_err(problem)?;
        let place = catalogue.names.places.get(&call.name).ok_or(Refused::Unknown)?;
        let known = catalogue.packages.get(&place.package).ok_or(Refused::Unknown)?;
        let outcome = self.call_known(context, known, &place.tool, call).map_err(problem)?;
        Ok(Called { outcome, package: Arc::clone(&known.provenance) })
    }

    fn call_known(
        &self,
        context: &Context<'_>,
        known: &Arc<Known>,
        tool: &ToolName,
        call: &ToolCall,
    ) -> Result<mpp_host::CallOutcome, OpsError> {
        let decided = self.decisions.decide(context, &known.subject(), tool)?;
        if let Some(missing) = &decided.decision.missing {
            return Err(missing.clone().into());
        }
        self.privacy.follow(context, &self.host)?;
        let loaded = self.loaded(context, known)?;
        let arguments = loaded.read_arguments(tool.as_str(), &call.arguments)?;
        let (allowed, caller) =
            self.consent(context, known, loaded.definition(tool.as_str())?, &decided, &loaded, &arguments, call)?;
        // Nothing is spent on a call that cannot begin.
        grants::spend(context, &known.record.name, &decided.decision)?;
        let progress = call.progress.clone().filter(|_| decided.grants.progress());
        let terms = Terms {
            grants: Arc::clone(&decided.grants),
            ceilings: decided.ceilings,
            caller,
            receipt: Some(Arc::clone(&allowed.receipt)),
            progress,
            cancel: Some(call.cancel.clone()),
            ..Terms::default()
        };
        let outcome = loaded.call_read(&terms, arguments)?;
        self.desk.ended(context, &allowed, &outcome);
        Ok(outcome)
    }

    /// Whether the call may be made; and who asks, as the tool may know it.
    #[allow(clippy::too_many_arguments, reason = "one call, and what is known about it")]
    fn consent(
        &self,
        context: &Context<'_>,
        known: &Known,
        tool: &ToolDefinition,
        decided: &Decided,
        loaded: &LoadedPackage,
        arguments: &Arguments,
        request: &ToolCall,
    ) -> Result<(Allowed, Option<Arc<Agent>>), OpsError> {
        let text = loaded.text_of(arguments)?;
        let mut call = consent::Call {
            manifest: &known.manifest,
            digest: known.record.digest,
            publisher: decided.publisher,
            tool,
            arguments: &text,
            items: arguments.longest_list(),
            grants: &decided.grants,
            grants_digest: decided.grants_digest,
            granted: &decided.granted,
            asking: &Asking::default(),
            cancel: Some(&request.cancel),
        };
        let digest = consent::arguments_digest(&text);
        let asking = Asking::find(context, &self.who, &known.record.name, &tool.name, digest);
        let asking =
            asking.map_err(|error| consent::turned_away(context, &self.desk, &decided.policy, &call, error))?;
        call.asking = &asking;
        let allowed = consent::decide(context, &self.desk, &decided.policy, &call)?;
        Ok((allowed, asking.for_tools_of(context, decided.publisher)?))
    }

    fn catalogue(&self, context: &Context<'_>) -> Result<Arc<Catalogue>, OpsError> {
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

    fn loaded(&self, context: &Context<'_>, known: &Known) -> Result<Arc<LoadedPackage>, OpsError> {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Variables as they are; the host asks only for those that are granted.
struct Live(Arc<dyn Around>);

impl Environment for Live {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.variable(name)
    }
}
