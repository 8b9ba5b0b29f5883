//! What a run of digits can be. Each detector that could begin here is asked; those that need words beside them are asked last.

use super::{
    Hit, Text, address, card,
    context::{self, Context},
    date, document, iban, phone,
};
use crate::Kind;

/// The longest run of digits that anything is made of.
const DIGITS_MAX: usize = 20;

/// Asks all detectors about the run of digits that begins at `at`.
pub(super) fn find(text: Text<'_>, at: usize, context: &mut Context<'_>, out: &mut Vec<Hit>) {
    let length = text.digits(at, DIGITS_MAX + 21);
    if !text.begins_word(at) {
        out.extend(iban::find(text, at));
        if length <= DIGITS_MAX {
            document::find(text, at, length, context, out);
        }
        return;
    }
    if length > DIGITS_MAX || (length < 5 && is_alone(text, at + length, length)) {
        return;
    }
    let v4 = length <= 3 && text.at(at + length) == b'.';
    // The rest of a date, a time, a version: hardly anything begins there.
    if length < 12 && matches!(text.before(at, 1), b'-' | b'.' | b'/' | b':') && text.before(at, 2).is_ascii_digit() {
        out.extend(v4.then(|| address::v4(text, at, context)).flatten());
        return;
    }
    out.extend(card::find(text, at, length, context));
    out.extend(ssn(text, at, length, context));
    out.extend(v4.then(|| address::v4(text, at, context)).flatten());
    let date = date::date(text, at, length);
    out.extend(date.and_then(|(start, end)| date::find(text, start, end, context)));
    // Eight digits can be a date and a number.
    if date.is_none() || length == 8 {
        document::find(text, at, length, context, out);
    }
    out.extend(phone::find(text, at, length, context));
}

/// Whether nothing goes on behind a short number that anything is made of.
fn is_alone(text: Text<'_>, end: usize, length: usize) -> bool {
    let next = text.at(end + 1);
    match text.at(end) {
        b' ' | b',' | b')' => {
            let next = if next == b' ' { text.at(end + 2) } else { next };
            // Another group, or behind a day the name of a month.
            let month = length <= 2 && b"jfmasondJFMASOND".contains(&next);
            !(next.is_ascii_digit() || b"(-./".contains(&next) || month)
        }
        b'.' => !(next.is_ascii_digit() || (next == b' ' && text.at(end + 2).is_ascii_digit())),
        b'-' | b'/' | b'+' | b'_' | b'(' => !next.is_ascii_alphanumeric(),
        byte => !byte.is_ascii_alphanumeric(),
    }
}

/// `ddd-dd-dddd`, or another spelling with words beside it.
fn ssn(text: Text<'_>, at: usize, length: usize, context: &mut Context<'_>) -> Option<Hit> {
    let (area, group, serial, end, separator) = match length {
        9 => (at, at + 3, at + 5, at + 9, 0),
        3 => {
            let separator = text.at(at + 3);
            let shape = matches!(separator, b'-' | b' ' | b'.' | b'+')
                && text.digits(at + 4, 3) == 2
                && text.at(at + 6) == separator
                && text.digits(at + 7, 5) == 4;
            shape.then_some((at, at + 4, at + 7, at + 11, separator))?
        }
        _ => return None,
    };
    let follows = |byte: u8, next: u8| matches!(byte, b'-' | b'.') && next.is_ascii_digit();
    if !text.ends_word(end)
        || follows(text.at(end), text.at(end + 1))
        || follows(text.before(at, 1), text.before(at, 2))
    {
        return None;
    }
    let number = |start: usize, length: usize| &text.bytes[start..start + length];
    let (area, group, serial) = (number(area, 3), number(group, 2), number(serial, 4));
    if area == b"000" || area == b"666" || group == b"00" || serial == b"0000" {
        return None;
    }
    let certain = separator == b'-' && area[0] != b'9';
    (certain || context.has(context::SSN, at)).then(|| Hit::new(Kind::UsSsn, 0, at, end))
}
