//! What a world says that it imports, before there is a component. Rule `TOOL-10`.
//!
//! A component imports no more than its world declares, and often less: what the code does not use falls away.

use crate::{Import, WitError, WitFolder, component::without_patch};
use wit_parser::{Resolve, TypeDefKind, WorldItem, WorldKey};

/// The imports of `world`; without a name, of the package's only world.
pub fn world_imports(folder: &WitFolder, world: Option<&str>) -> Result<Vec<Import>, WitError> {
    let (resolve, package) = folder.resolve()?;
    let selected = resolve.select_world(&[package], world);
    let id = selected.map_err(|error| WitError::World(format!("{error:#}")))?;
    Ok(resolve.worlds[id].imports.iter().map(|(key, item)| import(&resolve, key, item)).collect())
}

fn import(resolve: &Resolve, key: &WorldKey, item: &WorldItem) -> Import {
    let name = resolve.name_world_key(key);
    let types_only = match item {
        WorldItem::Interface { id, .. } => {
            let interface = &resolve.interfaces[*id];
            let is_resource = |ty| matches!(resolve.types[ty].kind, TypeDefKind::Resource);
            interface.functions.is_empty() && !interface.types.values().any(|ty| is_resource(*ty))
        }
        WorldItem::Function(_) => false,
        WorldItem::Type { .. } => true,
    };
    Import { interface: without_patch(&name), name, types_only }
}

#[cfg(test)]
mod tests {
    use super::world_imports;
    use crate::WitFolder;

    #[track_caller]
    fn check(world: &str, expected: &[(&str, bool)]) {
        let text = format!(
            "package acme:notes@0.1.0;\n\
             interface plain {{ record note {{ text: string }} }}\n\
             interface api {{ use plain.{{note}}; read: func() -> note; }}\n\
             interface things {{ resource thing; }}\n\
             world tools {{ {world} export api; }}"
        );
        let folder = WitFolder { files: [("world.wit".to_owned(), text)].into() };
        let found = world_imports(&folder, None).unwrap();
        let found: Vec<_> = found.iter().map(|import| (import.interface.as_str(), import.types_only)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_world_declares_is_listed_and_types_are_told_apart() {
        check("", &[("acme:notes/plain@0.1", true)]);
        check("import things;", &[("acme:notes/things@0.1", false), ("acme:notes/plain@0.1", true)]);
        check("import log: func(text: string);", &[("acme:notes/plain@0.1", true), ("log", false)]);
    }
}
