//! Which names entries may have (PKG-5, PKG-6): names that are one file, the same one, on every system that somebody unpacks on.

use super::ContainerError;
use crate::limits::PATH_BYTES_MAX;
use std::collections::BTreeMap;

/// Whether an entry may have this name.
///
/// # Errors
/// [`ContainerError::Path`] when it may not.
pub fn check_path(name: &str) -> Result<(), ContainerError> {
    let refuse = |reason| Err(ContainerError::Path { name: name.to_owned(), reason });
    if name.is_empty() || name.len() > PATH_BYTES_MAX {
        return refuse("a name has 1 to 100 bytes");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+@/".contains(&b)) {
        return refuse("a name is made of the ASCII letters and digits and `.`, `_`, `-`, `+`, `@`, `/`");
    }
    if name.split('/').any(str::is_empty) {
        return refuse("a name has no empty part: no slash at either end, no two in a row");
    }
    if name.split('/').any(|part| part.ends_with('.')) {
        return refuse("no part of a name is `.` or `..` or ends in a dot");
    }
    if name.split('/').any(is_device) {
        return refuse("a part of the name is that of a device on Windows");
    }
    Ok(())
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let numbered =
        |prefix: &str| stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// Whether these names can stand beside each other: no two equal when case is folded, none the folder of another.
///
/// # Errors
/// [`ContainerError::Path`] or [`ContainerError::Duplicate`] for the first name that cannot.
pub fn check_paths<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), ContainerError> {
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    let mut folders: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        check_path(name)?;
        let folded = name.to_ascii_lowercase();
        let parents: Vec<&str> = folded.match_indices('/').map(|(at, _)| &folded[..at]).collect();
        let clash = parents.iter().find_map(|parent| files.get(*parent)).or_else(|| folders.get(&folded));
        if let Some(other) = clash.or_else(|| files.get(&folded)) {
            return Err(ContainerError::Duplicate { name: name.to_owned(), other: (*other).to_owned() });
        }
        folders.extend(parents.into_iter().map(|parent| (parent.to_owned(), name)));
        files.insert(folded, name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check_path, check_paths};
    use mpp_schema::{Coded as _, codes};

    #[track_caller]
    fn check(name: &str, expected: bool) {
        let outcome = check_path(name).map_err(|error| error.code());
        assert_eq!(outcome, if expected { Ok(()) } else { Err(codes::PKG_PATH) }, "{name:?}");
    }

    #[test]
    fn names_that_mean_one_file_everywhere() {
        let longest = "a".repeat(100);
        for name in
            ["mpp.json", "wit/deps/wasi-io@0.2.6/a_b+c.wit", "LICENSE.zst", ".hidden", "a/.b", "console", &longest]
        {
            check(name, true);
        }
    }

    #[test]
    fn names_that_do_not() {
        let long = "a".repeat(101);
        for name in [
            "",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a/.",
            "a\\b",
            "C:",
            "a:b",
            "a b",
            "a\0b",
            "a\nb",
            "ä",
            "a.",
            "a./b",
            "con",
            "wit/NUL.wit",
            "com1",
            "Lpt9.txt",
            "~a",
            "a*",
            long.as_str(),
        ] {
            check(name, false);
        }
    }

    #[track_caller]
    fn check_set(names: &[&str], expected: bool) {
        let outcome = check_paths(names.iter().copied()).map_err(|error| error.code());
        assert_eq!(outcome, if expected { Ok(()) } else { Err(codes::PKG_DUPLICATE) }, "{names:?}");
    }

    #[test]
    fn names_that_can_stand_together() {
        check_set(&["a", "b/a", "b/c", "ba"], true);
        check_set(&["a", "a"], false);
        check_set(&["a", "A"], false);
        check_set(&["a", "a/b"], false);
        check_set(&["a/b", "a"], false);
        check_set(&["a/b/c", "A/B"], false);
        check_set(&["A/B", "a/b/c"], false);
    }
}
