//! The normal form of a text, made only where it differs in a way that matters, and the way back to the original spans (PRIV-10, PRIV-11).

mod chars;
pub(crate) mod encoded;
pub(crate) mod marks;
pub(crate) mod views;

use chars::Class;
use std::ops::Range;

/// At most so many characters that do not count are taken out in a row (PRIV-12).
const GONE_MAX: usize = 32;

/// A stretch of a text in its normal form.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    /// The normal form.
    pub(crate) bytes: Vec<u8>,
    /// What its bytes come from, in rising order, without gaps.
    sources: Vec<Source>,
    /// Where the stretch stands.
    stretch: Range<usize>,
}

/// Where some bytes of the normal form come from.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// The first of these bytes.
    at: u32,
    /// Where its original begins, from the beginning of the stretch.
    start: u32,
    /// How long the original of all of them is; nothing where each has one of its own, one byte long.
    length: Option<u8>,
}

/// How far from the end of a stretch a finding counts.
const EDGE: usize = 128;

impl Shadow {
    /// The normal form of `bytes[stretch]`.
    pub(crate) fn of(bytes: &[u8], stretch: Range<usize>) -> Self {
        let part = &bytes[stretch.clone()];
        let mut shadow = Self { stretch, ..Self::default() };
        shadow.bytes.reserve(part.len());
        let (mut place, mut gone) = (0, 0);
        while place < part.len() {
            let plain = part[place..].iter().take_while(|byte| is_plain(**byte)).count();
            if plain > 0 {
                shadow.push_plain(&part[place..place + plain], place);
                (place, gone) = (place + plain, 0);
                continue;
            }
            let (read, length) = read(&part[place..]);
            match read {
                Read::Gone if gone < GONE_MAX => gone += 1,
                Read::Gone => shadow.push(b"\0", place, length),
                Read::Mark if shadow.bytes.last().is_some_and(u8::is_ascii_digit) && gone < GONE_MAX => gone += 1,
                Read::Mark | Read::Same => {
                    shadow.push(&part[place..place + length], place, length);
                    gone = 0;
                }
                Read::Ascii(text) => {
                    shadow.push(text.as_bytes(), place, length);
                    gone = 0;
                }
                Read::Byte(byte) => {
                    shadow.push(&[byte], place, length);
                    gone = 0;
                }
            }
            place += length;
        }
        shadow
    }

    fn push_plain(&mut self, text: &[u8], place: usize) {
        self.sources.push(Source { at: number(self.bytes.len()), start: number(place), length: None });
        self.bytes.extend_from_slice(text);
    }

    fn push(&mut self, text: &[u8], place: usize, length: usize) {
        let length = Some(u8::try_from(length).unwrap_or(u8::MAX));
        self.sources.push(Source { at: number(self.bytes.len()), start: number(place), length });
        self.bytes.extend_from_slice(text);
    }

    /// The original span of a finding; nothing at the ends of the stretch, where it could be the rest of something longer. There it is
    /// found without disguise, or not at all.
    pub(crate) fn original_of_whole(&self, bytes: &[u8], span: Range<usize>) -> Option<Range<usize>> {
        let cut_before = self.stretch.start > 0 && span.start < EDGE;
        let cut_after = self.stretch.end < bytes.len() && span.end > self.bytes.len().saturating_sub(EDGE);
        (!cut_before && !cut_after).then(|| self.original(span))
    }

    /// The original span of a span of the normal form.
    pub(crate) fn original(&self, span: Range<usize>) -> Range<usize> {
        let start = self.original_of(span.start).start;
        let end = self.original_of(span.end - 1).end;
        self.stretch.start + start..self.stretch.start + end
    }

    /// Where the original of one byte stands, from the beginning of the stretch.
    fn original_of(&self, place: usize) -> Range<usize> {
        let after = self.sources.partition_point(|source| source.at as usize <= place);
        let Some(source) = self.sources[..after].last() else { return 0..0 };
        let start = source.start as usize;
        match source.length {
            Some(length) => start..start + usize::from(length),
            None => {
                let start = start + place - source.at as usize;
                start..start + 1
            }
        }
    }
}

/// A place in a stretch, which is a part of a text, and texts are bounded far below 4 GiB.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Whether a byte is itself in the normal form, whatever follows.
fn is_plain(byte: u8) -> bool {
    byte < 0x80 && byte != b'%' && byte != b'\\'
}

/// What one character of a text is in the normal form.
enum Read {
    /// What it is.
    Same,
    /// Nothing.
    Gone,
    /// A combining mark: nothing behind a digit.
    Mark,
    /// These characters.
    Ascii(chars::Ascii),
    /// The byte that it encodes.
    Byte(u8),
}

/// Reads the first character of a text that is not empty, and how long it is. Bytes that are not UTF-8 are what they are.
fn read(part: &[u8]) -> (Read, usize) {
    match part[0] {
        b'%' => match percent(part) {
            Some(byte) => (Read::Byte(byte), 3),
            None => (Read::Same, 1),
        },
        b'\\' => match escape(part) {
            Some(character) => (normal(character), 6),
            None => (Read::Same, 1),
        },
        byte if byte < 0x80 => (Read::Same, 1),
        _ => match character(part) {
            Some(character) => (normal(character), character.len_utf8()),
            None => (Read::Same, 1),
        },
    }
}

fn normal(character: char) -> Read {
    match chars::class(character) {
        Class::Other if character.is_ascii() => Read::Byte(character as u8),
        Class::Other => Read::Same,
        Class::Gone => Read::Gone,
        Class::Mark => Read::Mark,
        Class::Strong | Class::Weak => chars::ascii(character).map_or(Read::Same, Read::Ascii),
    }
}

/// The byte of `%41`.
fn percent(part: &[u8]) -> Option<u8> {
    let high = char::from(*part.get(1)?).to_digit(16)?;
    let low = char::from(*part.get(2)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// The character of `\u0041`.
fn escape(part: &[u8]) -> Option<char> {
    let digits = part.get(2..6).filter(|_| part[1] == b'u')?;
    let number = digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))?;
    char::from_u32(number)
}

/// The first character of a text, when it is valid UTF-8.
fn character(part: &[u8]) -> Option<char> {
    let tail = |place: usize| part.get(place).filter(|byte| **byte & 0xc0 == 0x80).map(|byte| u32::from(byte & 0x3f));
    // Two and three bytes are nearly all there are; a surrogate is no character, and a longer form than is needed is none either.
    match part[0] {
        first @ 0..0x80 => Some(char::from(first)),
        first @ 0xc2..0xe0 => char::from_u32(u32::from(first & 0x1f) << 6 | tail(1)?),
        first @ 0xe0..0xf0 => {
            let number = u32::from(first & 0x0f) << 12 | tail(1)? << 6 | tail(2)?;
            char::from_u32(number).filter(|_| number >= 0x800)
        }
        0xf0..0xf5 => std::str::from_utf8(part.get(..4)?).ok()?.chars().next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Shadow;

    fn check(text: &str, normal: &str) {
        let shadow = Shadow::of(text.as_bytes(), 0..text.len());
        assert_eq!(String::from_utf8_lossy(&shadow.bytes), normal, "{text:?}");
    }

    #[test]
    fn forms_digits_dashes_spaces_and_encodings_become_ascii() {
        // PRIV-10, PRIV-11
        check("４１１１＠ｅｘ．ｃｏｍ", "4111@ex.com");
        check("٤١١١ ४१११ 𝟜𝟙𝟙𝟙", "4111 4111 4111");
        check("4\u{200b}1\u{ad}1\u{2060}1", "4111");
        check("1\u{fe0f}\u{20e3}2\u{336}", "12");
        check("12–34‑56\u{a0}78\u{202f}9", "12-34-56 78 9");
        check("a%40b.c %zz \\u0040 \\u200b|\\n", "a@b.c %zz @ |\\n");
        check("é ж 漢 “quoted” e\u{301}", "é ж 漢 “quoted” e\u{301}");
    }

    #[test]
    fn too_many_format_characters_separate() {
        // PRIV-12
        let gap = |count: usize| format!("4{}1", "\u{200b}".repeat(count));
        check(&gap(32), "41");
        check(&gap(34), "4\x00\x001");
    }

    #[test]
    fn spans_lead_back_to_whole_characters() {
        let text = "x４\u{200b}１y…z";
        let shadow = Shadow::of(text.as_bytes(), 0..text.len());
        assert_eq!(shadow.bytes, b"x41y...z");
        assert_eq!(&text[shadow.original(1..3)], "４\u{200b}１");
        assert_eq!(&text[shadow.original(5..6)], "…");
        assert_eq!(&text[shadow.original(0..8)], text);
    }

    #[test]
    fn bytes_that_are_not_utf_8_stay() {
        let bytes = b"a\xff\xc3b\xe2\x80";
        assert_eq!(Shadow::of(bytes, 0..bytes.len()).bytes, bytes);
    }
}
