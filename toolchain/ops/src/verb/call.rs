//! `mpp call`: a tool of an installed package, and what `run` shares with it.
//!
//! A package is verified before anything of it runs, or comes in by the record that was sealed when it had been verified; the keys that
//! count are those that its record of installation names, each time. What it may do is decided each time too, from the permission tokens
//! of this home.

mod others;
mod permit;
mod watched;

pub use crate::consent::{Explained, explain::Answer};
pub(crate) use others::{OtherTools, lent, level};
pub(crate) use permit::dry_run as dry_run_verified;
pub use permit::{DryRun, Permit, Verdict};

use others::Other;

use crate::{
    Context, OpsError, ToolInput, Who,
    agents::Asking,
    consent::{self, Allowed, Desk},
    grants::Asker,
    home::{self, installed::InstalledRecord},
    host::OwnHost,
    package_file, standing,
};
use mpp_host::{Agent, Arguments, CallOutcome, Fence, LoadedPackage, Terms};
use mpp_package::verify::{Signer, VerifiedPackage};
use mpp_policy::{Decision, Grants};
use mpp_schema::{
    Code, Coded, Digest, KeyId, PackageName, Version, VersionReq, codes,
    manifest::Manifest,
    tools::{ToolDefinition, ToolsFile},
};
use std::{
    io::{Read, Seek},
    sync::Arc,
};

/// Which tool, on what.
#[derive(Debug, Default)]
pub struct ToolRequest<'a> {
    /// The tool; nothing for the only one.
    pub tool: Option<&'a str>,
    /// The words that follow it.
    pub input: ToolInput,
    /// What is allowed for this call alone.
    pub permit: Permit,
    /// Who asks.
    pub who: Who,
    /// How long an answer from elsewhere is waited for, where nobody can be asked here, in seconds.
    pub wait_seconds: u64,
    /// The process goes on to something else after the call, so that it must not fence itself in (HOST-90).
    pub goes_on: bool,
}

/// A call that took place.
#[derive(Debug)]
pub struct CallReport {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// The tool.
    pub tool: String,
    /// How it ended.
    pub outcome: CallOutcome,
}

/// Why a call could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The package has no such tool, or no tool was named and there are several.
    #[error("could not find the tool `{tool}`: `{package}` has {}", tools.join(", "))]
    UnknownTool {
        /// What was named.
        tool: String,
        /// The package.
        package: PackageName,
        /// What could have been named.
        tools: Vec<String>,
    },
    /// Another version is installed than the one that was named.
    #[error("could not call `{package}@{wanted}`: version {installed} is installed")]
    OtherVersion {
        /// The package.
        package: PackageName,
        /// What was named.
        wanted: VersionReq,
        /// What is there.
        installed: Version,
    },
}

impl Coded for CallError {
    fn code(&self) -> Code {
        match self {
            Self::UnknownTool { .. } => codes::TOOL_UNKNOWN,
            Self::OtherVersion { .. } => codes::PACKAGE_NOT_INSTALLED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownTool { .. } => vec!["mpp list --tools".to_owned()],
            Self::OtherVersion { package, wanted, .. } => vec![format!("mpp install '{package}@{wanted}'")],
        }
    }
}

/// Calls a tool of the installed package `name`, whose version must fit `version` where one is named.
pub fn call(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
    request: &ToolRequest<'_>,
) -> Result<CallReport, OpsError> {
    let record = record(context, name, version)?;
    let own = OwnHost::start(context)?;
    let kept = own.host.load_cached(record.digest, &package_file::trust_for_installed(&record)?)?;
    let Some(loaded) = kept else {
        let mut package = open_installed(context, &record)?;
        return load_and_call(context, &own, &mut package, Some(&record), &name.to_string(), request);
    };
    let about = About::loaded(&loaded);
    let asked = Asked::new(context, &about, Some(&record), &name.to_string(), request)?;
    asked.call(context, &own, &loaded)
}

/// What a call of a tool of an installed package would be allowed to do, and why. Without a tool, what all of them would.
pub fn dry_run(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
    request: &ToolRequest<'_>,
) -> Result<DryRun, OpsError> {
    let record = record(context, name, version)?;
    let mut package = open_installed(context, &record)?;
    permit::dry_run(context, &mut package, Some(&record), &name.to_string(), request)
}

/// How a call of a tool of an installed package would be decided about, and by which rule. No call is made, and nobody is asked.
pub fn explain(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
    request: &ToolRequest<'_>,
) -> Result<Explained, OpsError> {
    let record = record(context, name, version)?;
    let own = OwnHost::start(context)?;
    let loaded = own.load_installed(context, &record)?;
    let about = About::loaded(&loaded);
    Asked::new(context, &about, Some(&record), &name.to_string(), request)?.explain(context, &own, &loaded)
}

fn record(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
) -> Result<InstalledRecord, OpsError> {
    let record = context.home.installed(name)?;
    if let Some(wanted) = version.filter(|wanted| !wanted.matches(&record.version)) {
        let (package, wanted) = (name.clone(), wanted.clone());
        return Err(CallError::OtherVersion { package, wanted, installed: record.version }.into());
    }
    Ok(record)
}

/// The file of an installed package, verified.
pub(crate) fn open_installed(
    context: &Context<'_>,
    record: &InstalledRecord,
) -> Result<package_file::OpenPackage, OpsError> {
    let trust = package_file::trust_for_installed(record)?;
    package_file::open_verified(context, &context.home.package_path(record.file), &trust)
}

/// Calls a tool of a verified package. `target` is what the user called the package.
pub(crate) fn call_verified<R: Read + Seek>(
    context: &Context<'_>,
    package: &mut VerifiedPackage<R>,
    record: Option<&InstalledRecord>,
    target: &str,
    request: &ToolRequest<'_>,
) -> Result<CallReport, OpsError> {
    load_and_call(context, &OwnHost::start(context)?, package, record, target, request)
}

fn load_and_call<R: Read + Seek>(
    context: &Context<'_>,
    own: &OwnHost,
    package: &mut VerifiedPackage<R>,
    record: Option<&InstalledRecord>,
    target: &str,
    request: &ToolRequest<'_>,
) -> Result<CallReport, OpsError> {
    let tools = package.tools()?;
    // The manifest and signers are wanted while the package is loaded.
    let (manifest, signers) = (package.manifest().clone(), package.signers().to_vec());
    let about = About { digest: package.digest(), manifest: &manifest, signers: &signers, tools: &tools };
    let asked = Asked::new(context, &about, record, target, request)?;
    let loaded = own.load(context, package)?;
    asked.call(context, own, &loaded)
}

/// What is known of a package before it is loaded, by whichever door it came in.
struct About<'a> {
    digest: Digest,
    manifest: &'a Manifest,
    signers: &'a [Signer],
    tools: &'a ToolsFile,
}

impl<'a> About<'a> {
    fn loaded(package: &'a LoadedPackage) -> Self {
        Self {
            digest: package.digest(),
            manifest: package.manifest(),
            signers: package.signers(),
            tools: package.definitions(),
        }
    }
}

/// A call that was decided about, and not begun.
struct Asked<'a> {
    asker: Asker,
    about: &'a About<'a>,
    tool: &'a ToolDefinition,
    arguments: String,
    permitted: Decision,
    request: &'a ToolRequest<'a>,
}

impl<'a> Asked<'a> {
    fn new(
        context: &Context<'_>,
        about: &'a About<'a>,
        record: Option<&InstalledRecord>,
        target: &str,
        request: &'a ToolRequest<'a>,
    ) -> Result<Self, OpsError> {
        standing::refuse_blocked(context, about.digest)?;
        let tool = choose(about.manifest.name.clone(), about.tools, request.tool)?;
        let arguments = request.input.json(tool, &context.folder)?;
        let asker = Asker::new(context, about.manifest, about.signers, record)?;
        let permitted = permit::permit(context, &asker, &about.manifest.version, &tool.name, target, &request.permit)?;
        standing::check_freshness(context, record, !permitted.grants.http().is_empty())?;
        Ok(Self { asker, about, tool, arguments, permitted, request })
    }

    fn call(self, context: &Context<'_>, own: &OwnHost, loaded: &LoadedPackage) -> Result<CallReport, OpsError> {
        let ceilings = home::policy::ceilings(&context.home.policy()?);
        own.tell_faults(context);
        own.environment.know(context, &self.permitted.grants);
        let arguments = loaded.read_arguments(self.tool.name.as_str(), &self.arguments)?;
        let others = others::load(context, own, &self.permitted.grants)?;
        own.tools.are(&others);
        let desk = Desk::new(context, &own.host, self.request.wait_seconds)?;
        let outcome = self.consent(context, &desk, loaded, &arguments).and_then(|(allowed, caller)| {
            crate::grants::spend(context, &self.asker.package, &self.permitted)?;
            let grants = Arc::new(self.permitted.grants.clone());
            let receipt = Some(Arc::clone(&allowed.receipt));
            let terms = Terms { grants, ceilings, caller, receipt, ..Terms::default() };
            if !self.request.goes_on {
                fence_in(own, &terms.grants, loaded, &others)?;
            }
            let outcome = watched::call(context, loaded, terms, self.tool.name.as_str(), arguments)?;
            desk.ended(context, &allowed, &outcome);
            Ok(outcome)
        });
        desk.close(context.time());
        Ok(CallReport {
            package: self.asker.package,
            version: self.about.manifest.version.clone(),
            digest: loaded.digest(),
            tool: self.tool.name.to_string(),
            outcome: outcome?,
        })
    }

    /// Whether the call may be made; and who asks, as the tool may know it.
    fn consent(
        &self,
        context: &Context<'_>,
        desk: &Desk,
        loaded: &LoadedPackage,
        arguments: &Arguments,
    ) -> Result<(Allowed, Option<Arc<Agent>>), OpsError> {
        let (policy, text, publisher) = (context.home.policy()?, loaded.text_of(arguments)?, self.asker.publisher()?);
        let granted = self.permitted.granted();
        let nobody = Asking::default();
        let mut call = self.as_asked(publisher, &text, arguments, &granted, &nobody);
        let asking = self.asking(context, &text);
        let asking = asking.map_err(|error| consent::turned_away(context, desk, &policy, &call, error))?;
        call.asking = &asking;
        let allowed = consent::decide(context, desk, &policy, &call)?;
        Ok((allowed, asking.for_tools_of(context, publisher)?))
    }

    fn asking(&self, context: &Context<'_>, text: &str) -> Result<Asking, OpsError> {
        let digest = consent::arguments_digest(text);
        Asking::find(context, &self.request.who, &self.asker.package, &self.tool.name, digest)
    }

    fn as_asked<'b>(
        &'b self,
        publisher: KeyId,
        text: &'b str,
        arguments: &Arguments,
        granted: &'b [String],
        asking: &'b Asking,
    ) -> consent::Call<'b> {
        consent::Call {
            manifest: self.about.manifest,
            digest: self.about.digest,
            publisher,
            tool: self.tool,
            arguments: text,
            items: arguments.longest_list(),
            grants: &self.permitted.grants,
            grants_digest: self.permitted.grants.digest(),
            granted,
            asking,
            cancel: None,
            client: None,
        }
    }

    fn explain(&self, context: &Context<'_>, own: &OwnHost, loaded: &LoadedPackage) -> Result<Explained, OpsError> {
        let arguments = loaded.read_arguments(self.tool.name.as_str(), &self.arguments)?;
        let (policy, text, publisher) = (context.home.policy()?, loaded.text_of(&arguments)?, self.asker.publisher()?);
        let (granted, asking) = (self.permitted.granted(), self.asking(context, &text)?);
        let call = self.as_asked(publisher, &text, &arguments, &granted, &asking);
        consent::explain(context, &Desk::new(context, &own.host, 0)?, &policy, &call)
    }
}

/// From here on nothing is opened but what the tool was granted, and the stores of those that it may run (HOST-90). A called tool gets
/// nothing that its caller was not granted.
fn fence_in(own: &OwnHost, grants: &Grants, loaded: &LoadedPackage, others: &[Other]) -> Result<(), OpsError> {
    own.secrets.know(loaded.name(), grants.secrets().keys());
    let mut fence = Fence::around(grants);
    let mut keeping: Vec<_> = grants.kv_bytes().map(|_| loaded).into_iter().collect();
    for other in others {
        let lent = || other.lent().map(|lent| lent.intersect(grants));
        lent().for_each(|lent| own.secrets.know(other.loaded.name(), lent.secrets().keys()));
        keeping.extend(lent().any(|lent| lent.kv_bytes().is_some()).then_some(&*other.loaded));
    }
    for package in keeping {
        fence = fence.and_write(own.kv.reserve(package.claim())?);
    }
    fence.raise()?;
    Ok(())
}

fn choose<'a>(
    package: PackageName,
    tools: &'a ToolsFile,
    wanted: Option<&str>,
) -> Result<&'a ToolDefinition, CallError> {
    let found = match (wanted, tools.tools.as_slice()) {
        (Some(wanted), tools) => tools.iter().find(|tool| tool.name.as_str() == wanted),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| CallError::UnknownTool {
        tool: wanted.unwrap_or_default().to_owned(),
        package,
        tools: tools.tools.iter().map(|tool| format!("`{}`", tool.name)).collect(),
    })
}
