//! Generated files, and generated blocks in files that people write: compare, or rewrite on demand.

use crate::{findings::Finding, tree::Tree};
use anyhow::Context as _;
use std::{fs, path::Path};

/// What to do when a generated text differs from the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Say so.
    Compare,
    /// Rewrite the file.
    Write,
}

/// Makes sure that the file `path` holds exactly `content`.
pub(crate) fn file(tree: &Tree, path: &str, content: &[u8], mode: Mode) -> anyhow::Result<Option<Finding>> {
    let full = tree.root().join(path);
    if fs::read(&full).is_ok_and(|found| found == content) {
        return Ok(None);
    }
    if mode == Mode::Compare {
        return Ok(Some(Finding::new(
            path,
            "is not what is generated",
            "BLESS=1 cargo xtask tidy, then review the diff",
        )));
    }
    write(&full, content)?;
    Ok(None)
}

/// Makes sure that the block `name` of the page `path` holds exactly `content`.
///
/// A block stands between the lines `<!-- generated: name -->` and `<!-- end -->`.
pub(crate) fn block(tree: &Tree, path: &str, name: &str, content: &str, mode: Mode) -> anyhow::Result<Option<Finding>> {
    let page = tree.text(path)?.with_context(|| format!("there is no page `{path}`"))?;
    let renewed = with_block(&page, name, content).with_context(|| format!("`{path}` has no block `{name}`"))?;
    file(tree, path, renewed.as_bytes(), mode)
}

fn with_block(page: &str, name: &str, content: &str) -> Option<String> {
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!("{before}{begin}{content}<!-- end -->{after}"))
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a generated file has no folder")?;
    fs::create_dir_all(folder)?;
    fs::write(path, content).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::with_block;

    #[test]
    fn only_the_block_changes() {
        let page = "a\n<!-- generated: t -->\nold\n<!-- end -->\nb\n";
        let renewed = with_block(page, "t", "new\n").unwrap();
        assert_eq!(renewed, "a\n<!-- generated: t -->\nnew\n<!-- end -->\nb\n");
        assert_eq!(with_block(page, "other", ""), None);
    }
}
