//! Values that are assigned to a word such as `password`: `password = "…"`, `"apiKey": "…"`, `--token=…`.

use super::{ASSIGNED, Text, entropy, structured::is_stand_in};

/// What kind of value a word announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Chosen by a person: short, and anything.
    Password,
    /// Made by a machine: long and random.
    Key,
}

/// The words, in lower case.
pub(super) const WORDS: &[(&str, Word)] = &[
    ("password", Word::Password),
    ("passwd", Word::Password),
    ("passphrase", Word::Password),
    ("passwort", Word::Password),
    ("pwd", Word::Password),
    ("secret", Word::Key),
    ("token", Word::Key),
    ("api_key", Word::Key),
    ("api-key", Word::Key),
    ("apikey", Word::Key),
    ("access_key", Word::Key),
    ("accesskey", Word::Key),
    ("private_key", Word::Key),
    ("account_key", Word::Key),
    ("credential", Word::Key),
    ("auth_key", Word::Key),
];

/// What may stand between the word and the sign: the rest of a name.
const NAME_MAX: usize = 16;
const VALUE_MAX: usize = 200;

/// The rule's index, and where the value stands that is assigned to the word at `start..end`.
pub(super) fn find(word: Word, text: Text<'_>, start: usize, end: usize) -> Option<(usize, usize, usize)> {
    let before = text.before(start, 1);
    if before.is_ascii_alphabetic() && !text.begins_word(start) && text.at(start).is_ascii_lowercase() {
        return None;
    }
    let place = assignment(text, end)?;
    let (place, quoted) = opening(text, place);
    let end = value_end(text, place, quoted);
    let call = matches!(text.at(end), b'(' | b'[' | b':') || (text.at(end) == b'<');
    (!call && is_value(word, &text.bytes[place..end], quoted)).then_some((ASSIGNED, place, end))
}

/// Behind the sign that assigns.
fn assignment(text: Text<'_>, end: usize) -> Option<usize> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let name = (0..NAME_MAX).take_while(|ahead| is_name(text.at(end + ahead))).count();
    let mut place = end + name;
    while matches!(text.at(place), b'"' | b'\'' | b'\\') && place < end + name + 2 {
        place += 1;
    }
    place = spaces(text, place);
    let sign = match (text.at(place), text.at(place + 1)) {
        (b'=', b'=') | (b':', b':') => return None,
        (b':', b'=') | (b'=', b'>') => 2,
        (b'=' | b':', _) => 1,
        _ => return None,
    };
    Some(spaces(text, place + sign))
}

fn spaces(text: Text<'_>, place: usize) -> usize {
    place + (0..3).take_while(|ahead| text.at(place + ahead) == b' ').count()
}

/// Behind the quotation mark, and which one it was.
fn opening(text: Text<'_>, place: usize) -> (usize, bool) {
    let escaped = usize::from(text.at(place) == b'\\' && matches!(text.at(place + 1), b'"' | b'\''));
    let quoted = matches!(text.at(place + escaped), b'"' | b'\'' | b'`');
    (place + escaped + usize::from(quoted), quoted)
}

fn value_end(text: Text<'_>, start: usize, quoted: bool) -> usize {
    let rest = &text.bytes[start..text.bytes.len().min(start + VALUE_MAX)];
    let ends = |byte: &u8| {
        !byte.is_ascii_graphic()
            || matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'<' | b'>')
            || (!quoted && matches!(byte, b',' | b';' | b')' | b'(' | b']' | b'[' | b'}' | b'{' | b'&' | b'|'))
    };
    start + rest.iter().take_while(|byte| !ends(byte)).count()
}

fn is_value(word: Word, value: &[u8], quoted: bool) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let signs =
        value.iter().any(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-' | b'.' | b'/' | b':'));
    let classes = usize::from(digits > 0) + usize::from(lower) + usize::from(upper) + usize::from(signs);
    let entropy = entropy::tenths_of_bits(value);
    // A path of code or of files; keys can begin with a slash too, but vary more.
    let path = value.windows(2).any(|pair| pair == b"::")
        || value.windows(3).any(|three| three == b"://")
        || value.starts_with(b"./")
        || (value.starts_with(b"/") && entropy < 43);
    let varied = match word {
        Word::Password => {
            value.len() >= 8 && classes >= if quoted { 2 } else { 3 } && (digits > 0 || signs) && entropy >= 25
        }
        Word::Key => {
            value.len() >= 16
                && digits >= 2
                && (lower || upper)
                && classes >= if quoted { 2 } else { 3 }
                && entropy >= 32
        }
    };
    varied && !path && !is_stand_in(value) && !is_public(value)
}

/// A UUID, or a digest that says which one it is: names of things, and no secrets.
fn is_public(value: &[u8]) -> bool {
    let is_uuid = value.len() == 36
        && value.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_uuid || value.starts_with(b"sha256") || value.starts_with(b"sha512")
}

/// A text whose field is named by a word, taken as its value.
pub(super) fn by_field(text: Text<'_>) -> Option<(usize, usize)> {
    if text.field.is_empty() || text.bytes.len() > VALUE_MAX {
        return None;
    }
    let field = text.field.to_ascii_lowercase();
    let word = WORDS
        .iter()
        .filter(|(word, _)| memchr::memmem::find(&field, word.as_bytes()).is_some())
        .map(|(_, word)| *word)
        .next()?;
    let graphic = text.bytes.iter().all(u8::is_ascii_graphic);
    (graphic && is_value(word, text.bytes, true)).then_some((0, text.bytes.len()))
}
