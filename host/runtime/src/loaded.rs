//! A loaded package: compiled code that any number of threads can call.
//!
//! Each call has a store and an instance of its own, dropped when it ends: nothing that a tool remembers outlives its call.

use crate::call::{self, Call};
use crate::cap::tools::Within;
use crate::error::CallError;
use crate::host::Shared;
use crate::image::Image;
use crate::limits::Limits;
use crate::outcome::{CallOutcome, Ending, ValuesOutcome};
use crate::state::State;
use crate::terms::Terms;
use mpp_kv::Claim;
use mpp_package::verify::Signer;
use mpp_privacy::Modes;
use mpp_schema::manifest::Manifest;
use mpp_schema::tools::ToolsFile;
use mpp_schema::{Coded, Digest, PackageName};
use mpp_wit::codec::{self, Reply};
use mpp_wit::value::Value;
use mpp_wit::{Tool, ToolSet};
use std::fmt;
use std::sync::Arc;
use wasmtime::component::{ComponentExportIndex, InstancePre};

/// A package that is ready to be called.
pub struct LoadedPackage {
    resident: Arc<Resident>,
    about: About,
    pre: InstancePre<State>,
    tools: ToolSet,
    /// In the order of the tools.
    exports: Vec<Export>,
    limits: Limits,
    /// The stricter modes that its manifest asks for.
    modes: Option<Modes>,
}

/// A package on its host: what each of its calls holds on to.
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

/// Where a tool is found in the component, and how values travel to it.
pub(crate) struct Export {
    pub(crate) index: ComponentExportIndex,
    pub(crate) route: Route,
}

/// How values travel.
#[derive(Debug)]
pub(crate) enum Route {
    /// As the engine's own values.
    Values,
    /// As an image that a bridge inside the component takes apart: many bytes are quick like that.
    Image(Image),
}

impl LoadedPackage {
    pub(crate) fn new(
        shared: Arc<Shared>,
        about: About,
        pre: InstancePre<State>,
        tools: ToolSet,
        exports: Vec<Export>,
        limits: Limits,
        modes: Option<Modes>,
    ) -> Self {
        let publishers = about.signers.iter().map(|signer| signer.key).collect();
        let claim = Claim { publishers, package: about.manifest.name.clone() };
        let resident = Arc::new(Resident { shared, claim });
        Self { resident, about, pre, tools, exports, limits, modes }
    }

    /// The package's name.
    pub fn name(&self) -> &PackageName {
        &self.about.manifest.name
    }

    /// What it shows to whoever keeps data for it.
    pub fn claim(&self) -> &Claim {
        &self.resident.claim
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
        let (tool, export) = self.find(tool)?;
        let arguments =
            codec::arguments_from_json(tool, arguments_json).map_err(|error| CallError::arguments(tool, error))?;
        let ValuesOutcome { ended, log, refusals, found, elapsed } =
            self.run(terms, tool, export, arguments, within)?;
        let ending = match ended {
            Ok(value) => ending(tool, value),
            Err(stop) => stop.into(),
        };
        Ok(CallOutcome { ending, log, refusals, found, elapsed })
    }

    /// Whether [`call`](Self::call) would start this tool with these arguments: asked before something is spent on a call.
    pub fn check_arguments(&self, tool: &str, arguments_json: &str) -> Result<(), CallError> {
        let (tool, _) = self.find(tool)?;
        codec::arguments_from_json(tool, arguments_json).map(drop).map_err(|error| CallError::arguments(tool, error))
    }

    /// Calls a tool with typed arguments, in the order of its parameters. In everything else like [`call`](Self::call).
    pub fn call_values(&self, terms: &Terms, tool: &str, arguments: Vec<Value>) -> Result<ValuesOutcome, CallError> {
        let (tool, export) = self.find(tool)?;
        self.run(terms, tool, export, arguments, None)
    }

    fn run(
        &self,
        terms: &Terms,
        tool: &Tool,
        export: &Export,
        arguments: Vec<Value>,
        within: Option<Within>,
    ) -> Result<ValuesOutcome, CallError> {
        let Self { resident, pre, modes, .. } = self;
        let limits = &self.limits.under(&terms.ceilings);
        call::run(Call { resident, pre, limits, modes: modes.as_ref(), terms, tool, export, within }, arguments)
    }

    fn find(&self, name: &str) -> Result<(&Tool, &Export), CallError> {
        let position = self.tools.tools.iter().position(|tool| tool.name.as_str() == name);
        let position = position.ok_or_else(|| CallError::unknown(self.name(), name, &self.tools))?;
        Ok((&self.tools.tools[position], &self.exports[position]))
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
