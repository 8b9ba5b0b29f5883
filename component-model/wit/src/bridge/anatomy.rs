//! Which core function stands behind each exported function of a component, and with which options it was lifted.
//!
//! Looks only at what is needed for that: component functions, instances and nested components, by their index.

use super::BridgeError;
use crate::Tool;
use std::collections::BTreeMap;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind as Sort, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Parser, Payload,
};

/// One component, its items by index.
#[derive(Default)]
pub(super) struct Anatomy<'a> {
    functions: Vec<Item<'a, Lift>>,
    instances: Vec<Item<'a, Instance<'a>>>,
    components: Vec<Option<&'a [u8]>>,
    exports: BTreeMap<&'a str, (Sort, u32)>,
}

/// How an item came to be.
enum Item<'a, T> {
    Import(&'a str),
    Own(T),
    /// The item with that index, which an export gave a second index.
    Again(u32),
    /// The export of an instance.
    Of {
        instance: u32,
        name: &'a str,
    },
}

type Names<'a> = BTreeMap<&'a str, (Sort, u32)>;

enum Instance<'a> {
    Of { component: u32, arguments: Names<'a> },
    Items(Names<'a>),
}

/// A core function made into a component function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lift {
    pub(super) core_function: u32,
    pub(super) memory: Option<u32>,
    pub(super) realloc: Option<u32>,
}

impl<'a> Anatomy<'a> {
    /// Reads the items of one component, which may be nested in a larger file.
    pub(super) fn read(component: &'a [u8]) -> Result<Self, BridgeError> {
        let mut anatomy = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(|_| BridgeError::Opaque("its parts cannot be read"))?;
            match payload {
                Payload::ComponentSection { unchecked_range, .. } => {
                    if depth == 0 {
                        anatomy.components.push(component.get(unchecked_range));
                    }
                    depth += 1;
                }
                Payload::ModuleSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 0 => anatomy.add(payload)?,
                _ => {}
            }
        }
        Ok(anatomy)
    }

    /// The lift behind the exported function of `tool`.
    pub(super) fn lift_of(&self, tool: &Tool) -> Result<&Lift, BridgeError> {
        let function = match &tool.interface {
            None => self.exports.get(tool.name.as_str()),
            Some(interface) => match self.exports.get(interface.as_str()) {
                Some((Sort::Instance, instance)) => return self.lift_in(*instance, tool.name.as_str()),
                _ => None,
            },
        };
        match function {
            Some((Sort::Func, index)) => self.lift_at(*index),
            _ => Err(BridgeError::Opaque("it does not export the function")),
        }
    }

    fn lift_in(&self, instance: u32, name: &str) -> Result<&Lift, BridgeError> {
        match self.function_in(instance, name)? {
            Some(index) => self.lift_at(index),
            None => Err(OTHER_COMPONENT),
        }
    }

    /// Follows a function to where it was lifted. Indices only ever refer to earlier items, so this ends.
    fn lift_at(&self, index: u32) -> Result<&Lift, BridgeError> {
        match self.functions.get(index as usize) {
            Some(Item::Own(lift)) => Ok(lift),
            Some(Item::Again(earlier)) if *earlier < index => self.lift_at(*earlier),
            Some(Item::Of { instance, name }) => self.lift_in(*instance, name),
            _ => Err(OTHER_COMPONENT),
        }
    }

    /// The index, in this component, of the function that an instance exports under `name`.
    fn function_in(&self, instance: u32, name: &str) -> Result<Option<u32>, BridgeError> {
        let found = match self.instances.get(instance as usize) {
            Some(Item::Again(earlier)) if *earlier < instance => return self.function_in(*earlier, name),
            Some(Item::Own(Instance::Items(items))) => items.get(name),
            Some(Item::Own(Instance::Of { component, arguments })) => {
                let nested = self.components.get(*component as usize).copied().flatten();
                let nested = Anatomy::read(nested.ok_or(OTHER_COMPONENT)?)?;
                let import = nested.import_behind(name).map(str::to_owned);
                import.and_then(|import| arguments.get(import.as_str()))
            }
            _ => None,
        };
        Ok(found.filter(|(sort, _)| *sort == Sort::Func).map(|(_, index)| *index))
    }

    /// The import that this component passes on as the function `name`: encoders wrap interfaces in such components.
    fn import_behind(&self, name: &str) -> Option<&'a str> {
        let (sort, mut index) = *self.exports.get(name)?;
        if sort != Sort::Func {
            return None;
        }
        loop {
            match self.functions.get(index as usize)? {
                Item::Import(import) => return Some(import),
                Item::Again(earlier) if *earlier < index => index = *earlier,
                _ => return None,
            }
        }
    }

    fn add(&mut self, payload: Payload<'a>) -> Result<(), BridgeError> {
        let unreadable = |_| BridgeError::Opaque("its parts cannot be read");
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import.map_err(unreadable)?;
                    match import.ty {
                        ComponentTypeRef::Func(_) => self.functions.push(Item::Import(import.name.name)),
                        ComponentTypeRef::Instance(_) => self.instances.push(Item::Import(import.name.name)),
                        ComponentTypeRef::Component(_) => self.components.push(None),
                        _ => {}
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    self.instances.push(Item::Own(instance_of(instance.map_err(unreadable)?)));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.add_alias(alias.map_err(unreadable)?);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    let function = function.map_err(unreadable)?;
                    if let CanonicalFunction::Lift { core_func_index, options, .. } = function {
                        self.functions.push(Item::Own(lift(core_func_index, &options)?));
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.map_err(unreadable)?;
                    self.exports.insert(export.name.name, (export.kind, export.index));
                    match export.kind {
                        Sort::Func => self.functions.push(Item::Again(export.index)),
                        Sort::Instance => self.instances.push(Item::Again(export.index)),
                        Sort::Component => self.components.push(None),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_alias(&mut self, alias: ComponentAlias<'a>) {
        match alias {
            ComponentAlias::InstanceExport { kind, instance_index: instance, name } => match kind {
                Sort::Func => self.functions.push(Item::Of { instance, name }),
                Sort::Instance => self.instances.push(Item::Of { instance, name }),
                Sort::Component => self.components.push(None),
                _ => {}
            },
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, .. } => self.components.push(None),
            _ => {}
        }
    }
}

const OTHER_COMPONENT: BridgeError = BridgeError::Opaque("the function is lifted inside a component of its own");

fn instance_of(instance: ComponentInstance<'_>) -> Instance<'_> {
    match instance {
        ComponentInstance::Instantiate { component_index, args } => Instance::Of {
            component: component_index,
            arguments: args.iter().map(|argument| (argument.name, (argument.kind, argument.index))).collect(),
        },
        ComponentInstance::FromExports(exports) => {
            Instance::Items(exports.iter().map(|export| (export.name.name, (export.kind, export.index))).collect())
        }
    }
}

fn lift(core_function: u32, options: &[CanonicalOption]) -> Result<Lift, BridgeError> {
    let mut lift = Lift { core_function, memory: None, realloc: None };
    for option in options {
        match option {
            CanonicalOption::UTF8 | CanonicalOption::PostReturn(_) => {}
            CanonicalOption::Memory(index) => lift.memory = Some(*index),
            CanonicalOption::Realloc(index) => lift.realloc = Some(*index),
            CanonicalOption::UTF16 | CanonicalOption::CompactUTF16 => {
                return Err(BridgeError::Opaque("its strings are not UTF-8"));
            }
            _ => return Err(BridgeError::Opaque("a function is lifted with an option that tools do not use")),
        }
    }
    Ok(lift)
}
