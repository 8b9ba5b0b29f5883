//! Does the component export each tool with the very types that its WIT declares? Rule `TOOL-9`.

use crate::{Param, Tool, ToolSet, Type, WitError};
use std::collections::BTreeMap;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem};

/// Compares every tool with the component's own types. Doc comments do not survive into a component and are left out.
/// Exports that no tool names are allowed.
pub fn agree(tools: &ToolSet, component: &[u8]) -> Result<(), WitError> {
    let (resolve, world) = decode(component)?;
    // A component may export far more than its tools: the names are made once, not once for each tool.
    let exports = &resolve.worlds[world].exports;
    let exports = exports.iter().map(|(key, item)| (resolve.name_world_key(key), item)).collect();
    tools.tools.iter().try_for_each(|tool| agree_on(tool, &resolve, &exports))
}

/// The component's own view of its types.
pub(crate) fn decode(component: &[u8]) -> Result<(Resolve, WorldId), WitError> {
    match wit_component::decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => Ok((resolve, world)),
        Ok(DecodedWasm::WitPackage(..)) => {
            Err(WitError::Invalid("expected a component, found WIT text in binary form".to_owned()))
        }
        Err(error) => Err(WitError::Invalid(format!("{error:#}"))),
    }
}

fn agree_on(tool: &Tool, resolve: &Resolve, exports: &BTreeMap<String, &WorldItem>) -> Result<(), WitError> {
    let differ =
        |problem: String| WitError::Interface { tool: tool.name.to_string(), exporter: tool.exporter(), problem };
    let exported = tool.find_export(resolve, exports);
    let exported = exported.ok_or_else(|| differ("the component does not export it".to_owned()))?;
    let found = Tool::read(resolve, tool.interface.as_deref(), exported)
        .map_err(|error| differ(format!("the component exports it with other types: {error}")))?;
    compare(tool, &found).map_err(differ)
}

fn compare(declared: &Tool, found: &Tool) -> Result<(), String> {
    let names = |params: &[Param]| params.iter().map(|param| param.name.clone()).collect::<Vec<_>>().join(", ");
    let (expected, actual) = (names(&declared.params), names(&found.params));
    if expected != actual {
        return Err(format!("expected the parameters ({expected}), found ({actual})"));
    }
    for (param, other) in declared.params.iter().zip(&found.params) {
        if !param.ty.same_shape(&other.ty) {
            return Err(format!(
                "parameter `{}`: the component's {} is not the {} that the WIT declares",
                param.name,
                other.ty.kind(),
                param.ty.kind()
            ));
        }
    }
    let kind = |ty: &Option<Type>| ty.as_ref().map_or("nothing", Type::kind);
    let same = match (&declared.result, &found.result) {
        (Some(expected), Some(actual)) => expected.same_shape(actual),
        (expected, actual) => expected.is_none() && actual.is_none(),
    };
    if same {
        return Ok(());
    }
    let (found, expected) = (kind(&found.result), kind(&declared.result));
    Err(format!("result: the component's {found} is not the {expected} that the WIT declares"))
}
