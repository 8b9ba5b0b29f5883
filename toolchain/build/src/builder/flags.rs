//! Flags that keep the place of the source out of the bytes, so that two people who build one source get one component.
//!
//! Rule of rustc: the last `--remap-path-prefix` that fits a path is used, so the general ones come first.

use cargo_metadata::{Metadata, Package};
use std::{collections::BTreeMap, path::Path};

/// Where a path begins here, and what the compiler writes instead.
pub(crate) type Remapping = (String, String);

/// All remappings for the packages of `metadata`, general ones first. `sysroot` is the compiler's folder and the commit it is made of.
pub(crate) fn remappings(metadata: &Metadata, target_folder: &str, sysroot: Option<(&str, &str)>) -> Vec<Remapping> {
    let mut remappings = BTreeMap::new();
    for package in metadata.packages.iter().filter(|package| !metadata.workspace_members.contains(&package.id)) {
        if let Some((from, to)) = of_dependency(package) {
            remappings.insert(from, to);
        }
    }
    remappings.insert(metadata.workspace_root.to_string(), "/source".to_owned());
    remappings.insert(target_folder.to_owned(), "/target".to_owned());
    if let Some((sysroot, commit)) = sysroot {
        let source = Path::new(sysroot).join("lib/rustlib/src/rust").display().to_string();
        remappings.insert(source, format!("/rustc/{commit}"));
    }
    // A map's order puts a folder before what lies in it.
    remappings.into_iter().collect()
}

/// Crates of a registry lie side by side in one folder, whatever the registry and also when they are vendored; others lie anywhere.
fn of_dependency(package: &Package) -> Option<Remapping> {
    let folder = package.manifest_path.parent()?;
    let from_registry = package.source.as_ref().is_some_and(|source| !source.repr.starts_with("git+"));
    if from_registry {
        return Some((folder.parent()?.to_string(), "/crates".to_owned()));
    }
    Some((folder.to_string(), format!("/crates/{}-{}", package.name, package.version)))
}

/// The value of cargo's `--config` that adds these flags to those that the project sets itself.
pub(crate) fn config(target: &str, remappings: &[Remapping]) -> String {
    let flags = remappings.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    let flags: toml_edit::Array = flags.collect();
    format!("target.{target}.rustflags={flags}")
}

#[cfg(test)]
mod tests {
    use super::config;

    #[test]
    fn paths_are_quoted_for_cargo() {
        let remappings =
            vec![(r"C:\my code".to_owned(), "/source".to_owned()), ("/a\"b".to_owned(), "/target".to_owned())];
        let text = config("wasm32-wasip2", &remappings);
        let parsed: toml::Table = text.parse().unwrap();
        let flags = &parsed["target"]["wasm32-wasip2"]["rustflags"];
        assert_eq!(flags[0].as_str(), Some(r"--remap-path-prefix=C:\my code=/source"));
        assert_eq!(flags[1].as_str(), Some("--remap-path-prefix=/a\"b=/target"));
        assert!(!text.contains('\n'));
    }
}
