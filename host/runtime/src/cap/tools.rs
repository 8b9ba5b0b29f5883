//! `mpp:host/tools`: calling a tool of another package. Permission `tools`; rules HOST-77 to HOST-79.
//!
//! The called tool runs by the road that every call takes, with what its own package was granted and the calling one was granted as well.
//! Which packages there are, and what they were granted, is for the provider to say.

use crate::error::CallError;
use crate::host::Host;
use crate::loaded::LoadedPackage;
use crate::outcome::{CallOutcome, Ending};
use crate::privacy::Guard;
use crate::state::State;
use crate::terms::Terms;
use mpp_policy::Grants;
use mpp_schema::{Code, Coded, PackageName, codes, consent::Level};
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

/// Who knows the packages whose tools may be called.
pub trait Tools: Send + Sync {
    /// What a tool of the package was granted itself. It gets of it what the calling tool was granted as well.
    fn grants(&self, package: &PackageName, tool: &str) -> Result<Arc<Grants>, NoCallee>;

    /// The level that a call of this tool needs besides what its grants give it: what its author declares, and what the user's policy
    /// demands (CONS-37).
    fn level(&self, package: &PackageName, tool: &str) -> Result<Level, NoCallee>;

    /// The package, loaded into `host`. Asked at most once for a package in each call from outside.
    fn load(&self, host: &Host, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee>;
}

/// Why a package cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoCallee {
    /// The stable reason.
    pub code: Code,
    /// What happened.
    pub message: String,
}

impl NoCallee {
    /// The package is not there.
    pub fn not_installed(package: &PackageName) -> Self {
        Self { code: codes::PACKAGE_NOT_INSTALLED, message: format!("package `{package}` is not installed") }
    }
}

/// There is no other package.
#[derive(Debug, Clone, Copy)]
pub struct NoTools;

impl Tools for NoTools {
    fn grants(&self, package: &PackageName, _: &str) -> Result<Arc<Grants>, NoCallee> {
        Err(NoCallee::not_installed(package))
    }
    fn level(&self, package: &PackageName, _: &str) -> Result<Level, NoCallee> {
        Err(NoCallee::not_installed(package))
    }
    fn load(&self, _: &Host, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee> {
        Err(NoCallee::not_installed(package))
    }
}

/// How deep tools call each other.
const DEPTH_MAX: u8 = 8;
/// For a called tool: what the engine needs, and room for the host above and below it.
const STACK_BYTES: usize = 2 << 20;

/// The call from outside that a called tool runs in.
#[derive(Clone)]
pub(crate) struct Within {
    depth: u8,
    /// The level that the call from outside was allowed at.
    level: Level,
    /// When the call from outside ends.
    pub(crate) ends: Instant,
    /// The filter of the calling tool, whose numbers go on.
    pub(crate) guard: Guard,
    /// Packages that were loaded already.
    loaded: Arc<Mutex<HashMap<PackageName, Arc<LoadedPackage>>>>,
}

/// `stop` of the interface.
#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(record)]
struct Stopped {
    #[component(name = "code")]
    code: String,
    #[component(name = "message")]
    message: String,
}

/// `call-error` of the interface.
#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(variant)]
enum Failure {
    #[component(name = "denied")]
    Denied,
    #[component(name = "unknown")]
    Unknown(String),
    #[component(name = "arguments")]
    Arguments(String),
    #[component(name = "failed")]
    Failed(String),
    #[component(name = "stopped")]
    Stopped(Stopped),
}

impl Failure {
    fn stopped(code: Code, message: String) -> Self {
        Self::Stopped(Stopped { code: code.to_string(), message })
    }
}

impl From<NoCallee> for Failure {
    fn from(NoCallee { code, message }: NoCallee) -> Self {
        if code == codes::PACKAGE_NOT_INSTALLED { Self::Unknown(message) } else { Self::stopped(code, message) }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        if error.code() == codes::TOOL_UNKNOWN { Self::Unknown(message) } else { Self::Arguments(message) }
    }
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut instance = linker.instance("mpp:host/tools@0.1.0")?;
    instance.func_wrap("call", |mut store, (package, tool, arguments): (String, String, String)| {
        let state = store.data_mut();
        let answer = state.call_tool(&package, &tool, &arguments);
        // What ended the called tool may be the end of this one.
        match state.deadline.hit() {
            Some(hit) => Err(hit.into()),
            None => Ok((answer,)),
        }
    })
}

impl State {
    fn call_tool(&mut self, package: &str, tool: &str, arguments: &str) -> Result<String, Failure> {
        let granted = self.terms.grants.tools();
        let Some(package) = package.parse().ok().filter(|package: &PackageName| granted.contains(package)) else {
            self.refusals.push(codes::CAP_DENIED, || format!("calling tools of `{package}` is not granted"));
            return Err(Failure::Denied);
        };
        let within = self.one_deeper()?;
        let granted = self.providers().tools.grants(&package, tool)?;
        self.check_level(within.level, &package, tool)?;
        let callee = self.loaded(&within, &package)?;
        let outcome = self.run_called(&callee, &granted, tool, arguments, within)?;
        self.refusals.append_of(&format!("`{tool}` of `{package}`"), outcome.refusals);
        self.guard.add(&outcome.found);
        self.sent_within.add(outcome.sent);
        match outcome.ending {
            Ending::Returned(None) => Ok("null".to_owned()),
            Ending::Returned(Some(result)) => Ok(result.to_string()),
            Ending::ToolError(error) => Err(Failure::Failed(error.to_string())),
            Ending::Trapped { code, message } | Ending::Limited { code, message } => {
                Err(Failure::stopped(code, message))
            }
        }
    }

    fn one_deeper(&mut self) -> Result<Within, Failure> {
        let ends = self.deadline.at;
        let guard = &self.guard;
        // Whoever calls without a receipt vouches for the base and for reading.
        let level = self.terms.receipt.as_ref().map_or(Level::L1, |receipt| receipt.level());
        let within = self.within.get_or_insert_with(|| Within {
            depth: 0,
            level,
            ends,
            guard: guard.clone(),
            loaded: Arc::default(),
        });
        if within.depth == DEPTH_MAX {
            let message = format!("tools called each other {DEPTH_MAX} deep, and one more was called");
            self.refusals.push(codes::LIMIT_DEPTH, || message.clone());
            return Err(Failure::stopped(codes::LIMIT_DEPTH, message));
        }
        let (depth, level, ends, guard) = (within.depth + 1, within.level, within.ends.min(ends), guard.clone());
        Ok(Within { depth, level, ends, guard, loaded: Arc::clone(&within.loaded) })
    }

    /// A tool cannot have a person asked: what needs more than the call from outside was allowed is refused (CONS-37). What the called tool
    /// is granted is part of what the calling one is, so that its grants ask for no more.
    fn check_level(&mut self, allowed: Level, package: &PackageName, tool: &str) -> Result<(), Failure> {
        let needed = self.providers().tools.level(package, tool)?;
        if needed <= allowed {
            return Ok(());
        }
        let message = format!("`{tool}` of `{package}` needs a confirmation ({needed}), and a tool cannot ask for it");
        self.refusals.push(codes::HITL_UNAVAILABLE, || message.clone());
        Err(Failure::stopped(codes::HITL_UNAVAILABLE, message))
    }

    fn loaded(&self, within: &Within, package: &PackageName) -> Result<Arc<LoadedPackage>, Failure> {
        let mut loaded = within.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(package) {
            return Ok(Arc::clone(known));
        }
        let callee = self.providers().tools.load(&Host::of(Arc::clone(&self.resident.shared)), package)?;
        loaded.insert(package.clone(), Arc::clone(&callee));
        Ok(callee)
    }

    /// On a thread of its own: the calling tool may have used most of the stack of this one.
    fn run_called(
        &self,
        callee: &LoadedPackage,
        granted: &Grants,
        tool: &str,
        arguments: &str,
        within: Within,
    ) -> Result<CallOutcome, Failure> {
        let terms = Terms {
            grants: Arc::new(granted.intersect(&self.terms.grants)),
            // The id of an agent is for one publisher alone.
            caller: None,
            // It is proof of the call from outside, and of no other.
            receipt: None,
            ..self.terms.clone()
        };
        let run = || callee.call_within(&terms, tool, arguments, Some(within));
        let ended = thread::scope(|scope| {
            let thread = thread::Builder::new().name("mpp-called-tool".to_owned()).stack_size(STACK_BYTES);
            Ok(thread.spawn_scoped(scope, run)?.join())
        });
        let ended = ended.map_err(|error: std::io::Error| Failure::stopped(codes::IO_FAILED, error.to_string()))?;
        Ok(ended.unwrap_or_else(|panic| resume_unwind(panic))?)
    }
}
