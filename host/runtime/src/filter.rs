//! Filters as packages: detectors of the kind `filter`, each call of them in a store of its own, with nothing behind what they import.
//!
//! A filter sees the texts that it is asked about and answers where something stands in them; it has no grant, no terms and no way to say
//! anything else. Rules PRIV-60 and following. Which filters are asked, and under which name, the embedder says.

use crate::cache::CodeCache;
use crate::compile::{Compiler, InProcess};
use crate::engine::{Allocation, Metering};
use crate::error::{HostError, LoadError};
use crate::host::{Host, HostOptions, Shared};
use crate::limits::{Caps, Limits};
use crate::load::{self, Admitted};
use crate::meter::Meter;
use crate::stop::Stop;
use crate::ticker;
use mpp_package::verify::{Trust, VerifiedPackage};
use mpp_privacy::{Detector, Spotted};
use mpp_schema::{Digest, PackageName};
use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, TypedFunc};

/// How a host of filters is set up.
#[derive(Clone)]
pub struct FilterOptions {
    /// What one text may cost a filter that does not ask for more or less.
    pub limits: Limits,
    /// How far a filter may raise its limits by asking.
    pub caps: Caps,
    /// Who compiles.
    pub compiler: Arc<dyn Compiler>,
    /// Where compiled code is kept; nowhere by default.
    pub cache: Option<Arc<dyn CodeCache>>,
}

impl FilterOptions {
    /// The time for one text, unless a filter asks for more.
    pub const TIME: Duration = Duration::from_secs(1);
    /// The most time that a filter may ask for.
    pub const TIME_CAP: Duration = Duration::from_secs(5);
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self {
            limits: Limits { time: Self::TIME, ..Limits::default() },
            caps: Caps { time: Self::TIME_CAP, ..Caps::default() },
            compiler: Arc::new(InProcess),
            cache: None,
        }
    }
}

impl fmt::Debug for FilterOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterOptions").field("limits", &self.limits).field("caps", &self.caps).finish_non_exhaustive()
    }
}

/// Loads filters. It has an engine of its own, and one lane, so that a filter never waits for the place of a tool that waits for the filter.
pub struct FilterHost(Arc<Shared>);

impl FilterHost {
    /// Sets up the engine.
    ///
    /// # Errors
    /// As [`Host::new`].
    pub fn new(options: FilterOptions) -> Result<Self, HostError> {
        let FilterOptions { limits, caps, compiler, cache } = options;
        let options = HostOptions {
            limits,
            caps,
            compiler,
            cache,
            allocation: Allocation::OnDemand,
            metering: Metering::Clock,
            ..HostOptions::default()
        };
        Ok(Self(Host::new(options)?.into_shared()))
    }

    /// Loads a package of the kind `filter`.
    ///
    /// # Errors
    /// It is of another kind or world, imports more than the inert base, or does not start.
    pub fn load<R: Read + Seek>(&self, package: &mut VerifiedPackage<R>) -> Result<FilterPackage, LoadError> {
        FilterPackage::new(&self.0, load::filter(&self.0, package)?)
    }

    /// Loads the filter `digest` from the cache, as [`Host::load_cached`] does.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_cached(&self, digest: Digest, trust: &Trust) -> Result<Option<FilterPackage>, LoadError> {
        let admitted = load::filter_cached(&self.0, digest, trust);
        admitted.map(|admitted| FilterPackage::new(&self.0, admitted?)).transpose()
    }
}

impl fmt::Debug for FilterHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterHost").finish_non_exhaustive()
    }
}

/// A filter that is ready to be asked.
pub struct FilterPackage {
    shared: Arc<Shared>,
    name: PackageName,
    pre: InstancePre<Meter>,
    detect: ComponentExportIndex,
    limits: Limits,
}

/// What the world says that was found.
#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(record)]
struct Found {
    text: u32,
    start: u32,
    end: u32,
}

/// The function of the world `mpp:filter`.
type Detect<'a> = TypedFunc<(&'a [&'a [u8]],), (Result<Vec<Found>, String>,)>;

impl FilterPackage {
    fn new(shared: &Arc<Shared>, admitted: Admitted) -> Result<Self, LoadError> {
        let Admitted { about, component, tools, .. } = admitted;
        let missing = || LoadError::Export("detect".to_owned());
        let interface = tools.tools.first().and_then(|tool| tool.interface.as_deref()).ok_or_else(missing)?;
        let interface = component.get_export_index(None, interface).ok_or_else(missing)?;
        let detect = component.get_export_index(Some(&interface), "detect").ok_or_else(missing)?;
        let link = |error: wasmtime::Error| LoadError::Link(error.root_cause().to_string());
        let mut linker = Linker::new(&shared.lanes[0].engine);
        // What it imports is there, as the standard library of its language wants it, and stops the filter when it is called.
        linker.define_unknown_imports_as_traps(&component).map_err(link)?;
        let pre = linker.instantiate_pre(&component).map_err(link)?;
        let limits = shared.limits.asked(about.manifest.limits.as_ref(), &shared.caps);
        let filter = Self { shared: Arc::clone(shared), name: about.manifest.name, pre, detect, limits };
        // One that cannot start, or has other types, is told now and not with the first text.
        filter.run(|_, _| Ok(())).map_err(|stop| LoadError::Link(stop.message))?;
        Ok(filter)
    }

    /// The package's name.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The filter as a detector whose findings have this name.
    pub fn named(self, name: String) -> Box<dyn Detector> {
        Box::new(Named { name, package: self })
    }

    /// Starts an instance for this question alone.
    fn run<'a, T>(&self, ask: impl FnOnce(&mut Store<Meter>, Detect<'a>) -> wasmtime::Result<T>) -> Result<T, Stop> {
        let run = || {
            let _running = self.shared.ticker.running(0)?;
            let mut store = Store::new(&self.shared.lanes[0].engine, Meter::new(&self.limits));
            store.limiter(|meter| meter);
            store.set_max_component_handles(self.limits.handles);
            store.set_hostcall_fuel(self.limits.host_data_bytes);
            store.set_epoch_deadline(ticker::ticks(self.limits.time));
            let instance = self.pre.instantiate(&mut store)?;
            let detect = instance.get_typed_func(&mut store, self.detect)?;
            ask(&mut store, detect)
        };
        run().map_err(|error: wasmtime::Error| Stop::from(error).explained(&self.limits))
    }

    fn ask(&self, texts: &[&[u8]]) -> Result<Vec<Spotted>, String> {
        let answer = self.run(|store, detect| detect.call(store, (texts,)));
        let (found,) = answer.map_err(|stop| format!("{}: {}", stop.code, stop.message))?;
        // What it says itself may be what was found.
        let found = found.map_err(|_| "it says that it failed".to_owned())?;
        found.into_iter().map(spotted).collect()
    }
}

fn spotted(found: Found) -> Result<Spotted, String> {
    let place = |number: u32| usize::try_from(number).map_err(|error| error.to_string());
    Ok(Spotted { text: place(found.text)?, span: place(found.start)?..place(found.end)? })
}

impl fmt::Debug for FilterPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterPackage").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A filter under the name that the policy gives to what it finds.
struct Named {
    name: String,
    package: FilterPackage,
}

impl Detector for Named {
    fn name(&self) -> &str {
        &self.name
    }

    fn detect(&self, texts: &[&[u8]]) -> Result<Vec<Spotted>, String> {
        self.package.ask(texts)
    }
}
