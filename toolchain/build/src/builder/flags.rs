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

/// One name for a crate, wherever cargo keeps it: registry, git checkout, vendored folder or a path.
fn of_dependency(package: &Package) -> Option<Remapping> {
    let folder = package.manifest_path.parent()?;
    Some((folder.to_string(), format!("/crates/{}-{}", package.name, package.version)))
}

/// So many flags stand in one argument; a system bounds how long one may be.
const FLAGS_PER_ARGUMENT: usize = 200;

/// Values of cargo's `--config` that add these flags to each other and to those that the project sets itself.
pub(crate) fn configs(target: &str, remappings: &[Remapping]) -> Vec<String> {
    let config = |remappings: &[Remapping]| {
        let flags = remappings.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
        format!("target.{target}.rustflags={}", flags.collect::<toml_edit::Array>())
    };
    remappings.chunks(FLAGS_PER_ARGUMENT).map(config).collect()
}

#[cfg(test)]
mod tests {
    use super::{FLAGS_PER_ARGUMENT, configs};

    #[test]
    fn paths_are_quoted_for_cargo() {
        let remappings =
            vec![(r"C:\my code".to_owned(), "/source".to_owned()), ("/a\"b".to_owned(), "/target".to_owned())];
        let [text] = configs("wasm32-wasip2", &remappings).try_into().unwrap();
        let parsed: toml::Table = text.parse().unwrap();
        let flags = &parsed["target"]["wasm32-wasip2"]["rustflags"];
        assert_eq!(flags[0].as_str(), Some(r"--remap-path-prefix=C:\my code=/source"));
        assert_eq!(flags[1].as_str(), Some("--remap-path-prefix=/a\"b=/target"));
        assert!(!text.contains('\n'));
    }

    #[test]
    fn many_flags_are_spread_over_arguments() {
        let many = vec![("/a".to_owned(), "/b".to_owned()); FLAGS_PER_ARGUMENT * 2 + 1];
        let texts = configs("wasm32-wasip2", &many);
        let counts: Vec<_> = texts.iter().map(|text| text.matches("--remap-path-prefix").count()).collect();
        assert_eq!(counts, [FLAGS_PER_ARGUMENT, FLAGS_PER_ARGUMENT, 1]);
    }
}
