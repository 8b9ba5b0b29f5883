//! `mpp list`: what is installed. Reads records only; no package is opened unless its tools are asked for.

use crate::{Context, OpsError, home::installed::InstalledRecord, package_file};
use mpp_schema::tools::ToolDefinition;
use serde::Serialize;

/// An installed package.
#[derive(Debug, Serialize)]
pub struct ListedPackage {
    /// What is known about it.
    #[serde(flatten)]
    pub record: InstalledRecord,
    /// Its tools, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolDefinition>>,
}

/// Whether to open each package for its tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Records only.
    Records,
    /// Tools too.
    Tools,
}

/// Every installed package, sorted by name.
pub fn list(context: &Context<'_>, detail: Detail) -> Result<Vec<ListedPackage>, OpsError> {
    let listed = |record: InstalledRecord| {
        let tools = match detail {
            Detail::Records => None,
            Detail::Tools => Some(tools(context, &record)?),
        };
        Ok(ListedPackage { record, tools })
    };
    context.home.all_installed()?.into_iter().map(listed).collect()
}

fn tools(context: &Context<'_>, record: &InstalledRecord) -> Result<Vec<ToolDefinition>, OpsError> {
    let trust = package_file::trust_for_installed(record)?;
    let mut package = package_file::open_verified(context, &context.home.package_path(record.file), &trust)?;
    Ok(package.tools()?.tools)
}
