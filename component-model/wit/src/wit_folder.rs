//! The `wit/` folder of a package as text, and how it is resolved without touching a disk. Rule `TOOL-1`.

use crate::WitError;
use mpp_schema::text::hidden_character;
use std::collections::{BTreeMap, BTreeSet};
use wit_parser::{AstItem, PackageId, Resolve, SourceMap, UnresolvedPackage, UnresolvedPackageGroup, World, WorldId};

/// More WIT text than this is refused before it is parsed.
const WIT_BYTES_MAX: usize = 1 << 20;
/// Linking copies what a world includes into each world, and climbs from interface to interface: short text must not become
/// much memory or a deep stack, so these are bounded before anything is linked.
const WORLDS_MAX: usize = 64;
const INTERFACES_MAX: usize = 256;
const ITEMS_MAX: usize = 4096;

/// The files of a `wit/` folder: path below `wit/` → text.
///
/// `*.wit` at the top are the package itself; `deps/<name>/*.wit` and `deps/<name>.wit` are packages that it uses. Every other
/// file is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WitFolder {
    /// Path with forward slashes → text.
    pub files: BTreeMap<String, String>,
}

impl WitFolder {
    /// Parses all files and links them. The id is the package of the top-level files.
    pub(crate) fn resolve(&self) -> Result<(Resolve, PackageId), WitError> {
        let found = self.files.values().map(String::len).sum();
        if found > WIT_BYTES_MAX {
            return Err(WitError::TooLarge { found, limit: WIT_BYTES_MAX });
        }
        let main = self.parse_package(|path| !path.contains('/'))?;
        let mut deps = Vec::new();
        for dep in self.dependencies() {
            deps.push(self.parse_package(|path| dependency_of(path) == Some(dep))?);
        }
        check_counts([&main].into_iter().chain(&deps))?;
        let mut resolve = Resolve::default();
        let pushed = resolve.push_groups(main, deps);
        let id = pushed.map_err(|error| self.parse_error(error.render(&resolve.source_map)))?;
        Ok((resolve, id))
    }

    /// Parses all files, and finds `world`; without a name, the package's only world. For generators of bindings.
    pub fn select(&self, world: Option<&str>) -> Result<(Resolve, WorldId), WitError> {
        let (resolve, package) = self.resolve()?;
        let selected = resolve.select_world(&[package], world);
        let id = selected.map_err(|error| WitError::World(format!("{error:#}")))?;
        Ok((resolve, id))
    }

    fn dependencies(&self) -> BTreeSet<&str> {
        self.files.keys().filter_map(|path| dependency_of(path)).collect()
    }

    fn parse_package(&self, belongs: impl Fn(&str) -> bool) -> Result<UnresolvedPackageGroup, WitError> {
        let mut sources = SourceMap::new();
        for (path, text) in &self.files {
            if path.ends_with(".wit") && belongs(path) {
                sources.push_str(path, text.as_str());
            }
        }
        if sources.source_names().next().is_none() {
            return Err(WitError::Parse("no `.wit` file at the top of the folder".to_owned()));
        }
        sources.parse().map_err(|(sources, error)| self.parse_error(error.render(&sources)))
    }

    /// The parser stumbles over some hidden characters by itself: that has a name of its own.
    fn parse_error(&self, rendered: String) -> WitError {
        let mut hidden = self.files.iter().filter_map(|(path, text)| {
            hidden_character(&text.replace("\r\n", "\n")).map(|hidden| (path.clone(), hidden))
        });
        match hidden.next() {
            Some((path, hidden)) => WitError::Hidden { path, hidden: hidden as u32 },
            None => WitError::Parse(rendered),
        }
    }
}

/// Counts what is declared in all packages together.
fn check_counts<'a>(groups: impl Iterator<Item = &'a UnresolvedPackageGroup>) -> Result<(), WitError> {
    let packages: Vec<&UnresolvedPackage> =
        groups.flat_map(|group| [&group.main].into_iter().chain(&group.nested)).collect();
    let sum = |count: fn(&UnresolvedPackage) -> usize| packages.iter().map(|package| count(package)).sum::<usize>();
    for (what, found, limit) in [
        ("worlds", sum(worlds), WORLDS_MAX),
        ("interfaces", sum(interfaces), INTERFACES_MAX),
        ("functions and items of worlds", sum(items), ITEMS_MAX),
    ] {
        if found > limit {
            return Err(WitError::TooMany { what, found, limit });
        }
    }
    Ok(())
}

fn worlds(package: &UnresolvedPackage) -> usize {
    package.worlds.len() - foreign(package, |item| matches!(item, AstItem::World(_)))
}

fn interfaces(package: &UnresolvedPackage) -> usize {
    package.interfaces.len() - foreign(package, |item| matches!(item, AstItem::Interface(_)))
}

/// What a package only names stands in its lists too, empty.
fn foreign(package: &UnresolvedPackage, is_meant: fn(&AstItem) -> bool) -> usize {
    package.foreign_deps.values().flat_map(|items| items.values()).filter(|(item, _)| is_meant(item)).count()
}

fn items(package: &UnresolvedPackage) -> usize {
    let of_world = |world: &World| world.imports.len() + world.exports.len() + world.includes.len();
    let of_worlds: usize = package.worlds.iter().map(|(_, world)| of_world(world)).sum();
    let of_interfaces: usize = package.interfaces.iter().map(|(_, interface)| interface.functions.len()).sum();
    of_worlds + of_interfaces
}

/// `deps/<name>/x.wit` and `deps/<name>.wit` belong to dependency `<name>` (with or without the ending).
fn dependency_of(path: &str) -> Option<&str> {
    let below = path.strip_prefix("deps/")?;
    if !below.ends_with(".wit") {
        return None;
    }
    match below.split_once('/') {
        Some((_, file)) if file.contains('/') => None,
        Some((name, _)) => Some(name),
        None => Some(below),
    }
}

#[cfg(test)]
mod tests {
    use super::dependency_of;

    #[test]
    fn which_files_belong_to_a_dependency() {
        assert_eq!(dependency_of("deps/io/streams.wit"), Some("io"));
        assert_eq!(dependency_of("deps/io.wit"), Some("io.wit"));
        for other in ["world.wit", "deps/io/README.md", "deps/io/more/x.wit", "deps.toml"] {
            assert_eq!(dependency_of(other), None, "{other}");
        }
    }
}
