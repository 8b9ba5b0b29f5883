//! `spec/errors.md`: the table of codes, in groups, with the exit code that a command line gives for each.

use crate::{
    findings::Findings,
    generated::{self, Mode},
    tree::Tree,
};
use mpp_schema::{CODES, CodeEntry, Turn, codes};
use std::fmt::Write as _;

/// The block `codes` of `spec/errors.md` is the table of `mpp_schema::CODES`.
pub(crate) fn check(tree: &Tree, mode: Mode) -> anyhow::Result<Findings> {
    Ok(generated::block(tree, "spec/errors.md", "codes", &table(), mode)?.into_iter().collect())
}

fn table() -> String {
    let mut groups: Vec<(&str, Vec<&CodeEntry>)> = Vec::new();
    for entry in CODES {
        let title = group(entry.code.as_str());
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((title, vec![entry])),
        }
    }
    let mut text = String::new();
    for (title, entries) in groups {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n### {title}\n\n| code | whose turn | exit | meaning |\n|---|---|---|---|\n");
        for entry in entries {
            let (code, turn) = (entry.code, turn_name(entry.turn));
            let _ = writeln!(text, "| `{code}` | {turn} | {} | {} |", exit_code(entry), entry.meaning);
        }
    }
    text + "\n"
}

fn group(code: &str) -> &'static str {
    if code == "tool.schema" {
        return "Component and WIT";
    }
    match code.split('.').next().unwrap_or_default() {
        "format" => "Documents",
        "pkg" => "Package file",
        "manifest" => "Manifest",
        "sig" | "key" => "Signatures and keys",
        "trust" => "Trust",
        "wasm" | "wit" => "Component and WIT",
        "limit" => "Limits",
        "tool" | "cap" => "Tools and calls",
        "index" | "root" | "clock" | "name" => "Index",
        "att" | "hitl" | "approval" => "Approvals",
        "agent" => "Agents",
        "audit" => "Audit log",
        "registry" | "package" => "Registries",
        "build" => "Build",
        _ => "The program itself",
    }
}

fn turn_name(turn: Turn) -> &'static str {
    match turn {
        Turn::User => "user",
        Turn::Author => "author",
        Turn::Registry => "registry",
        Turn::Host => "host",
        Turn::Tool => "tool",
        Turn::Bug => "us",
    }
}

fn exit_code(entry: &CodeEntry) -> u8 {
    match entry.turn {
        Turn::Tool if entry.code == codes::TOOL_ERROR => 1,
        Turn::User if entry.code == codes::USAGE => 2,
        Turn::User => 3,
        Turn::Author | Turn::Registry => 4,
        Turn::Tool => 5,
        Turn::Host => 6,
        Turn::Bug => 70,
    }
}

#[cfg(test)]
mod tests {
    use super::table;
    use mpp_schema::CODES;

    #[test]
    fn each_code_has_one_row() {
        let table = table();
        for entry in CODES {
            assert_eq!(table.matches(&format!("| `{}` |", entry.code)).count(), 1, "{}", entry.code);
        }
    }
}
