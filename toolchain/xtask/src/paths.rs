//! Which paths a Rust source names: `std::fs::File`, also when it is written `use std::{fs::File, io}`.
//!
//! Works on tokens, so comments and texts do not count, and what stands in a macro does. Code under `#[cfg(test)]` is left out.

use anyhow::anyhow;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{collections::BTreeSet, str::FromStr as _};

/// Every path that `source` names outside its tests; macros as `name!`.
pub(crate) fn named_in(source: &str) -> anyhow::Result<BTreeSet<String>> {
    let tokens = TokenStream::from_str(source).map_err(|problem| anyhow!("cannot be split into tokens: {problem}"))?;
    let mut paths = BTreeSet::new();
    collect(tokens, "", &mut paths);
    Ok(paths)
}

/// Walks over `tokens`; `prefix` is the path before the braces that hold them, or nothing.
fn collect(tokens: TokenStream, prefix: &str, paths: &mut BTreeSet<String>) {
    let mut tokens: std::collections::VecDeque<_> = tokens.into_iter().collect();
    let mut path = prefix.to_owned();
    while let Some(token) = tokens.pop_front() {
        match token {
            TokenTree::Ident(ident) => {
                if !path.is_empty() && !path.ends_with("::") {
                    paths.insert(std::mem::replace(&mut path, prefix.to_owned()));
                }
                path.push_str(&ident.to_string());
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && next_is(&tokens, ':') && !path.is_empty() => {
                tokens.pop_front();
                path.push_str("::");
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_test_attribute(tokens.front()) => {
                skip_item(&mut tokens)
            }
            TokenTree::Punct(punct) => {
                if punct.as_char() == '!' && !path.is_empty() {
                    path.push('!');
                }
                paths.insert(std::mem::replace(&mut path, prefix.to_owned()));
            }
            TokenTree::Group(group) => {
                let is_use_group = group.delimiter() == Delimiter::Brace && path.ends_with("::");
                collect(group.stream(), if is_use_group { &path } else { "" }, paths);
                paths.insert(std::mem::replace(&mut path, prefix.to_owned()));
            }
            TokenTree::Literal(_) => {
                paths.insert(std::mem::replace(&mut path, prefix.to_owned()));
            }
        }
    }
    paths.insert(path);
}

fn next_is(tokens: &std::collections::VecDeque<TokenTree>, wanted: char) -> bool {
    matches!(tokens.front(), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_test_attribute(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Drops the item that follows: up to and with its braces, or its semicolon.
fn skip_item(tokens: &mut std::collections::VecDeque<TokenTree>) {
    while let Some(token) = tokens.pop_front() {
        let ends = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        if ends {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::named_in;

    #[track_caller]
    fn check(source: &str, path: &str, expected: bool) {
        assert_eq!(named_in(source).unwrap().contains(path), expected, "{source}: {:?}", named_in(source).unwrap());
    }

    #[test]
    fn plain_and_grouped_uses_are_seen() {
        check("use std::fs;", "std::fs", true);
        check("use std::{collections::BTreeMap, fs, io::{self, Read}};", "std::fs", true);
        check("use std::{collections::BTreeMap, fs, io::{self, Read}};", "std::io::Read", true);
        check("fn f() { let x = std::fs::read(\"a\"); }", "std::fs::read", true);
        check("fn f() -> Vec<std::net::IpAddr> { vec![] }", "std::net::IpAddr", true);
    }

    #[test]
    fn macros_and_what_is_inside_them_are_seen() {
        check("fn f() { assert!(std::fs::exists(p)); }", "std::fs::exists", true);
        check("fn f() { println!(\"x\"); }", "println!", true);
    }

    #[test]
    fn comments_texts_and_tests_are_not() {
        check("// std::fs\n/// std::fs\nconst A: &str = \"std::fs\";", "std::fs", false);
        check("fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }", "std::fs", false);
        check("#[cfg(test)]\nuse std::fs;\nuse std::io;", "std::fs", false);
        check("#[cfg(test)]\nuse std::fs;\nuse std::io;", "std::io", true);
    }
}
