//! What tools are called on the wire: `<package>_<tool>`, short enough for every client (MCP-10, MCP-11).
//!
//! Pure: the same installed packages and aliases give the same names.

use mpp_schema::{Ident, ToolName};
use sha2::{Digest as _, Sha256};

/// Clients put a prefix before it, and all of it must fit 64 characters.
pub const LENGTH_MAX: usize = 40;
/// Hexadecimal digits that stand for what was cut off.
const ENDING: usize = 8;

/// The name of a tool of the package that is called `package`.
pub fn of(package: &Ident, tool: &ToolName) -> String {
    let whole = format!("{package}_{tool}").replace('-', "_").to_ascii_lowercase();
    if whole.len() <= LENGTH_MAX {
        return whole;
    }
    let digest = Sha256::digest(whole.as_bytes());
    let ending: String = digest.iter().take(ENDING / 2).map(|byte| format!("{byte:02x}")).collect();
    // Names are ASCII.
    let begin: String = whole.chars().take(LENGTH_MAX - ENDING - 1).collect();
    format!("{begin}_{ending}")
}

/// Whether a user may call a tool so (MCP-19).
pub fn is_name(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(known)
}

/// The tool's name for people: `read-note` of `acme:md` is `Read note (acme:md)`.
pub fn title(package: &mpp_schema::PackageName, tool: &ToolName) -> String {
    let words = tool.as_str().replace('-', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let words: String = first.into_iter().chain(letters).collect();
    format!("{words} ({package})")
}

#[cfg(test)]
mod tests {
    use super::{LENGTH_MAX, is_name, of, title};

    fn check(package: &str, tool: &str, expected: &str) {
        assert_eq!(of(&package.parse().unwrap(), &tool.parse().unwrap()), expected);
    }

    #[test]
    fn names_are_short_and_plain() {
        check("md", "outline", "md_outline");
        check("my-notes", "read-all", "my_notes_read_all");
    }

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let long = |tool: &str| of(&"package-with-a-long-name".parse().unwrap(), &tool.parse().unwrap());
        let (one, other) = (long("and-a-tool-with-a-longer-one"), long("and-a-tool-with-a-longer-two"));
        assert_eq!(one.len(), LENGTH_MAX);
        assert!(one.starts_with("package_with_a_long_name_and_a_"));
        assert_ne!(one, other);
    }

    #[test]
    fn users_give_names_that_every_client_takes() {
        assert!(is_name("outline") && is_name("a_1") && is_name(&"a".repeat(40)));
        for wrong in ["", "A", "a-b", "a.b", "a b", "é", &"a".repeat(41)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn titles_are_for_people() {
        let title = title(&"acme:md".parse().unwrap(), &"read-note".parse().unwrap());
        assert_eq!(title, "Read note (acme:md)");
    }
}
