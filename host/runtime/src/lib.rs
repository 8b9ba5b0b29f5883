//! Where tools run: the engine, its limits, what a tool may import, and the call itself — the only road in.
//!
//! A [`Host`] takes a package that was verified (nothing else can be loaded), compiles it, and gives a [`LoadedPackage`] that any
//! number of threads can call. Each call has a fresh instance, its own memory and its own deadline, and ends in one of a few ways
//! ([`Ending`]): a result, the tool's own error, a trap, or a limit with its own code.
//!
//! This crate knows nothing of registries, git, the command line or where packages are kept. Of its own accord it opens no file, socket or
//! terminal: it reaches what a call was granted, and nothing else.
//!
//! ```
//! use mpp_host::{CallOutcome, Ending, Host, HostOptions, Terms};
//! use mpp_package::verify::VerifiedPackage;
//! use std::io::{Read, Seek};
//!
//! fn outline<R: Read + Seek>(package: &mut VerifiedPackage<R>) -> Result<(), Box<dyn std::error::Error>> {
//!     let host = Host::new(HostOptions::default())?;
//!     let tools = host.load(package)?;
//!     let CallOutcome { ending, log, .. } = tools.call(&Terms::default(), "outline", r##"{"text": "# Title"}"##)?;
//!     match ending {
//!         Ending::Returned(result) => println!("{}", result.unwrap_or_default()),
//!         Ending::ToolError(error) => println!("the tool says: {error}"),
//!         Ending::Trapped { code, message } | Ending::Limited { code, message } => println!("{code}: {message}"),
//!     }
//!     log.stderr_lines().iter().for_each(|line| println!("{line}"));
//!     Ok(())
//! }
//! ```
//!
//! Reading order: [`Host`] and [`HostOptions`], then `load`, `loaded` and `call`; [`Limits`], with `meter`, `ticker` and `stop`
//! which enforce and name them; `cap`, one file for each thing that a tool may import.

mod allowance;
mod cache;
mod call;
mod cancel;
mod cap;
mod compile;
mod deadline;
mod deterministic;
mod engine;
mod error;
mod fence;
mod host;
mod image;
mod limits;
mod load;
mod loaded;
mod meter;
mod os;
mod outcome;
mod privacy;
mod providers;
mod refusals;
mod state;
mod stop;
mod terms;
mod ticker;
mod turns;
mod values;
mod vault;

pub use cache::{CodeCache, FolderCache, FolderCacheError, RecordName};
pub use cancel::Cancel;
pub use cap::caller::{Agent, Verification};
pub use cap::env::{Environment, NoEnvironment};
pub use cap::http::connect::{Connecting, Connector, SystemConnector};
pub use cap::http::resolve::{Resolver, SystemResolver};
pub use cap::http::secrets::{NoSecrets, SecretValue, Secrets, SecretsError};
pub use cap::http::tls::{BadRoot, TlsRoots};
pub use cap::logging::{Level, Record};
pub use cap::progress::{Progress, Step};
pub use cap::tools::{NoCallee, NoTools, Tools};
pub use compile::{CompileError, CompileJob, CompiledCode, Compiler, EngineIdentity, InProcess, compile_alone};
pub use deterministic::Deterministic;
pub use engine::{Allocation, Metering};
pub use error::{CallError, HostError, LoadError};
pub use fence::{Fence, FenceError, Fenced};
pub use host::{Host, HostOptions};
pub use limits::{Caps, Ceilings, HttpLimits, Limits};
pub use loaded::LoadedPackage;
pub use outcome::{CallOutcome, Ending, Log, ValuesOutcome};
pub use privacy::{Found, Privacy, Tokens, apply as apply_modes};
pub use providers::Providers;
pub use refusals::{Refusal, Refusals};
pub use stop::Stop;
pub use terms::Terms;
pub use values::Mismatch;
