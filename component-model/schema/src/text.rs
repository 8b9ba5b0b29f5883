//! Which characters a text may hold that a person or a model will read.
//!
//! Instructions can hide in characters that nobody sees. This says what is hidden; refusing is left to the reader of a document.

/// The first character of `text` that people would not see, or that would change how the rest looks.
///
/// Refused: C0 and C1 controls other than tab and line feed, bidirectional controls, zero-width and other format characters,
/// tag characters, variation selectors, private use and noncharacters.
pub fn hidden_character(text: &str) -> Option<char> {
    text.chars().find(|&c| is_hidden(c))
}

fn is_hidden(c: char) -> bool {
    let control = c.is_control() && c != '\n' && c != '\t';
    let format = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    let noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe;
    control || format || private || noncharacter
}

/// `text` with everything that [`hidden_character`] finds, and line feeds, written as escapes: safe for one line of a terminal.
pub fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| if is_hidden(c) || c == '\n' || c == '\t' { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// How much of a text that somebody else wrote an error repeats, in characters.
const EXCERPT_CHARS_MAX: usize = 300;

/// The beginning of `text`, [`escaped`]: what an error repeats of a text that may be as long as its writer liked.
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => escaped(&text[..end]) + "…",
        None => escaped(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, excerpt, hidden_character};

    #[track_caller]
    fn check(text: &str, expected: Option<char>) {
        assert_eq!(hidden_character(text), expected, "{}", text.escape_unicode());
    }

    #[test]
    fn what_people_write_passes() {
        check("Lists headings.\n\tNaïve café, 日本語, عربى, 🙂 ok", None);
    }

    #[test]
    fn each_hidden_class_is_found() {
        for hidden in [
            '\u{0}',
            '\u{1b}',
            '\r',
            '\u{9b}',
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{feff}',
            '\u{e0041}',
            '\u{e001}',
            '\u{ffff}',
        ] {
            check(&format!("a{hidden}b"), Some(hidden));
        }
    }

    #[test]
    fn escaped_text_stays_on_its_line() {
        assert_eq!(escaped("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
    }

    #[test]
    fn an_excerpt_is_short_whatever_it_is_made_of() {
        assert_eq!(excerpt("short\n"), "short\\n");
        assert_eq!(excerpt(&"ä".repeat(300)), "ä".repeat(300));
        assert_eq!(excerpt(&"ä".repeat(301)), "ä".repeat(300) + "…");
        assert!(excerpt(&"\u{e0041}".repeat(1 << 20)).len() < 4096);
    }
}
