//! Appends the module, its instance and one lifted function per tool to a component. Nothing that was there is rewritten.

use super::anatomy::{Anatomy, Lift};
use super::encode::FLAT_PARAMS_MAX;
use super::layout::Core;
use super::module::{HOST, MEMORY, Outcome, REALLOC, Signature, function_name, module};
use super::{BridgeError, Plan, export_name};
use crate::component::FEATURES;
use crate::{Tool, ToolSet};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentTypeSection, ComponentValType, ExportKind, InstanceSection, ModuleArg,
    PrimitiveValType, RawSection,
};
use wasmparser::Validator;

/// Bytes of the header that every component begins with.
const PREAMBLE_BYTES: usize = 8;
/// The core module section of a component.
const CORE_MODULE_SECTION: u8 = 1;

/// The component with one more function for each tool. The component must agree with the tools ([`crate::agree`]).
pub fn bridge(component: &[u8], tools: &ToolSet) -> Result<Vec<u8>, BridgeError> {
    let host = Host::read(component, tools)?;
    let signatures: Vec<Signature> = tools.tools.iter().map(signature).collect();
    let module = module(&signatures, host.realloc.is_none());
    let mut bridged = component.to_vec();
    bridged.extend_from_slice(&host.sections(&module, tools)[PREAMBLE_BYTES..]);
    let mut validator = Validator::new_with_features(FEATURES);
    validator.validate_all(&bridged).map_err(|error| BridgeError::Invalid(error.to_string()))?;
    Ok(bridged)
}

fn signature(tool: &Tool) -> Signature {
    let plan = Plan::new(tool);
    let flat = plan.params.flatten();
    let params = if flat.len() <= FLAT_PARAMS_MAX { flat } else { vec![Core::I32] };
    Signature { params, outcome: Outcome::of(plan.result.as_ref()) }
}

/// What the component offers to the graft, and how many items of each kind it has already.
struct Host {
    memory: u32,
    realloc: Option<u32>,
    core_functions: Vec<u32>,
    counts: Counts,
}

struct Counts {
    modules: u32,
    core_instances: u32,
    core_functions: u32,
    types: u32,
    functions: u32,
}

impl Host {
    fn read(component: &[u8], tools: &ToolSet) -> Result<Self, BridgeError> {
        let types = Validator::new_with_features(FEATURES).validate_all(component);
        let types = types.map_err(|error| BridgeError::Invalid(error.to_string()))?;
        let types = types.as_ref();
        let anatomy = Anatomy::read(component)?;
        let lifts = tools.tools.iter().map(|tool| anatomy.lift_of(tool)).collect::<Result<Vec<_>, _>>()?;
        let memory = the_one(&lifts, |lift| lift.memory)?;
        Ok(Self {
            memory: memory.ok_or(BridgeError::Opaque("no tool uses a memory"))?,
            realloc: the_one(&lifts, |lift| lift.realloc)?,
            core_functions: lifts.iter().map(|lift| lift.core_function).collect(),
            counts: Counts {
                modules: types.module_count(),
                core_instances: types.core_instance_count(),
                core_functions: types.function_count(),
                types: types.component_type_count(),
                functions: types.component_function_count(),
            },
        })
    }

    /// A component of nothing but the sections to append.
    fn sections(&self, module: &[u8], tools: &ToolSet) -> Vec<u8> {
        let mut component = Component::new();
        component.section(&RawSection { id: CORE_MODULE_SECTION, data: module });
        component.section(&self.instances());
        component.section(&self.aliases());
        component.section(&self.types());
        component.section(&self.lifted());
        component.section(&self.exports(tools));
        component.finish()
    }

    /// An instance that gathers what the module imports, then the module's own.
    fn instances(&self) -> InstanceSection {
        let mut items = vec![(MEMORY.to_owned(), ExportKind::Memory, self.memory)];
        items.extend(self.realloc.map(|index| (REALLOC.to_owned(), ExportKind::Func, index)));
        let functions = self.core_functions.iter().enumerate();
        items.extend(functions.map(|(index, function)| (function_name(index), ExportKind::Func, *function)));
        let mut section = InstanceSection::new();
        section.export_items(items);
        let gathered = self.counts.core_instances;
        section.instantiate(self.counts.modules, [(HOST, ModuleArg::Instance(gathered))]);
        section
    }

    fn aliases(&self) -> ComponentAliasSection {
        let mut section = ComponentAliasSection::new();
        let instance = self.counts.core_instances + 1;
        let mut alias = |name: &str| {
            section.alias(Alias::CoreInstanceExport { instance, kind: ExportKind::Func, name });
        };
        (0..self.core_functions.len()).for_each(|index| alias(&function_name(index)));
        if self.realloc.is_none() {
            alias(REALLOC);
        }
        section
    }

    /// `list<u8>`, `list<list<u8>>`, `tuple<u32, list<u8>>`, and the type of the added functions.
    fn types(&self) -> ComponentTypeSection {
        let own = |index: u32| ComponentValType::Type(self.counts.types + index);
        let (bytes, blobs, reply) = (own(0), own(1), own(2));
        let mut section = ComponentTypeSection::new();
        section.defined_type().list(PrimitiveValType::U8);
        section.defined_type().list(bytes);
        section.defined_type().tuple([ComponentValType::Primitive(PrimitiveValType::U32), bytes]);
        section.function().params([("program", bytes), ("blobs", blobs)]).result(Some(reply));
        section
    }

    fn lifted(&self) -> CanonicalFunctionSection {
        let mut section = CanonicalFunctionSection::new();
        let first = self.counts.core_functions;
        let count = self.core_functions.len() as u32;
        let realloc = self.realloc.unwrap_or(first + count);
        for index in 0..count {
            let options = [CanonicalOption::Memory(self.memory), CanonicalOption::Realloc(realloc)];
            section.lift(first + index, self.counts.types + 3, options);
        }
        section
    }

    fn exports(&self, tools: &ToolSet) -> ComponentExportSection {
        let mut section = ComponentExportSection::new();
        for (index, tool) in tools.tools.iter().enumerate() {
            // Each export takes an index of its own, but only after all of the lifted functions.
            let function = self.counts.functions + index as u32;
            section.export(export_name(tool).as_str(), ComponentExportKind::Func, function, None);
        }
        section
    }
}

/// What all lifts share that say anything about it.
fn the_one(lifts: &[&Lift], of: fn(&Lift) -> Option<u32>) -> Result<Option<u32>, BridgeError> {
    let mut found = lifts.iter().filter_map(|lift| of(lift));
    let first = found.next();
    if found.all(|other| Some(other) == first) {
        return Ok(first);
    }
    Err(BridgeError::Opaque("its tools live in more than one memory"))
}
