//! Headings, their anchors, and the sections below them.

use crate::{document::Document, markdown::Heading};
use pulldown_cmark::{Event, Tag, TagEnd};
use std::collections::BTreeSet;

/// All headings in the order of the document.
pub fn outline(document: &Document) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut anchors = Anchors::default();
    let (mut in_heading, mut in_image) = (false, false);
    for (event, place) in document.events() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                in_heading = true;
                let line = document.line(place.start);
                headings.push(Heading {
                    level: level as u8,
                    title: String::new(),
                    anchor: String::new(),
                    line,
                });
            }
            Event::End(TagEnd::Heading(_)) => {
                in_heading = false;
                if let Some(heading) = headings.last_mut() {
                    heading.title = heading.title.trim().to_owned();
                    heading.anchor = anchors.next(&heading.title);
                }
            }
            Event::Start(Tag::Image { .. }) => in_image = true,
            Event::End(TagEnd::Image) => in_image = false,
            Event::Text(part) | Event::Code(part) if in_heading && !in_image => {
                append(&mut headings, &part)
            }
            Event::SoftBreak | Event::HardBreak if in_heading => append(&mut headings, " "),
            _ => {}
        }
    }
    headings
}

fn append(headings: &mut [Heading], part: &str) {
    if let Some(heading) = headings.last_mut() {
        heading.title.push_str(part);
    }
}

/// The part of the document that begins with the heading of this anchor and ends before the next one that is not deeper.
pub fn section<'t>(document: &Document<'t>, anchor: &str) -> Result<&'t str, String> {
    let headings = outline(document);
    let wanted = anchor.strip_prefix('#').unwrap_or(anchor);
    let Some(at) = headings.iter().position(|heading| heading.anchor == wanted) else {
        let known: Vec<_> = headings
            .iter()
            .map(|heading| heading.anchor.as_str())
            .collect();
        return Err(format!(
            "no heading has the anchor `{wanted}`; the anchors are: {}",
            known.join(", ")
        ));
    };
    let next = headings[at + 1..]
        .iter()
        .find(|heading| heading.level <= headings[at].level);
    Ok(document
        .lines(headings[at].line, next.map(|heading| heading.line))
        .trim_end())
}

/// Gives each heading an anchor that no other heading of the document has.
#[derive(Default)]
struct Anchors {
    used: BTreeSet<String>,
}

impl Anchors {
    /// Lower case, without punctuation, hyphens for spaces; a number is added to what was used before.
    fn next(&mut self, title: &str) -> String {
        let kept = title
            .chars()
            .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let plain: String = kept
            .flat_map(char::to_lowercase)
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let mut numbered = (1..).map(|number| format!("{plain}-{number}"));
        let mut anchor = plain.clone();
        while !self.used.insert(anchor.clone()) {
            anchor = numbered.next().unwrap_or_default();
        }
        anchor
    }
}

#[cfg(test)]
mod tests {
    use super::{outline, section};
    use crate::document::Document;

    #[track_caller]
    fn check(text: &str, expected: &[(u8, &str, &str, u32)]) {
        let found = outline(&Document::new(text));
        let found: Vec<_> = found
            .iter()
            .map(|h| (h.level, h.title.as_str(), h.anchor.as_str(), h.line))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn both_forms_of_headings_with_their_lines() {
        check(
            "# One\n\ntext\n\nTwo\n---\n",
            &[(1, "One", "one", 1), (2, "Two", "two", 5)],
        );
    }

    #[test]
    fn markup_is_left_out_of_titles() {
        check(
            "## The *best* `code` [link](x) ![logo](y)",
            &[(2, "The best code link", "the-best-code-link", 1)],
        );
    }

    #[test]
    fn anchors_are_formed_as_github_does() {
        check(
            "# What's new & next_up?",
            &[(1, "What's new & next_up?", "whats-new--next_up", 1)],
        );
        check("# Élan vital", &[(1, "Élan vital", "élan-vital", 1)]);
    }

    #[test]
    fn equal_titles_get_numbers() {
        check(
            "# A\n# A\n# A-1\n# A",
            &[
                (1, "A", "a", 1),
                (1, "A", "a-1", 2),
                (1, "A-1", "a-1-1", 3),
                (1, "A", "a-2", 4),
            ],
        );
    }

    #[test]
    fn what_only_looks_like_a_heading() {
        check("```\n# comment\n```\n\n    # indented\n\n\\# escaped", &[]);
        check(
            "---\ntitle: front matter\n---\n\n# Real",
            &[(1, "Real", "real", 5)],
        );
    }

    #[test]
    fn a_section_ends_before_the_next_heading_that_is_not_deeper() {
        let document = Document::new("# T\n\n## A\n\na\n\n### Deeper\n\nd\n\n## B\n\nb\n");
        assert_eq!(section(&document, "a"), Ok("## A\n\na\n\n### Deeper\n\nd"));
        assert_eq!(section(&document, "#b"), Ok("## B\n\nb"));
    }

    #[test]
    fn an_unknown_anchor_names_those_there_are() {
        let error = section(&Document::new("# One\n# Two"), "three").unwrap_err();
        assert_eq!(
            error,
            "no heading has the anchor `three`; the anchors are: one, two"
        );
    }
}
