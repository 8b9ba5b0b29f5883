//! Where tools run: the engine, its limits, what a tool may import, and the call itself — the only road in.
//!
//! A [`Host`] takes a package that was verified (nothing else can be loaded), compiles it, and gives a [`LoadedPackage`] that any
//! number of threads can call. Each call has a fresh instance, its own memory and its own deadline, and ends in one of a few ways
//! ([`Ending`]): a result, the tool's own error, a trap, or a limit with its own code.
//!
//! This crate knows nothing of registries, git, the command line or where packages are kept. Of its own accord it opens no file, socket or
//! terminal: it reaches what a call was granted, and nothing else.
//!
//! An embedder opens a host, puts something of its own behind a capability, loads a package, grants it some of what it asks for, and
//! calls it:
//!
//! ```
//! use mpp_host::{CallOutcome, Ceilings, Ending, Environment, Host, HostOptions, Providers, Terms};
//! use mpp_policy::{Allowance, Grants};
//! use mpp_wit::value::Value;
//! # use mpp_package::{key::{SecretKey, Signer}, pack::{pack, Contents}, verify::{Trust, TrustedKey}};
//! # use mpp_schema::manifest::Manifest;
//! # use mpp_wit::{ToolSet, WitFolder};
//! use std::sync::Arc;
//!
//! /// Stands behind environment variables, in place of those of this process.
//! struct Settings;
//!
//! impl Environment for Settings {
//!     fn variable(&self, name: &str) -> Option<String> {
//!         (name == "GREETING").then(|| "good morning".to_owned())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (bytes, trust) = packed()?;
//! // The bytes of a `.mpp` file, and the keys that count here. What does not verify cannot be loaded.
//! let mut package = mpp_package::verify::open(std::io::Cursor::new(bytes), &trust)?;
//!
//! let providers = Providers { environment: Arc::new(Settings), ..Providers::default() };
//! let host = Host::new(HostOptions { providers, ..HostOptions::default() })?;
//! let tools = host.load(&mut package)?;
//!
//! // What its manifest asks for, cut to what is allowed here; and less memory than it might have otherwise.
//! let allowed = Allowance { env: ["GREETING".to_owned()].into(), ..Allowance::default() };
//! let grants = Grants::cut(&tools.manifest().permissions, &allowed);
//! let ceilings = Ceilings { memory_bytes: Some(1 << 20), ..Ceilings::default() };
//! let terms = Terms { ceilings, ..Terms::granted(grants) };
//!
//! // Arguments and results as JSON. A call ends in exactly one of these ways.
//! let CallOutcome { ending, log, .. } = tools.call(&terms, "greet", "{}")?;
//! match ending {
//!     Ending::Returned(result) => assert_eq!(result, Some(serde_json::json!({ "result": "good morning" }))),
//!     Ending::ToolError(error) => return Err(format!("the tool says: {error}").into()),
//!     Ending::Trapped { code, message } | Ending::Limited { code, message } => {
//!         return Err(format!("{code}: {message}").into());
//!     }
//! }
//! assert!(log.stderr_lines().is_empty());
//!
//! // Or as typed values.
//! let outcome = tools.call_values(&terms, "greet", Vec::new())?;
//! assert_eq!(outcome.ended.ok().flatten(), Some(Value::String("good morning".to_owned())));
//!
//! // Without a grant it sees no variable.
//! let outcome = tools.call_values(&Terms::default(), "greet", Vec::new())?;
//! assert_eq!(outcome.ended.ok().flatten(), Some(Value::String(String::new())));
//! # Ok(())
//! # }
//! #
//! # /// A signed package whose tool gives the value of the first variable that it sees, and who is trusted to sign it.
//! # fn packed() -> Result<(Vec<u8>, Trust), Box<dyn std::error::Error>> {
//! #     let component = wat::parse_str(r#"(component
//! #         (import "wasi:cli/environment@0.2.6" (instance $environment
//! #             (export "get-environment" (func (result (list (tuple string string)))))))
//! #         (core module $memory
//! #             (memory (export "memory") 1)
//! #             (global $next (mut i32) (i32.const 1024))
//! #             (func (export "realloc") (param i32 i32 i32 i32) (result i32)
//! #                 (local $at i32)
//! #                 (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
//! #                 (global.set $next (i32.add (local.get $at) (local.get 3)))
//! #                 (local.get $at)))
//! #         (core instance $memory (instantiate $memory))
//! #         (core func $get (canon lower (func $environment "get-environment")
//! #             (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
//! #         (core module $tool
//! #             (import "memory" "memory" (memory 1))
//! #             (import "host" "get" (func $get (param i32)))
//! #             (func (export "greet") (result i32)
//! #                 (call $get (i32.const 0))
//! #                 (if (i32.load (i32.const 4))
//! #                     (then (i64.store (i32.const 8) (i64.load offset=8 (i32.load (i32.const 0))))))
//! #                 (i32.const 8)))
//! #         (core instance $tool (instantiate $tool
//! #             (with "memory" (instance $memory)) (with "host" (instance (export "get" (func $get))))))
//! #         (func (export "greet") (result string)
//! #             (canon lift (core func $tool "greet") (memory (core memory $memory "memory")))))"#)?;
//! #     let text = "package example:greeter@0.1.0; world greeter { export greet: func() -> string; }";
//! #     let wit = WitFolder { files: [("world.wit".to_owned(), text.to_owned())].into() };
//! #     let manifest: Manifest = serde_json::from_value(serde_json::json!({
//! #         "mpp": "1.0", "kind": "tool", "name": "example:greeter", "version": "0.1.0", "description": "Greets.",
//! #         "world": "example:greeter/greeter@0.1.0", "trust": "limited", "permissions": { "env": ["GREETING"] },
//! #         "source": { "builder": "none" }, "entries": []
//! #     }))?;
//! #     let tools = ToolSet::from_wit(&wit, None)?.tools_file();
//! #     let contents = Contents {
//! #         manifest, component, tools, wit: wit.files, readme: None, license_text: None, sbom: None, extra: Default::default(),
//! #     };
//! #     let key = SecretKey::generate()?;
//! #     let publisher = TrustedKey { key: *key.public_key(), name: "example".to_owned() };
//! #     let trust = Trust { publishers: vec![publisher], development: None, threshold: 1 };
//! #     Ok((pack(contents)?.sign(&[&key])?.into_bytes(), trust))
//! # }
//! ```
//!
//! Reading order: [`Host`] and [`HostOptions`], then `load`, `loaded` and `call`; [`Limits`], with `meter`, `ticker` and `stop`
//! which enforce and name them; `cap`, one file for each thing that a tool may import.

#[cfg(doctest)]
#[doc = include_str!("../../../registry-git/web/guide/embedding.md")]
struct Guide;

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
mod filter;
mod host;
mod image;
mod lanes;
mod limits;
mod load;
mod loaded;
mod meter;
mod os;
mod outcome;
mod plugin;
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
pub use filter::{FilterHost, FilterOptions, FilterPackage};
pub use host::{Host, HostOptions};
pub use limits::{Caps, Ceilings, HttpLimits, Limits};
pub use loaded::{Arguments, LoadedPackage};
pub use mpp_wit::Content;
pub use outcome::{CallOutcome, Ending, Log, Sent, ValuesOutcome};
pub use plugin::{Answer, BuiltPackage, Finding, PluginHost, PluginPackage, PluginStop, Stage};
pub use privacy::{Found, Privacy, Tokens, apply as apply_modes};
pub use providers::Providers;
pub use refusals::{Refusal, Refusals};
pub use stop::Stop;
pub use terms::Terms;
pub use values::Mismatch;
