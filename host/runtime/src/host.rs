//! The host: its engines with every capability, and the thread that keeps time.

use crate::cache::CodeCache;
use crate::compile::{Compiler, EngineIdentity, InProcess};
use crate::engine::{Allocation, Metering};
use crate::error::{HostError, LoadError};
use crate::lanes::{self, Lane};
use crate::limits::{Caps, Limits};
use crate::load;
use crate::loaded::LoadedPackage;
use crate::privacy::Privacy;
use crate::providers::Providers;
use crate::ticker::Ticker;
use crate::turns::Turns;
use crate::vault::Vault;
use mpp_package::verify::{Trust, VerifiedPackage};
use mpp_privacy::Blocked;
use mpp_schema::Digest;
use std::fmt;
use std::io::{Read, Seek};
use std::sync::Arc;

/// How a host is set up.
#[derive(Clone)]
pub struct HostOptions {
    /// What one call may use, for packages that do not ask for more or less.
    pub limits: Limits,
    /// How far a package may raise its limits by asking.
    pub caps: Caps,
    /// How the memory of instances is found.
    pub allocation: Allocation,
    /// How a call that takes too long is noticed.
    pub metering: Metering,
    /// What stands behind the capabilities.
    pub providers: Providers,
    /// Who compiles: this process, unless something better is at hand.
    pub compiler: Arc<dyn Compiler>,
    /// Where compiled code is kept; nowhere by default.
    pub cache: Option<Arc<dyn CodeCache>>,
    /// What is looked for in what leaves a call: everything, and it is masked, unless an embedder says otherwise.
    pub privacy: Arc<Privacy>,
}

impl fmt::Debug for HostOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HostOptions");
        shown.field("limits", &self.limits).field("caps", &self.caps).field("allocation", &self.allocation);
        shown.field("metering", &self.metering).field("has_cache", &self.cache.is_some()).finish_non_exhaustive()
    }
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            caps: Caps::default(),
            allocation: Allocation::OnDemand,
            metering: Metering::Clock,
            providers: Providers::default(),
            compiler: Arc::new(InProcess),
            cache: None,
            privacy: Arc::default(),
        }
    }
}

/// Loads packages and runs their tools. Share one per process: packages keep it alive.
pub struct Host {
    shared: Arc<Shared>,
}

/// What all packages of a host use.
pub(crate) struct Shared {
    /// At least one.
    pub(crate) lanes: Box<[Lane]>,
    pub(crate) identity: EngineIdentity,
    pub(crate) compiler: Arc<dyn Compiler>,
    pub(crate) cache: Option<Arc<dyn CodeCache>>,
    pub(crate) ticker: Ticker,
    pub(crate) turns: Option<Turns>,
    pub(crate) metering: Metering,
    pub(crate) limits: Limits,
    pub(crate) caps: Caps,
    pub(crate) providers: Arc<Providers>,
    pub(crate) vault: Vault,
}

impl Host {
    /// Sets up the engines. The first call starts one thread, which sleeps while no call runs.
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let HostOptions { limits, caps, allocation, metering, providers, compiler, cache, privacy } = options;
        let lanes = lanes::lanes(allocation, metering, &limits, caps.memory_bytes)?;
        let ticker = Ticker::new(lanes.iter().map(|lane| lane.engine.weak()).collect());
        let turns = match allocation {
            Allocation::OnDemand => None,
            Allocation::Pooled { calls } => Some(Turns::new(&lanes::places(calls, lanes.len()))),
        };
        let providers = Arc::new(providers);
        let identity = EngineIdentity::of(&lanes[0].engine);
        let vault = Vault::new(privacy, lanes.len());
        let shared =
            Shared { lanes, identity, compiler, cache, ticker, turns, metering, limits, caps, providers, vault };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What a host of filters has in common with every other.
    pub(crate) fn into_shared(self) -> Arc<Shared> {
        self.shared
    }

    /// What a host of plugins loads into.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The host of a running call.
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Puts another privacy filter in place, for calls that begin from now on.
    ///
    /// # Errors
    /// The filter cannot be joined with the secrets that the host knows; the old one stays.
    pub fn set_privacy(&self, privacy: Arc<Privacy>) -> Result<(), Blocked> {
        self.shared.vault.set(privacy)
    }

    /// Masks the texts of a record for the audit log, with the filter that is in place then and every secret that this host knows by then.
    pub fn for_audit(&self) -> impl Fn(&mut [&mut String]) + Send + Sync + 'static + use<> {
        let shared = Arc::clone(&self.shared);
        move |texts| shared.vault.current(0).0.for_audit(texts)
    }

    /// Compiles the component of a package and links it to what it may import: the inert base, and what its manifest asks for. What of
    /// that is granted is said with each call.
    pub fn load<R: Read + Seek>(&self, package: &mut VerifiedPackage<R>) -> Result<LoadedPackage, LoadError> {
        load::load(&self.shared, package)
    }

    /// Loads the package `digest` from the cache, without its file: it was verified when its code was kept, and those who signed it are
    /// looked up in `trust` now. Nothing when the cache has nothing good for it; then [`load`](Self::load) is the way.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_cached(&self, digest: Digest, trust: &Trust) -> Result<Option<LoadedPackage>, LoadError> {
        load::load_cached(&self.shared, digest, trust).transpose()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}
