//! A Markdown document: its text, its events, and the line that each of them stands on.

use pulldown_cmark::{Event, Options, Parser};
use std::ops::Range;

/// Markdown as GitHub reads it, with front matter recognised instead of being taken for a heading.
const DIALECT: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_GFM)
    .union(Options::ENABLE_YAML_STYLE_METADATA_BLOCKS);

/// A text with the offsets at which its lines begin.
pub struct Document<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
}

impl<'t> Document<'t> {
    /// Reads a text. Every text is a Markdown document.
    pub fn new(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// What the parser finds, each with its place in the text.
    pub fn events(&self) -> impl Iterator<Item = (Event<'t>, Range<usize>)> + use<'t> {
        Parser::new_ext(self.text, DIALECT).into_offset_iter()
    }

    /// The line of an offset; the first line is 1.
    pub fn line(&self, offset: usize) -> u32 {
        self.line_starts.partition_point(|&start| start <= offset) as u32
    }

    /// The text from the beginning of one line up to the beginning of another, or to the end.
    pub fn lines(&self, first: u32, end: Option<u32>) -> &'t str {
        let start_of = |line: u32| self.line_starts[line as usize - 1];
        &self.text[start_of(first)..end.map_or(self.text.len(), start_of)]
    }
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn lines_count_from_one() {
        let document = Document::new("a\nbc\n\nd");
        assert_eq!(
            [0, 1, 2, 5, 6].map(|offset| document.line(offset)),
            [1, 1, 2, 3, 4]
        );
    }

    #[test]
    fn lines_are_cut_at_their_beginnings() {
        let document = Document::new("a\nbc\nd");
        assert_eq!(document.lines(2, Some(3)), "bc\n");
        assert_eq!(document.lines(2, None), "bc\nd");
    }
}
