//! `mpp call`: a tool of an installed package, and what `run` shares with it.
//!
//! A package is verified each time before anything of it runs; the keys that count are those its record names. What it may do is decided
//! each time too, from the permission tokens of this home.

mod others;
mod permit;
mod watched;

pub(crate) use permit::dry_run as dry_run_verified;
pub use permit::{DryRun, Permit, Verdict};

use crate::{
    Context, Event, OpsError, ToolInput, grants::Asker, home::installed::InstalledRecord, package_file,
    secrets::HomeSecrets, standing,
};
use mpp_host::{CallOutcome, Host, HostOptions, Providers, Terms};
use mpp_package::verify::VerifiedPackage;
use mpp_schema::{
    Code, Coded, Digest, PackageName, Version, VersionReq, codes,
    tools::{ToolDefinition, ToolsFile},
};
use std::io::{Read, Seek};
use std::sync::Arc;

/// Which tool, on what.
#[derive(Debug, Default)]
pub struct ToolRequest<'a> {
    /// The tool; nothing for the only one.
    pub tool: Option<&'a str>,
    /// The words that follow it.
    pub input: ToolInput,
    /// What is allowed for this call alone.
    pub permit: Permit,
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
    let (mut package, record) = open_installed(context, name, version)?;
    call_verified(context, &mut package, Some(&record), &name.to_string(), request)
}

/// What a call of a tool of an installed package would be allowed to do, and why. Without a tool, what all of them would.
pub fn dry_run(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
    request: &ToolRequest<'_>,
) -> Result<DryRun, OpsError> {
    let (mut package, record) = open_installed(context, name, version)?;
    permit::dry_run(context, &mut package, Some(&record), &name.to_string(), request)
}

pub(crate) fn open_installed(
    context: &Context<'_>,
    name: &PackageName,
    version: Option<&VersionReq>,
) -> Result<(package_file::OpenPackage, InstalledRecord), OpsError> {
    let record = context.home.installed(name)?;
    if let Some(wanted) = version.filter(|wanted| !wanted.matches(&record.version)) {
        let (package, wanted) = (name.clone(), wanted.clone());
        return Err(CallError::OtherVersion { package, wanted, installed: record.version }.into());
    }
    let trust = package_file::trust_for_installed(&record)?;
    let path = context.home.package_path(record.file);
    Ok((package_file::open_verified(context, &path, &trust)?, record))
}

/// Calls a tool of a verified package. `target` is what the user called the package.
pub(crate) fn call_verified<R: Read + Seek>(
    context: &Context<'_>,
    package: &mut VerifiedPackage<R>,
    record: Option<&InstalledRecord>,
    target: &str,
    request: &ToolRequest<'_>,
) -> Result<CallReport, OpsError> {
    standing::refuse_blocked(context, package.digest())?;
    let tools = package.tools()?;
    let tool = choose(package.manifest().name.clone(), &tools, request.tool)?;
    let arguments = request.input.json(tool, &context.folder)?;
    let asker = Asker::of(context, package, record)?;
    let version = package.manifest().version.clone();
    let permitted = permit::permit(context, &asker, &version, &tool.name, target, &request.permit)?;
    standing::check_freshness(context, record, !permitted.grants.http().is_empty())?;
    let environment = permit::environment(context, &permitted.grants);
    let tools_of_others = others::others(context, &permitted.grants)?;
    let host = Host::new(HostOptions {
        providers: Providers {
            environment,
            kv: Arc::new(context.home.kv()),
            secrets: Arc::new(HomeSecrets::of(context)),
            tools: tools_of_others,
            ..Providers::default()
        },
        ..HostOptions::default()
    })?;
    (context.tell)(Event::Started { step: "loading", what: asker.package.to_string() });
    let loaded = host.load(package)?;
    (context.tell)(Event::Finished);
    loaded.check_arguments(tool.name.as_str(), &arguments)?;
    crate::grants::spend(context, &asker.package, &permitted)?;
    let outcome = watched::call(context, &loaded, Terms::granted(permitted.grants), tool.name.as_str(), &arguments)?;
    Ok(CallReport { package: asker.package, version, digest: package.digest(), tool: tool.name.to_string(), outcome })
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
