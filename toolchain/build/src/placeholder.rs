//! Putting a new project's names in the place of a template's.

use mpp_schema::Ident;
use std::path::Path;

/// One name of a template and the name that takes its place.
pub(crate) struct Replacement<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a Ident,
}

/// `text` of the file `path` with all names replaced, in the way in which each kind of file writes a name.
pub(crate) fn replace(path: &str, text: &str, names: &[Replacement<'_>]) -> String {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let mut text = text.to_owned();
    for name in names {
        text = match extension {
            Some("rs") => text.replace(&name.from.replace('-', "_"), &rust_name(name.to)),
            Some("py" | "c" | "h") => text.replace(&name.from.replace('-', "_"), &name.to.as_str().replace('-', "_")),
            Some("wit") => text.replace(name.from, &wit_name(name.to)),
            _ => text.replace(name.from, name.to.as_str()),
        };
    }
    text
}

/// As wit-bindgen writes the name of a namespace or package in Rust.
fn rust_name(name: &Ident) -> String {
    let snake = name.as_str().replace('-', "_");
    if RUST_KEYWORDS.contains(&snake.as_str()) { format!("{snake}_") } else { snake }
}

pub(crate) fn wit_name(name: &Ident) -> String {
    if WIT_KEYWORDS.contains(&name.as_str()) { format!("%{name}") } else { name.to_string() }
}

/// The names that wit-bindgen gives an underscore.
const RUST_KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The names that WIT marks with a percent sign.
const WIT_KEYWORDS: &[&str] = &[
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "f32",
    "f64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

#[cfg(test)]
mod tests {
    use super::{Replacement, replace};

    #[track_caller]
    fn check(path: &str, text: &str, to: &str, expected: &str) {
        let to = to.parse().unwrap();
        assert_eq!(replace(path, text, &[Replacement { from: "my-tool", to: &to }]), expected);
    }

    #[test]
    fn each_kind_of_file_writes_a_name_in_its_way() {
        check("Cargo.toml", "name = \"my-tool\"", "a-b", "name = \"a-b\"");
        check("src/lib.rs", "use exports::acme::my_tool::x;", "a-b", "use exports::acme::a_b::x;");
        check("wit/world.wit", "package acme:my-tool;", "a-b", "package acme:a-b;");
        check("src/tool.c", "exports_acme_my_tool_x();", "a-b", "exports_acme_a_b_x();");
    }

    #[test]
    fn names_that_a_language_keeps_for_itself_are_escaped() {
        check("src/lib.rs", "use exports::acme::my_tool::x;", "type", "use exports::acme::type_::x;");
        check("wit/world.wit", "package acme:my-tool;", "list", "package acme:%list;");
        check("README.md", "my-tool", "list", "list");
    }
}
