//! The files of the repository, as somebody who cloned it would see them: no build results, no git.

use anyhow::Context as _;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The repository.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<String>,
}

impl Tree {
    /// Lists the repository that this program was compiled in.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let mut files = Vec::new();
        list(&root, "", &mut files)?;
        files.sort();
        Ok(Self { root, files })
    }

    /// The folder that holds it.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every file, by its path from the root with `/`, sorted.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Every Rust file below a `src` folder of a crate of the workspace; templates and guests are somebody else's style.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        self.files().filter(|path| {
            let parts: Vec<_> = path.split('/').collect();
            parts.len() > 3
                && parts[2] == "src"
                && path.ends_with(".rs")
                && !["templates", "conformance/guests"].iter().any(|outside| path.starts_with(outside))
        })
    }

    /// The text of a file; `None` when it does not exist or is not text.
    pub(crate) fn text(&self, path: &str) -> anyhow::Result<Option<String>> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(problem) => Err(problem).with_context(|| format!("cannot read `{path}`")),
        }
    }
}

fn list(root: &Path, folder: &str, files: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(root.join(folder)).with_context(|| format!("cannot list `{folder}`"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type()?;
        // In a work tree that stands beside its repository, `.git` is a file.
        if name == ".git" {
            continue;
        }
        if kind.is_dir() && name != "target" && name != "node_modules" {
            list(root, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
