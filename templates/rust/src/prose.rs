//! The text without its markup, and figures about it.

use crate::{document::Document, markdown::Figures};
use pulldown_cmark::{Event, Tag, TagEnd};

/// How fast people read, in words a minute.
const READING_SPEED: u32 = 220;

/// Whether code blocks belong to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CodeBlocks {
    /// For somebody who reads everything.
    Keep,
    /// For counting words.
    Skip,
}

/// One line for each paragraph, list item, table row and line of code.
pub fn plain_text(document: &Document, code_blocks: CodeBlocks) -> String {
    let mut text = String::new();
    let mut hidden = false;
    for (event, _) in document.events() {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => hidden = true,
            Event::Start(Tag::CodeBlock(_)) => {
                end_line(&mut text);
                hidden = code_blocks == CodeBlocks::Skip;
            }
            Event::End(TagEnd::MetadataBlock(_) | TagEnd::CodeBlock) => {
                hidden = false;
                end_line(&mut text);
            }
            Event::Text(part) | Event::Code(part) if !hidden => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(TagEnd::TableCell) => text.push('\t'),
            Event::Start(tag) if is_block(&tag.to_end()) => end_line(&mut text),
            Event::End(tag) if is_block(&tag) => end_line(&mut text),
            _ => {}
        }
    }
    end_line(&mut text);
    text
}

fn is_block(tag: &TagEnd) -> bool {
    let inline = matches!(
        tag,
        TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image
            | TagEnd::TableCell
    );
    !inline
}

fn end_line(text: &mut String) {
    text.truncate(text.trim_end_matches([' ', '\t']).len());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Counts what is in the document.
pub fn stats(document: &Document) -> Figures {
    let prose = plain_text(document, CodeBlocks::Skip);
    let words = prose
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .count() as u32;
    let reading_minutes = words.div_ceil(READING_SPEED);
    let mut stats = Figures {
        words,
        reading_minutes,
        headings: 0,
        links: 0,
        code_blocks: 0,
        tables: 0,
    };
    for (event, _) in document.events() {
        match event {
            Event::Start(Tag::Heading { .. }) => stats.headings += 1,
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => stats.links += 1,
            Event::Start(Tag::CodeBlock(_)) => stats.code_blocks += 1,
            Event::Start(Tag::Table(_)) => stats.tables += 1,
            _ => {}
        }
    }
    stats
}

#[cfg(test)]
mod tests {
    use super::{CodeBlocks, Figures, plain_text, stats};
    use crate::document::Document;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain_text(&Document::new(text), CodeBlocks::Keep), expected);
    }

    #[test]
    fn paragraphs_become_lines() {
        check(
            "# Title\n\nOne *strong*\nline with [a link](x).\n\n> Quoted",
            "Title\nOne strong line with a link.\nQuoted\n",
        );
    }

    #[test]
    fn lists_tables_and_code_keep_their_lines() {
        check("- a\n- b\n  - c\n- [x] d", "a\nb\nc\nd\n");
        check("| x | y |\n|---|---|\n| 1 |   |\n", "x\ty\n1\n");
        check("```\nlet a;\n  b\n```\nafter", "let a;\n  b\nafter\n");
    }

    #[test]
    fn front_matter_and_html_are_no_text() {
        check(
            "---\ntitle: x\n---\n\n<div>\n\nHello <b>you</b>\n\n</div>\n",
            "Hello you\n",
        );
        check("", "");
    }

    #[test]
    fn figures() {
        let text = "# A b\n\nc -- d\n\n```\nnot counted\n```\n\n[e](f)\n\n| g |\n|---|\n| h |\n";
        let expected = Figures {
            words: 7,
            reading_minutes: 1,
            headings: 1,
            links: 1,
            code_blocks: 1,
            tables: 1,
        };
        assert_eq!(stats(&Document::new(text)), expected);
        assert_eq!(
            stats(&Document::new(&"word ".repeat(221))).reading_minutes,
            2
        );
        assert_eq!(stats(&Document::new("")).reading_minutes, 0);
    }
}
