//! A template in a folder: every text file of it, within bounds.

use super::Template;
use crate::BuildError;
use std::{collections::BTreeMap, fs, path::Path};

/// What builds and tools leave behind, and what git keeps: no part of a template.
const LEFT_OUT: &[&str] = &[".git", "target", "node_modules", "__pycache__"];

const FILES_MAX: usize = 1000;
const BYTES_MAX: usize = 8 << 20;
const FOLDERS_DEEP: usize = 16;

impl Template {
    /// The template in `folder`. A link is refused, because it may lead anywhere; so is a file that is not text.
    pub fn in_folder(folder: &Path, name: &str) -> Result<Self, BuildError> {
        let mut found = Found { name, files: BTreeMap::new(), bytes: 0 };
        found.collect(folder, "", FOLDERS_DEEP)?;
        Self::of_files(name.to_owned(), found.files)
    }
}

struct Found<'a> {
    name: &'a str,
    files: BTreeMap<String, String>,
    bytes: usize,
}

impl Found<'_> {
    fn refuse<T>(&self, problem: String) -> Result<T, BuildError> {
        Err(BuildError::TemplateSource { name: self.name.to_owned(), problem })
    }

    fn collect(&mut self, folder: &Path, prefix: &str, folders_deep: usize) -> Result<(), BuildError> {
        for entry in fs::read_dir(folder).map_err(BuildError::io("reading folder", folder))? {
            let entry = entry.map_err(BuildError::io("reading folder", folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(BuildError::io("looking at", &path))?;
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return self.refuse(format!("the name of `{}` is not text", path.display()));
            };
            let relative = format!("{prefix}{name}");
            if kind.is_symlink() {
                return self.refuse(format!("`{relative}` is a link"));
            } else if kind.is_file() {
                self.add(relative, &path)?;
            } else if kind.is_dir() && !LEFT_OUT.contains(&name) {
                if folders_deep == 0 {
                    return self.refuse(format!("`{relative}` lies more than {FOLDERS_DEEP} folders deep"));
                }
                self.collect(&path, &format!("{relative}/"), folders_deep - 1)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, relative: String, path: &Path) -> Result<(), BuildError> {
        let size = fs::metadata(path).map_err(BuildError::io("looking at", path))?.len();
        self.bytes = self.bytes.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if self.files.len() == FILES_MAX || self.bytes > BYTES_MAX {
            return self.refuse(format!("it has more than {FILES_MAX} files or {BYTES_MAX} bytes"));
        }
        match String::from_utf8(fs::read(path).map_err(BuildError::io("reading", path))?) {
            Ok(text) => {
                self.files.insert(relative, text);
                Ok(())
            }
            Err(_) => self.refuse(format!("`{relative}` is not text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use std::{fs, path::Path};

    const ABOUT: &str = "description = \"A thing.\"\nnext = \"build\"\n[names]\nnamespace = \"acme\"\npackage = \"thing\"\nfiles = [\"a.txt\"]\n";

    #[track_caller]
    fn check(change: impl FnOnce(&Path), expected: Result<&[&str], &str>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("template.toml"), ABOUT).unwrap();
        fs::write(folder.path().join("a.txt"), "acme:thing").unwrap();
        change(folder.path());
        match (Template::in_folder(folder.path(), "mine"), expected) {
            (Ok(template), Ok(files)) => assert!(template.files.keys().eq(files), "{:?}", template.files.keys()),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (found, expected) => panic!("expected {expected:?}, found {found:?}"),
        }
    }

    #[test]
    fn files_are_taken_and_what_a_build_left_is_not() {
        check(
            |folder| {
                for path in ["target/x", ".git/config", "src/lib.rs"] {
                    let path = folder.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, "").unwrap();
                }
            },
            Ok(&["a.txt", "src/lib.rs"]),
        );
    }

    #[test]
    fn what_is_no_template_is_refused_by_name() {
        check(|folder| fs::remove_file(folder.join("template.toml")).unwrap(), Err("expected a file `template.toml`"));
        check(|folder| fs::remove_file(folder.join("a.txt")).unwrap(), Err("names the file `a.txt`"));
        check(|folder| fs::write(folder.join("b.bin"), [0xff]).unwrap(), Err("`b.bin` is not text"));
        check(
            |folder| fs::write(folder.join("template.toml"), ABOUT.replace("build", "rm")).unwrap(),
            Err("unknown variant `rm`"),
        );
        check(
            |folder| fs::write(folder.join("template.toml"), ABOUT.replace("\"thing\"", "\"\"")).unwrap(),
            Err("`template.toml`"),
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused() {
        let link = |folder: &Path| std::os::unix::fs::symlink("/etc/passwd", folder.join("notes.txt")).unwrap();
        check(link, Err("`notes.txt` is a link"));
    }
}
