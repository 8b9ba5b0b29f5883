//! What single characters are in the normal form. The tables are of Unicode 16; tests compare them with another implementation.

use std::sync::LazyLock;
use unicode_normalization::char::decompose_compatible;

/// What a character is worth to the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// Itself.
    Other,
    /// A format character: gone.
    Gone,
    /// A combining mark: gone behind a digit.
    Mark,
    /// A space, a dash, or another sign that is a disguise only beside a digit.
    Weak,
    /// A letter, a digit or a sign of addresses in disguise.
    Strong,
}

/// A few ASCII characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ascii {
    bytes: [u8; 18],
    length: u8,
}

impl Ascii {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn one(byte: u8) -> Self {
        let mut bytes = [0; 18];
        bytes[0] = byte;
        Self { bytes, length: 1 }
    }
}

/// The classes of the first plane, by character.
static FIRST_PLANE: LazyLock<Box<[Class]>> =
    LazyLock::new(|| (0..0x1_0000).map(|number| char::from_u32(number).map_or(Class::Other, judge)).collect());

pub(super) fn class(character: char) -> Class {
    match u32::from(character) {
        0..0x80 => Class::Other,
        number @ 0x80..0x1_0000 => FIRST_PLANE[number as usize],
        // Ideographs, and pictures.
        0x1f300..0x1fb00 | 0x20000..0xe0000 => Class::Other,
        _ => judge(character),
    }
}

fn judge(character: char) -> Class {
    if character.is_ascii() {
        return Class::Other;
    }
    if is_format(character) {
        return Class::Gone;
    }
    if matches!(character, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}') {
        return Class::Mark;
    }
    match ascii(character) {
        None => Class::Other,
        Some(text) if text.as_bytes().iter().any(|byte| byte.is_ascii_alphanumeric() || b"@:%".contains(byte)) => {
            Class::Strong
        }
        Some(_) => Class::Weak,
    }
}

/// What a character is when it is ASCII in disguise.
pub(super) fn ascii(character: char) -> Option<Ascii> {
    if let Some(digit) = digit(character) {
        return Some(Ascii::one(b'0' + digit));
    }
    if matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}') {
        return Some(Ascii::one(b'-'));
    }
    if character.is_whitespace() {
        return Some(Ascii::one(b' '));
    }
    let mut text = Ascii { bytes: [0; 18], length: 0 };
    let mut whole = true;
    decompose_compatible(character, |part| {
        let room = text.bytes.get_mut(usize::from(text.length));
        match (u8::try_from(part).ok().filter(u8::is_ascii), room) {
            (Some(byte), Some(place)) => {
                *place = byte;
                text.length += 1;
            }
            _ => whole = false,
        }
    });
    (whole && !character.is_ascii()).then_some(text)
}

/// The zeros of all decimal digits outside ASCII (general category Nd); nine more follow each of them.
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
    0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0,
    0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950,
    0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
    0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

fn digit(character: char) -> Option<u8> {
    let number = u32::from(character);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= number)].last()?;
    u8::try_from(number - zero).ok().filter(|digit| *digit < 10)
}

/// Characters that show nothing: format characters (general category Cf), variation selectors, fillers and other ignorable ones.
fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::{Class, ascii, class, digit};
    use regex::Regex;

    fn all() -> impl Iterator<Item = char> {
        ('\u{80}'..=char::MAX).filter(|character| !matches!(u32::from(*character), 0xe000..0xf900 | 0xf0000..))
    }

    fn is(property: &str) -> impl Fn(char) -> bool {
        let property = Regex::new(property).unwrap();
        move |character: char| property.is_match(character.encode_utf8(&mut [0; 4]))
    }

    #[test]
    fn digits_are_those_of_another_table() {
        let decimal = is(r"\p{Nd}");
        for character in all() {
            assert_eq!(digit(character).is_some(), decimal(character), "{:x}", u32::from(character));
        }
        assert_eq!(digit('\u{669}'), Some(9));
    }

    #[test]
    fn format_characters_are_those_of_another_table() {
        let format = is(r"[\p{Cf}\p{Default_Ignorable_Code_Point}]");
        for character in all().filter(|character| format(*character)) {
            assert_eq!(class(character), Class::Gone, "{:x}", u32::from(character));
        }
    }

    #[test]
    fn letters_of_other_alphabets_are_themselves() {
        for character in "éßжλ漢字あ한ا€“”’😀".chars() {
            assert_eq!(class(character), Class::Other, "{character}");
        }
        for (disguised, plain) in [('Ａ', "A"), ('ﬁ', "fi"), ('＠', "@"), ('①', "1"), ('𝐤', "k"), ('\u{212a}', "K")]
        {
            assert_eq!(class(disguised), Class::Strong, "{disguised}");
            assert_eq!(ascii(disguised).unwrap().as_bytes(), plain.as_bytes());
        }
    }
}
