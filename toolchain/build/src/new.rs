//! Making a project from a template: all of it or nothing.
//!
//! The project is written to a temporary folder beside its place and moved there when it is whole. What is there already is never
//! changed: only a new or an empty folder is filled.

use crate::{
    BuildError, Template,
    placeholder::{Replacement, replace},
};
use mpp_schema::{Ident, PackageName};
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Names that cannot be the name of a Rust package in a folder of its own: cargo or the compiler keep them for themselves.
const RESERVED: &[&str] = &["alloc", "core", "gen", "proc-macro", "std", "test"];

/// A project that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Where it is.
    pub folder: PathBuf,
    /// Its package.
    pub package: PackageName,
    /// Its files, relative to the folder.
    pub files: Vec<String>,
}

/// Makes the project `package` from `template` in `folder`, which must be new or empty.
pub fn create(template: &Template, folder: &Path, package: &PackageName) -> Result<Created, BuildError> {
    let files = plan(template, package).map_err(|problem| refusal(folder, problem, "choose another name"))?;
    match fs::read_dir(folder).map(|entries| entries.count()) {
        Ok(0) => fill_empty(folder, &files)?,
        Ok(_) => {
            let hint = "choose a new folder, or run `mpp init` in this one";
            return Err(refusal(folder, "the folder is not empty".to_owned(), hint));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_folder(folder, &files)?,
        Err(error) => return Err(BuildError::io("reading folder", folder)(error)),
    }
    Ok(Created { folder: folder.to_owned(), package: package.clone(), files: files.into_keys().collect() })
}

fn refusal(folder: &Path, problem: String, hint: &str) -> BuildError {
    BuildError::Template { folder: folder.to_owned(), problem, hint: hint.to_owned() }
}

/// The files of the new project with their text; or why the names do not do.
fn plan(template: &Template, package: &PackageName) -> Result<BTreeMap<String, String>, String> {
    let about = &template.about;
    for name in [package.namespace(), package.name()] {
        if template.files.contains_key("Cargo.toml") && RESERVED.contains(&name.as_str()) {
            return Err(format!("`{name}` is a name that Rust keeps for itself"));
        }
    }
    let names = [
        Replacement { from: about.names.package.as_str(), to: package.name() },
        Replacement { from: about.names.namespace.as_str(), to: package.namespace() },
    ];
    let mut files = BTreeMap::new();
    for (path, text) in &template.files {
        let text = match path.as_str() {
            "Cargo.lock" => lock_text(text, about.names.package.as_str(), package.name())?,
            _ if about.names.files.contains(path) => replace(path, text, &names),
            _ => text.clone(),
        };
        files.insert(path.clone(), text);
    }
    Ok(files)
}

/// The lock file with the package's own name changed, and moved to where cargo would write it: `--locked` compares texts.
fn lock_text(text: &str, from: &str, to: &Ident) -> Result<String, String> {
    const START: &str = "[[package]]\n";
    let own = format!("name = \"{from}\"\n");
    let mut parts = text.split(START);
    let header = parts.next().unwrap_or_default();
    let (mut own_part, mut packages) = (None, Vec::new());
    for part in parts.map(|part| part.trim_end()) {
        match part.strip_prefix(own.as_str()) {
            Some(rest) => own_part = Some(format!("name = \"{to}\"\n{rest}")),
            None => packages.push(part.to_owned()),
        }
    }
    let own_part = own_part.ok_or_else(|| format!("the template's lock file does not name `{from}`"))?;
    if packages.iter().any(|part| name_of(part) == to.as_str()) {
        return Err(format!("`{to}` is the name of a crate that the template uses"));
    }
    packages.push(own_part);
    packages.sort_by(|a, b| name_of(a).cmp(name_of(b)));
    let packages: Vec<_> = packages.into_iter().map(|part| format!("{START}{part}\n")).collect();
    Ok(format!("{header}{}", packages.join("\n")))
}

/// The value of a lock entry's first line.
fn name_of(part: &str) -> &str {
    part.lines().next().and_then(|line| line.strip_prefix("name = ")).unwrap_or_default().trim_matches('"')
}

fn make_folder(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), BuildError> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(BuildError::io("making folder", parent))?;
    let (_guard, ready) = write_aside(parent, files)?;
    fs::rename(&ready, folder).map_err(BuildError::io("moving the project to", folder))
}

/// Moves the entries one by one, because replacing a folder would pull it away under the person who stands in it.
fn fill_empty(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), BuildError> {
    let (guard, ready) = write_aside(folder, files)?;
    let mut moved: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&ready).map_err(BuildError::io("reading folder", &ready))? {
        let from = entry.map_err(BuildError::io("reading folder", &ready))?.path();
        let to = folder.join(from.file_name().unwrap_or_default());
        if let Err(error) = fs::rename(&from, &to) {
            for path in moved {
                // Back into the temporary folder, which is deleted: nothing is left of the attempt.
                let _ = fs::rename(&path, ready.join(path.file_name().unwrap_or_default()));
            }
            return Err(BuildError::io("moving the project to", to)(error));
        }
        moved.push(to);
    }
    guard.close().map_err(BuildError::io("deleting the temporary folder in", folder))
}

/// Writes all files into a temporary folder in `beside`, which is deleted with the guard.
fn write_aside(beside: &Path, files: &BTreeMap<String, String>) -> Result<(tempfile::TempDir, PathBuf), BuildError> {
    let guard = tempfile::Builder::new()
        .prefix(".mpp-new-")
        .tempdir_in(beside)
        .map_err(BuildError::io("making a temporary folder in", beside))?;
    // One below: it gets the usual access rights, where the temporary one is private.
    let ready = guard.path().join("project");
    for (path, text) in files {
        let path = ready.join(path);
        let folder = path.parent().unwrap_or(&ready);
        fs::create_dir_all(folder).map_err(BuildError::io("making folder", folder))?;
        let mut file = fs::File::create_new(&path).map_err(BuildError::io("making", &path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(BuildError::io("writing", &path))?;
    }
    Ok((guard, ready))
}

#[cfg(test)]
mod tests {
    use super::{create, lock_text};
    use crate::{BuildError, template};
    use std::fs;
    use std::path::Path;

    fn make(folder: &Path, package: &str) -> Result<super::Created, BuildError> {
        create(&template("rust").unwrap(), folder, &package.parse().unwrap())
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn names_take_the_place_of_the_templates() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("a/notes");
        let created = make(&project, "me:my-notes").unwrap();
        assert!(created.files.contains(&"src/lib.rs".to_owned()));
        assert!(!created.files.contains(&"template.toml".to_owned()));
        for file in &created.files {
            let text = fs::read_to_string(project.join(file)).unwrap();
            for old in ["markdown-tool", "markdown_tool", "acme"] {
                assert!(!text.contains(old), "{file} still holds {old}");
            }
        }
        assert_eq!(entries(project.parent().unwrap()), 1, "a temporary folder is left");
    }

    #[test]
    fn an_empty_folder_is_filled_and_another_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let created = make(folder.path(), "me:notes").unwrap();
        assert!(folder.path().join("Cargo.toml").is_file());
        let top = created.files.iter().map(|file| file.split('/').next().unwrap());
        assert_eq!(entries(folder.path()), top.collect::<std::collections::BTreeSet<_>>().len());

        let before = fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        let error = make(folder.path(), "me:other").unwrap_err();
        assert!(error.to_string().ends_with("the folder is not empty"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("Cargo.toml")).unwrap(), before);
    }

    #[test]
    fn names_that_cannot_be_a_crate_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["me:pulldown-cmark", "me:core", "gen:notes"] {
            assert!(matches!(make(&folder.path().join("x"), name), Err(BuildError::Template { .. })), "{name}");
        }
        assert_eq!(entries(folder.path()), 0);
    }

    #[test]
    fn the_lock_file_stays_sorted() {
        let lock = "version = 4\n\n[[package]]\nname = \"anyhow\"\n\n[[package]]\nname = \"m\"\ndependencies = [\n \"anyhow\",\n]\n\n[[package]]\nname = \"semver\"\n";
        let moved = "version = 4\n\n[[package]]\nname = \"anyhow\"\n\n[[package]]\nname = \"semver\"\n\n[[package]]\nname = \"z\"\ndependencies = [\n \"anyhow\",\n]\n";
        assert_eq!(lock_text(lock, "m", &"m".parse().unwrap()).unwrap(), lock);
        assert_eq!(lock_text(lock, "m", &"z".parse().unwrap()).unwrap(), moved);
        assert!(lock_text(lock, "m", &"semver".parse().unwrap()).unwrap_err().contains("semver"));
    }
}
