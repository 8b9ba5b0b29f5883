//! Which core function stands behind each exported function of a component, and with which options it was lifted.
//!
//! Looks only at what is needed for that: component functions, instances and nested components, by their index.

use super::BridgeError;
use crate::Tool;
use std::cell::RefCell;
use std::collections::{BTreeMap, btree_map::Entry};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind as Sort, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Parser, Payload,
};

/// Encoders need two or three steps from an export to its lift. A component of nothing but detours is called the plain way.
const HOPS_MAX: usize = 64;

/// One component, its items by index.
#[derive(Default)]
pub(super) struct Anatomy<'a> {
    functions: Vec<Item<'a, Lift>>,
    instances: Vec<Item<'a, Instance<'a>>>,
    components: Vec<Option<&'a [u8]>>,
    exports: BTreeMap<&'a str, (Sort, u32)>,
    /// For each nested component that was read: what it exports → the import that it passes on under that name.
    passed_on: RefCell<BTreeMap<u32, BTreeMap<&'a str, &'a str>>>,
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
        self.lift_at(self.function_in(instance, name)?)
    }

    /// Follows a function to where it was lifted.
    fn lift_at(&self, mut index: u32) -> Result<&Lift, BridgeError> {
        for _ in 0..HOPS_MAX {
            match self.functions.get(index as usize) {
                Some(Item::Own(lift)) => return Ok(lift),
                Some(Item::Again(earlier)) => index = *earlier,
                Some(Item::Of { instance, name }) => index = self.function_in(*instance, name)?,
                _ => return Err(OTHER_COMPONENT),
            }
        }
        Err(TOO_FAR)
    }

    /// The index, in this component, of the function that an instance exports under `name`.
    fn function_in(&self, mut instance: u32, name: &str) -> Result<u32, BridgeError> {
        for _ in 0..HOPS_MAX {
            let found = match self.instances.get(instance as usize) {
                Some(Item::Again(earlier)) => {
                    instance = *earlier;
                    continue;
                }
                Some(Item::Own(Instance::Items(items))) => items.get(name),
                Some(Item::Own(Instance::Of { component, arguments })) => {
                    self.import_of(*component, name)?.and_then(|import| arguments.get(import))
                }
                _ => None,
            };
            return match found {
                Some((Sort::Func, index)) => Ok(*index),
                _ => Err(OTHER_COMPONENT),
            };
        }
        Err(TOO_FAR)
    }

    /// Which import a nested component passes on as the function `name`. Each is read once, however many tools lead there.
    fn import_of(&self, component: u32, name: &str) -> Result<Option<&'a str>, BridgeError> {
        let mut read = self.passed_on.borrow_mut();
        let functions = match read.entry(component) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => {
                let bytes = self.components.get(component as usize).copied().flatten();
                place.insert(Anatomy::read(bytes.ok_or(OTHER_COMPONENT)?)?.passed_on_functions())
            }
        };
        Ok(functions.get(name).copied())
    }

    fn passed_on_functions(&self) -> BTreeMap<&'a str, &'a str> {
        let names = self.exports.keys().copied();
        names.filter_map(|name| Some((name, self.import_behind(name)?))).collect()
    }

    /// The import that this component passes on as the function `name`: encoders wrap interfaces in such components.
    fn import_behind(&self, name: &str) -> Option<&'a str> {
        let (sort, mut index) = *self.exports.get(name)?;
        if sort != Sort::Func {
            return None;
        }
        for _ in 0..HOPS_MAX {
            match self.functions.get(index as usize)? {
                Item::Import(import) => return Some(import),
                Item::Again(earlier) => index = *earlier,
                _ => return None,
            }
        }
        None
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
const TOO_FAR: BridgeError = BridgeError::Opaque("the function is lifted too many steps from its export");

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
