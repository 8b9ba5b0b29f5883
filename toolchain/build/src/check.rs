//! Is the component what its WIT and its manifest promise?

use crate::{BuildError, Project};
use mpp_wit::{Need, ToolSet, agree, need, uncovered, validate};

/// Compares the component with the tools of the WIT and with the permissions of the manifest.
pub(crate) fn check(project: &Project, tools: &ToolSet, component: &[u8]) -> Result<(), BuildError> {
    let info = validate(component)?;
    agree(tools, component)?;
    if let Some(import) = uncovered(&info, &project.metadata.permissions).into_iter().next() {
        let permission = example(need(&import)).map(str::to_owned);
        return Err(BuildError::Uncovered { package: project.name.clone(), import: import.name, permission });
    }
    Ok(())
}

/// Every tool that the metadata speaks of must exist: a misspelt name must not lose its risk.
pub(crate) fn check_tool_names(project: &Project, tools: &ToolSet) -> Result<(), BuildError> {
    match project.metadata.tools.keys().find(|name| tools.tool(name.as_str()).is_none()) {
        None => Ok(()),
        Some(unknown) => Err(BuildError::UnknownTool {
            file: project.manifest_path.clone(),
            tool: unknown.to_string(),
            known: tools.tools.iter().map(|tool| format!("`{}`", tool.name)).collect(),
        }),
    }
}

/// What an author writes to ask for a permission.
fn example(need: Need) -> Option<&'static str> {
    Some(match need {
        Need::Folders => {
            "[package.metadata.mpp.permissions]\nfolders = { data = { access = \"read-only\", reason = \"…\" } }"
        }
        Need::Http => {
            "[package.metadata.mpp.permissions]\nhttp = [{ origin = \"https://api.example.com\", reason = \"…\" }]"
        }
        Need::Kv => "[package.metadata.mpp.permissions]\nkv = { quota = \"1MiB\", reason = \"…\" }",
        Need::Config => "[package.metadata.mpp.permissions]\nconfig = [\"name-of-a-setting\"]",
        Need::Logging => "[package.metadata.mpp.permissions]\nlogging = { reason = \"…\" }",
        Need::Devices => {
            "[package.metadata.mpp.permissions]\ndevices = { scale = { class = \"serial\", reason = \"…\" } }"
        }
        Need::Progress => "[package.metadata.mpp.permissions]\nprogress = { reason = \"…\" }",
        Need::Tools => "[package.metadata.mpp.permissions]\ntools = { \"namespace:package\" = { reason = \"…\" } }",
        _ => return None,
    })
}
