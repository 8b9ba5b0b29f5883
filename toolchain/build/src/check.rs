//! Is the component what its WIT and its manifest promise?

use crate::{BuildError, Project, documents};
use mpp_wit::{Need, ToolSet, agree, need, uncovered, validate};

/// Compares a component that something else made of the built one with the WIT text and the manifest of `project`.
pub fn check_component(project: &Project, component: &[u8]) -> Result<(), BuildError> {
    let wit = documents::wit_folder(project)?;
    check(project, &ToolSet::from_wit(&wit, project.metadata.world.as_deref())?, component)
}

/// Compares the component with the tools of the WIT and with the permissions of the manifest.
pub(crate) fn check(project: &Project, tools: &ToolSet, component: &[u8]) -> Result<(), BuildError> {
    let info = validate(component)?;
    agree(tools, component)?;
    if let Some(import) = uncovered(&info, &project.metadata.permissions).into_iter().next() {
        let table = format!("[{}.permissions]", project.table());
        let permission = example(need(&import)).map(|line| format!("{table}\n{line}"));
        let file = project.manifest_path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Err(BuildError::Uncovered { package: project.name.clone(), file, import: import.name, permission });
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
        Need::Folders => "folders = { data = { access = \"read-only\", reason = \"…\" } }",
        Need::Http => "http = [{ origin = \"https://api.example.com\", reason = \"…\" }]",
        Need::Kv => "kv = { quota = \"1MiB\", reason = \"…\" }",
        Need::Config => "config = [\"name-of-a-setting\"]",
        Need::Logging => "logging = { reason = \"…\" }",
        Need::Devices => "devices = { scale = { class = \"serial\", reason = \"…\" } }",
        Need::Progress => "progress = { reason = \"…\" }",
        Need::Tools => "tools = { \"namespace:package\" = { reason = \"…\" } }",
        _ => return None,
    })
}
