//! Everything that a build finds out without making code: the manifest, the WIT, the schemas, the permissions, and the compiler's own check.
//!
//! What only a component shows is left to [`build`](crate::build): which imports of the world the code uses.

use crate::{
    BuildError, BuildOptions, Event, Project, Step,
    build::{describe, step},
    builder,
};
use mpp_schema::ToolName;
use mpp_wit::{ToolSet, WitFolder, uncovered_imports, world_imports};

/// Examines `project`, whose manifest was read already, and gives the tools that its WIT declares.
pub fn examine(
    project: &Project,
    options: &BuildOptions,
    events: &mut dyn FnMut(Event),
) -> Result<ToolSet, BuildError> {
    let (wit, tools) = step(project, Step::Describe, events, |events| describe(project, events))?;
    for text in uncovered(project, &wit)? {
        events(Event::Warning { text });
    }
    step(project, Step::Check, events, |events| builder::check(project, options, events))?;
    Ok(tools)
}

/// Imports of the world that no permission covers. A warning: what the code does not use does not reach the component.
fn uncovered(project: &Project, wit: &WitFolder) -> Result<Vec<String>, BuildError> {
    let imports = world_imports(wit, project.metadata.world.as_deref())?;
    let warning =
        |name| format!("the world imports `{name}`, which no permission covers: a build fails once the code uses it");
    let found = uncovered_imports(&imports, &project.metadata.permissions);
    Ok(found.into_iter().map(|import| warning(import.name)).collect())
}

/// The tools that the WIT of `project` declares.
pub fn tools(project: &Project) -> Result<Vec<ToolName>, BuildError> {
    let (_, tools) = describe(project, &mut |_| {})?;
    Ok(tools.tools.into_iter().map(|tool| tool.name).collect())
}
