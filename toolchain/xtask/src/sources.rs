//! How files look: sources begin with what they are for, names say what is inside, and nothing tells of the machine it was written on.

use crate::{
    findings::{Finding, Findings},
    tree::Tree,
};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "misc", "shared"];
/// Beginnings of paths that only exist on somebody's own machine; written in halves, so that this line does not find itself.
const PRIVATE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/bash")];

/// Headers, names and private paths, over the whole tree.
pub(crate) fn check(tree: &Tree) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    for path in tree.sources() {
        findings.extend(header(path, &tree.text(path)?.unwrap_or_default()));
    }
    for path in tree.files() {
        findings.extend(name(path));
        findings.extend(private_path(path, &tree.text(path)?.unwrap_or_default()));
    }
    Ok(findings)
}

fn header(path: &str, text: &str) -> Option<Finding> {
    let said =
        text.lines().next().and_then(|line| line.strip_prefix("//! ")).is_some_and(|rest| rest.trim().len() > 10);
    (!said).then(|| {
        Finding::new(
            path,
            "does not begin with a `//!` line",
            "say first what the file is for and what it refuses to do",
        )
    })
}

fn name(path: &str) -> Option<Finding> {
    let stem = |part: &str| part.split('.').next().unwrap_or_default().to_owned();
    let empty = path.split('/').map(stem).find(|stem| EMPTY_NAMES.contains(&stem.as_str()))?;
    Some(Finding::new(
        path,
        format!("`{empty}` says nothing"),
        "name it for what it knows, or move it beside its one user",
    ))
}

fn private_path(path: &str, text: &str) -> Option<Finding> {
    let found = PRIVATE_PATHS.iter().find(|private| text.contains(**private))?;
    Some(Finding::new(
        path,
        format!("names `{found}`, a place on somebody's machine"),
        "use a relative path, or a made-up one",
    ))
}

#[cfg(test)]
mod tests {
    use super::{PRIVATE_PATHS, header, name, private_path};

    #[test]
    fn a_header_says_something() {
        assert!(header("a.rs", "//! Reads tar headers.\n").is_none());
        for text in ["", "use std::fs;\n", "//! x\n", "// Reads tar headers.\n"] {
            assert!(header("a.rs", text).is_some(), "{text}");
        }
    }

    #[test]
    fn empty_names_are_found_in_files_and_folders() {
        assert!(name("host/runtime/src/limits.rs").is_none());
        assert!(name("host/runtime/src/commons.rs").is_none());
        for path in ["a/src/util.rs", "a/src/helpers/mod.rs", "a/tests/common/mod.rs"] {
            assert!(name(path).is_some(), "{path}");
        }
    }

    #[test]
    fn private_paths_are_found() {
        assert!(private_path("a.md", "see /usr/share and framework/x").is_none());
        assert!(private_path("a.md", &format!("see {}main", PRIVATE_PATHS[0])).is_some());
    }
}
