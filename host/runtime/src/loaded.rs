//! A loaded package: compiled code that any number of threads can call.
//!
//! Each call has a store and an instance of its own, dropped when it ends: nothing that a tool remembers outlives its call.

use crate::call::{self, Call};
use crate::cap::tools::Within;
use crate::error::{CallError, LoadError};
use crate::host::Shared;
use crate::image::Image;
use crate::lanes;
use crate::limits::Limits;
use crate::load;
use crate::outcome::{CallOutcome, Ending, ValuesOutcome};
use crate::state::State;
use crate::terms::Terms;
use mpp_kv::Claim;
use mpp_package::verify::Signer;
use mpp_privacy::Modes;
use mpp_schema::manifest::Manifest;
use mpp_schema::tools::{ToolDefinition, ToolsFile};
use mpp_schema::{Coded, Digest, PackageName};
use mpp_wit::codec::{self, Reply};
use mpp_wit::value::Value;
use mpp_wit::{Tool, ToolSet};
use std::fmt;
use std::sync::{Arc, OnceLock};
use wasmtime::component::{ComponentExportIndex, InstancePre};

/// A package that is ready to be called.
pub struct LoadedPackage {
    /// For each lane of the host, so that calls count references apart.
    residents: Box<[Arc<Resident>]>,
    /// For each lane of the host, the first of them from the start.
    linked: Box<[OnceLock<Linked>]>,
    about: About,
    tools: ToolSet,
    /// In the order of the tools.
    routes: Vec<Route>,
    limits: Limits,
    /// The stricter modes that its manifest asks for.
    modes: Option<Modes>,
}

/// A package on its host: what each of its calls holds on to.
#[repr(align(128))]
pub(crate) struct Resident {
    pub(crate) shared: Arc<Shared>,
    /// Which package it is, and who signed it.
    pub(crate) claim: Claim,
}

/// What is known about a package beside its code.
pub(crate) struct About {
    pub(crate) manifest: Manifest,
    pub(crate) digest: Digest,
    pub(crate) signers: Vec<Signer>,
    pub(crate) definitions: ToolsFile,
}

/// The code of a package in one lane.
pub(crate) struct Linked {
    pub(crate) pre: InstancePre<State>,
    /// Where the tools are found in the component, in the order of the tools.
    pub(crate) exports: Vec<ComponentExportIndex>,
}

/// How values travel.
#[derive(Debug)]
pub(crate) enum Route {
    /// As the engine's own values.
    Values,
    /// As an image that a bridge inside the component takes apart: many bytes are quick like that.
    Image(Image),
}

/// Arguments that fit a tool: typed, and passed on as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    /// Which of the package's tools they were read for.
    position: usize,
    values: Vec<Value>,
}

impl Arguments {
    /// How many items the longest list in them has. Bytes are no list.
    pub fn longest_list(&self) -> usize {
        self.values.iter().map(Value::longest_list).max().unwrap_or_default()
    }
}

impl LoadedPackage {
    pub(crate) fn new(
        shared: Arc<Shared>,
        about: About,
        first: Linked,
        tools: ToolSet,
        routes: Vec<Route>,
        limits: Limits,
        modes: Option<Modes>,
    ) -> Self {
        let publishers = about.signers.iter().map(|signer| signer.key).collect();
        let claim = Claim { publishers, package: about.manifest.name.clone() };
        let resident = |_| Arc::new(Resident { shared: Arc::clone(&shared), claim: claim.clone() });
        let residents: Box<[_]> = (0..shared.lanes.len()).map(resident).collect();
        let others = (1..residents.len()).map(|_| OnceLock::new());
        let linked = std::iter::once(OnceLock::from(first)).chain(others).collect();
        Self { residents, linked, about, tools, routes, limits, modes }
    }

    /// The code in a lane; it is brought there by the first call in it.
    pub(crate) fn linked(&self, lane: usize) -> Result<&Linked, LoadError> {
        if let Some(linked) = self.linked[lane].get() {
            return Ok(linked);
        }
        let shared = &self.residents[lane].shared;
        let linked = load::linked_again(shared, lane, self.linked(0)?, &self.tools, &self.routes)?;
        Ok(self.linked[lane].get_or_init(|| linked))
    }

    /// The package's name.
    pub fn name(&self) -> &PackageName {
        &self.about.manifest.name
    }

    /// What it shows to whoever keeps data for it.
    pub fn claim(&self) -> &Claim {
        &self.residents[0].claim
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.about.manifest
    }

    /// Its package digest.
    pub fn digest(&self) -> Digest {
        self.about.digest
    }

    /// The known keys that signed it.
    pub fn signers(&self) -> &[Signer] {
        &self.about.signers
    }

    /// The definitions of its tools, as they were signed.
    pub fn definitions(&self) -> &ToolsFile {
        &self.about.definitions
    }

    /// The definition of one of its tools.
    pub fn definition(&self, tool: &str) -> Result<&ToolDefinition, CallError> {
        let found = self.definitions().tools.iter().find(|definition| definition.name.as_str() == tool);
        found.ok_or_else(|| CallError::unknown(self.name(), tool, &self.tools))
    }

    /// Its tools.
    pub fn tools(&self) -> &ToolSet {
        &self.tools
    }

    /// What one call of it may use, unless the terms of the call say less.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Calls a tool with a JSON object of arguments.
    ///
    /// Blocks the calling thread, which must have 1 MiB of stack; inside an asynchronous runtime use a thread for blocking work.
    /// The error says that the tool was not started: it is unknown, or the arguments do not fit.
    pub fn call(&self, terms: &Terms, tool: &str, arguments_json: &str) -> Result<CallOutcome, CallError> {
        self.call_within(terms, tool, arguments_json, None)
    }

    /// The same, made by another tool.
    pub(crate) fn call_within(
        &self,
        terms: &Terms,
        tool: &str,
        arguments_json: &str,
        within: Option<Within>,
    ) -> Result<CallOutcome, CallError> {
        self.call_read_within(terms, self.read_arguments(tool, arguments_json)?, within)
    }

    /// Reads the arguments of a tool: what [`call`](Self::call) would begin with, for whoever has to look at them before.
    pub fn read_arguments(&self, tool: &str, arguments_json: &str) -> Result<Arguments, CallError> {
        let position = self.position(tool)?;
        let tool = &self.tools.tools[position];
        let values = codec::arguments_from_json(tool, arguments_json);
        Ok(Arguments { position, values: values.map_err(|error| CallError::arguments(tool, error))? })
    }

    /// The one text of arguments that were read by this package: an object in the order of the parameters, without spaces.
    pub fn text_of(&self, arguments: &Arguments) -> Result<String, CallError> {
        let tool = &self.tools.tools[arguments.position];
        codec::arguments_to_text(tool, &arguments.values).map_err(|error| CallError::arguments(tool, error))
    }

    /// Calls a tool with arguments that were read by this package.
    pub fn call_read(&self, terms: &Terms, arguments: Arguments) -> Result<CallOutcome, CallError> {
        self.call_read_within(terms, arguments, None)
    }

    fn call_read_within(
        &self,
        terms: &Terms,
        Arguments { position, values: arguments }: Arguments,
        within: Option<Within>,
    ) -> Result<CallOutcome, CallError> {
        let tool = &self.tools.tools[position];
        let ValuesOutcome { ended, log, refusals, found, sent, elapsed } =
            self.run(terms, position, arguments, within)?;
        let ending = match ended {
            Ok(value) => ending(tool, value),
            Err(stop) => stop.into(),
        };
        Ok(CallOutcome { ending, log, refusals, found, sent, elapsed })
    }

    /// Calls a tool with typed arguments, in the order of its parameters. In everything else like [`call`](Self::call).
    pub fn call_values(&self, terms: &Terms, tool: &str, arguments: Vec<Value>) -> Result<ValuesOutcome, CallError> {
        self.run(terms, self.position(tool)?, arguments, None)
    }

    fn run(
        &self,
        terms: &Terms,
        position: usize,
        arguments: Vec<Value>,
        within: Option<Within>,
    ) -> Result<ValuesOutcome, CallError> {
        let limits = &self.limits.under(&terms.ceilings);
        let lane = lanes::own(self.residents.len());
        let (tool, route) = (&self.tools.tools[position], &self.routes[position]);
        let (resident, modes) = (&self.residents[lane], self.modes.as_ref());
        call::run(
            Call { package: self, lane, resident, limits, modes, terms, position, tool, route, within },
            arguments,
        )
    }

    fn position(&self, name: &str) -> Result<usize, CallError> {
        let position = self.tools.tools.iter().position(|tool| tool.name.as_str() == name);
        position.ok_or_else(|| CallError::unknown(self.name(), name, &self.tools))
    }
}

fn ending(tool: &Tool, value: Option<Value>) -> Ending {
    match codec::result_to_json(tool, value) {
        Ok(Reply::Ok(result)) => Ending::Returned(result),
        Ok(Reply::Err(error)) => Ending::ToolError(error),
        Err(error) => Ending::Trapped { code: error.code(), message: error.to_string() },
    }
}

impl fmt::Debug for LoadedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedPackage").field("name", self.name()).finish_non_exhaustive()
    }
}
