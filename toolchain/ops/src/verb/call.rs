//! `mpp call`: a tool of an installed package, and what `run` shares with it.
//!
//! A package is verified each time before anything of it runs; the keys that count are those its record names.

use crate::{Context, Event, OpsError, ToolInput, package_file};
use mpp_host::{CallOutcome, Host, HostOptions, Terms};
use mpp_package::verify::VerifiedPackage;
use mpp_schema::{
    Code, Coded, Digest, PackageName, Version, VersionReq, codes,
    tools::{ToolDefinition, ToolsFile},
};
use std::io::{Read, Seek};

/// Which tool, on what.
#[derive(Debug)]
pub struct ToolRequest<'a> {
    /// The tool; nothing for the only one.
    pub tool: Option<&'a str>,
    /// The words that follow it.
    pub input: ToolInput,
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
    let record = context.home.installed(name)?;
    if let Some(wanted) = version.filter(|wanted| !wanted.matches(&record.version)) {
        let (package, wanted) = (name.clone(), wanted.clone());
        return Err(CallError::OtherVersion { package, wanted, installed: record.version }.into());
    }
    let trust = package_file::trust_for_installed(&record)?;
    let path = context.home.package_path(record.file);
    let mut package = package_file::open_verified(context, &path, &trust)?;
    call_verified(context, &mut package, request)
}

/// Calls a tool of a verified package.
pub(crate) fn call_verified<R: Read + Seek>(
    context: &Context<'_>,
    package: &mut VerifiedPackage<R>,
    request: &ToolRequest<'_>,
) -> Result<CallReport, OpsError> {
    let tools = package.tools()?;
    let tool = choose(package.manifest().name.clone(), &tools, request.tool)?;
    let arguments = request.input.json(tool, &context.folder)?;
    let host = Host::new(HostOptions::default())?;
    (context.tell)(Event::Started { step: "loading", what: package.manifest().name.to_string() });
    let loaded = host.load(package)?;
    (context.tell)(Event::Finished);
    let outcome = loaded.call(&Terms::default(), tool.name.as_str(), &arguments)?;
    let manifest = package.manifest();
    Ok(CallReport {
        package: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: package.digest(),
        tool: tool.name.to_string(),
        outcome,
    })
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
