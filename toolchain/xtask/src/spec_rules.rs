//! Rules of the specification: each has an id of its own, and whoever names an id names one that exists.

use crate::{
    findings::{Finding, Findings},
    tree::Tree,
};
use std::collections::BTreeMap;

/// Ids in `spec/*.md` are unique, and every id that a page or a source names is defined.
pub(crate) fn check(tree: &Tree) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    for path in tree.files().filter(|path| is_chapter(path)) {
        for id in definitions(&tree.text(path)?.unwrap_or_default()) {
            if let Some(first) = rules.insert(id.clone(), path.to_owned()) {
                findings.push(Finding::new(
                    path,
                    format!("rule `{id}` is also in `{first}`"),
                    "give the newer rule the next free number",
                ));
            }
        }
    }
    for path in tree.files().filter(|path| is_chapter(path) || path.ends_with(".rs")) {
        for id in dangling(&tree.text(path)?.unwrap_or_default(), &rules) {
            findings.push(Finding::new(path, format!("names `{id}`, which is no rule"), "name a rule of `spec/`"));
        }
    }
    Ok(findings)
}

fn is_chapter(path: &str) -> bool {
    path.strip_prefix("spec/").is_some_and(|name| name.ends_with(".md") && !name.contains('/'))
}

/// The ids that a page defines: each stands first on its line and in bold, `**SIG-4**`.
fn definitions(page: &str) -> Vec<String> {
    let first_word = |line: &str| {
        let line = line.trim_start_matches(['-', '*', '#', '|', ' ']);
        let id: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        (is_id(&id) && line[id.len()..].starts_with("**")).then_some(id)
    };
    page.lines().filter_map(first_word).collect()
}

/// `SIG-4`: two or more capitals, a hyphen, a number.
fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(chapter, number)| {
        chapter.len() >= 2
            && chapter.bytes().all(|b| b.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Words of `text` that look like an id of a chapter we have, but are not defined.
fn dangling(text: &str, rules: &BTreeMap<String, String>) -> Vec<String> {
    let chapter_of = |id: &str| id.split('-').next().unwrap_or_default().to_owned();
    let known: Vec<_> = rules.keys().map(|id| chapter_of(id)).collect();
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| is_id(word) && known.contains(&chapter_of(word)) && !rules.contains_key(*word))
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{dangling, definitions};
    use std::collections::BTreeMap;

    #[test]
    fn a_rule_begins_its_line_in_bold() {
        let page = "**SIG-1** text\n- **SIG-2** text\n### **PKG-10** title\nas **SIG-1** says\nSIG-3 plain\n";
        assert_eq!(definitions(page), ["SIG-1", "SIG-2", "PKG-10"]);
    }

    #[test]
    fn only_ids_of_known_chapters_can_dangle() {
        let rules = BTreeMap::from([("SIG-1".to_owned(), String::new())]);
        assert_eq!(dangling("SIG-1, SIG-2; SHA-256 and UTF-8", &rules), ["SIG-2"]);
    }
}
