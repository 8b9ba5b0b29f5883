//! Rules of the specification: each has an id of its own, whoever names an id names one that exists, and each is asked about somewhere.

use crate::{
    findings::{Finding, Findings},
    tree::Tree,
};
use std::collections::{BTreeMap, BTreeSet};

/// This file, whose tests name rules without asking about them.
const OWN_FILE: &str = "toolchain/xtask/src/spec_rules.rs";
/// The chapters in which a rule that nobody asks about is a finding.
const ASKED: [&str; 4] = ["CONS", "IDX", "PKG", "SIG"];

/// Ids in `spec/*.md` are unique, every id that a page or a source names is defined, and every rule of a chapter in [`ASKED`] is named by a
/// conformance case or a test.
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
    findings.extend(unasked(tree, &rules)?);
    Ok(findings)
}

/// Rules that no case gives as its reason and no test names.
fn unasked(tree: &Tree, rules: &BTreeMap<String, String>) -> anyhow::Result<Findings> {
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for path in tree.files() {
        if path.starts_with("conformance/vectors/") && path.ends_with("/case.json") {
            asked.extend(ids(&reason(&tree.text(path)?.unwrap_or_default())));
        } else if path.ends_with(".rs") && path != OWN_FILE {
            asked.extend(ids(tests_of(path, &tree.text(path)?.unwrap_or_default())));
        }
    }
    let missing = rules.iter().filter(|(id, _)| ASKED.contains(&chapter_of(id)) && !asked.contains(*id));
    let finding = |(id, page): (&String, &String)| {
        Finding::new(page, format!("no case and no test names `{id}`"), "name it where it is asked, or ask about it")
    };
    Ok(missing.map(finding).collect())
}

/// Why a case is there.
fn reason(case: &str) -> String {
    let case: serde_json::Value = serde_json::from_str(case).unwrap_or_default();
    case["why"].as_str().unwrap_or_default().to_owned()
}

/// The part of a source that is a test.
fn tests_of<'a>(path: &str, text: &'a str) -> &'a str {
    if path.contains("/tests/") || path.ends_with("tests.rs") {
        return text;
    }
    text.find("#[cfg(test)]").map_or("", |at| &text[at..])
}

/// The words of a text that look like ids.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| is_id(word)).map(ToOwned::to_owned).collect()
}

fn chapter_of(id: &str) -> &str {
    id.split('-').next().unwrap_or_default()
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
    let known: Vec<_> = rules.keys().map(|id| chapter_of(id)).collect();
    let mut named = ids(text);
    named.retain(|id| known.contains(&chapter_of(id)) && !rules.contains_key(id));
    named
}

#[cfg(test)]
mod tests {
    use super::{dangling, definitions, ids, reason, tests_of};
    use std::collections::BTreeMap;

    #[test]
    fn a_rule_begins_its_line_in_bold() {
        let page = "**SIG-1** text\n- **SIG-2** text\n### **PKG-10** title\nas **SIG-1** says\nSIG-3 plain\n";
        assert_eq!(definitions(page), ["SIG-1", "SIG-2", "PKG-10"]);
    }

    #[test]
    fn a_rule_is_asked_about_by_reasons_and_tests() {
        assert_eq!(ids(&reason(r#"{"why":"two at once (SIG-1, PKG-2)","twin":"SIG-3"}"#)), ["SIG-1", "PKG-2"]);
        assert_eq!(ids(tests_of("a/src/b.rs", "//! SIG-1\n#[cfg(test)]\nmod tests { /* SIG-2 */ }")), ["SIG-2"]);
        assert_eq!(ids(tests_of("a/src/b.rs", "//! SIG-1")), [""; 0]);
        assert_eq!(ids(tests_of("a/tests/b.rs", "//! SIG-1")), ["SIG-1"]);
        assert_eq!(ids(tests_of("a/src/b/tests.rs", "//! SIG-1")), ["SIG-1"]);
    }

    #[test]
    fn only_ids_of_known_chapters_can_dangle() {
        let rules = BTreeMap::from([("SIG-1".to_owned(), String::new())]);
        assert_eq!(dangling("SIG-1, SIG-2; SHA-256 and UTF-8", &rules), ["SIG-2"]);
    }
}
