//! The table of crates in `ARCHITECTURE.md`: written from the list in `layers.rs`, so that the page cannot go stale.

use crate::{
    findings::Findings,
    generated::{self, Mode},
    layers::{LAYERS, Layer},
    tree::Tree,
};

/// The block `crates` of `ARCHITECTURE.md` is the list of crates.
pub(crate) fn check(tree: &Tree, mode: Mode) -> anyhow::Result<Findings> {
    Ok(generated::block(tree, "ARCHITECTURE.md", "crates", &table(), mode)?.into_iter().collect())
}

fn table() -> String {
    let head = "| crate | folder | uses | refuses to know |\n|---|---|---|---|\n".to_owned();
    LAYERS.iter().rev().map(row).fold(head, |text, row| text + &row)
}

fn row(layer: &Layer) -> String {
    let uses: Vec<_> = layer.uses.iter().rev().map(|name| format!("`{name}`")).collect();
    let uses = if uses.is_empty() { "no crate of ours".to_owned() } else { uses.join(", ") };
    let refuses: Vec<_> = layer.refuses.iter().map(|refusal| refusal.name).collect();
    format!("| `{}` | `{}` | {uses} | {} |\n", layer.name, layer.folder, refuses.join(", "))
}
