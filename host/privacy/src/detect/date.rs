//! Dates of birth: a date in one of the usual spellings, with words beside it that say birth.

use super::{
    Hit, Text,
    context::{self, Context},
};
use crate::Kind;

const MONTHS: &[&[u8]] = &[
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
    b"jan",
    b"feb",
    b"mar",
    b"apr",
    b"jun",
    b"jul",
    b"aug",
    b"sep",
    b"sept",
    b"oct",
    b"nov",
    b"dec",
];
/// How far behind a date its words may stand.
const AFTER: usize = 24;

/// A date that stands at `start..end`.
pub(super) fn find(text: Text<'_>, start: usize, end: usize, context: &mut Context<'_>) -> Option<Hit> {
    let whole = text.begins_word(start) && text.ends_word(end);
    let said = whole && (context.has(context::BIRTH, start) || context.follows(context::BIRTH, end, AFTER));
    said.then(|| Hit::new(Kind::BirthDate, 0, start, end))
}

/// Where a date stands whose first digit is at `at`, whatever it is the date of.
pub(super) fn date(text: Text<'_>, at: usize, length: usize) -> Option<(usize, usize)> {
    match length {
        1 | 2 => day_first(text, at, length)
            .or_else(|| month_before(text, at, length))
            .or_else(|| month_after(text, at, length)),
        4 => year_first(text, at),
        8 => (is_year(text, at, 4) && is_pair(text, at + 4, at + 6)).then_some((at, at + 8)),
        _ => None,
    }
}

fn number(text: Text<'_>, at: usize, length: usize) -> usize {
    text.bytes[at..at + length].iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

fn is_year(text: Text<'_>, at: usize, length: usize) -> bool {
    length == 2 || (length == 4 && (1850..2100).contains(&number(text, at, 4)))
}

/// Whether two numbers of two digits are a month and a day, in this order.
fn is_pair(text: Text<'_>, month: usize, day: usize) -> bool {
    (1..=12).contains(&number(text, month, 2)) && (1..=31).contains(&number(text, day, 2))
}

/// `23/3/1940`, `3-23-40`, `23. 3. 1940`.
fn day_first(text: Text<'_>, at: usize, length: usize) -> Option<(usize, usize)> {
    let separator = text.at(at + length);
    if !matches!(separator, b'/' | b'.' | b'-' | b' ') {
        return None;
    }
    let space = usize::from(separator == b'.' && text.at(at + length + 1) == b' ');
    let second = at + length + 1 + space;
    let second_length = text.digits(second, 3);
    if !(1..=2).contains(&second_length) || text.at(second + second_length) != separator {
        return None;
    }
    let year = second + second_length + 1 + space;
    let year_length = text.digits(year, 5);
    let (first, other) = (number(text, at, length), number(text, second, second_length));
    let possible = (1..=31).contains(&first) && (1..=31).contains(&other) && first.min(other) <= 12;
    (possible && is_year(text, year, year_length)).then_some((at, year + year_length))
}

/// `1940-03-23`.
fn year_first(text: Text<'_>, at: usize) -> Option<(usize, usize)> {
    let separator = text.at(at + 4);
    let month_length = text.digits(at + 5, 3);
    let day = at + 6 + month_length;
    let day_length = text.digits(day, 3);
    let shape = matches!(separator, b'-' | b'/' | b'.')
        && (1..=2).contains(&month_length)
        && text.at(day - 1) == separator
        && (1..=2).contains(&day_length);
    let possible = shape
        && is_year(text, at, 4)
        && (1..=12).contains(&number(text, at + 5, month_length))
        && (1..=31).contains(&number(text, day, day_length));
    possible.then_some((at, day + day_length))
}

/// `March 23, 1940`.
fn month_before(text: Text<'_>, at: usize, length: usize) -> Option<(usize, usize)> {
    let end = at + length + ordinal(text, at + length);
    let comma = (0..2).take_while(|ahead| matches!(text.at(end + ahead), b' ' | b',')).count();
    let year = end + comma;
    if comma == 0 || text.digits(year, 5) != 4 || !is_year(text, year, 4) {
        return None;
    }
    let gap = (1..=2).take_while(|back| matches!(text.before(at, *back), b' ' | b'.')).count();
    let name = (1..=10).take_while(|back| text.before(at - gap, *back).is_ascii_alphabetic()).count();
    let start = at - gap - name;
    (gap > 0 && is_month(&text.bytes[start..start + name])).then_some((start, year + 4))
}

/// `23 March 1940`, `23rd of March, 1940`, `23-Mar-1940`.
fn month_after(text: Text<'_>, at: usize, length: usize) -> Option<(usize, usize)> {
    let mut place = at + length;
    place += ordinal(text, place);
    place += gap(text, place);
    if text.bytes.get(place..place + 3) == Some(b"of ") {
        place += 3;
    }
    let name = (0..10).take_while(|ahead| text.at(place + ahead).is_ascii_alphabetic()).count();
    if !is_month(text.bytes.get(place..place + name)?) {
        return None;
    }
    place += name;
    place += gap(text, place);
    (text.digits(place, 5) == 4 && is_year(text, place, 4)).then_some((at, place + 4))
}

fn gap(text: Text<'_>, place: usize) -> usize {
    (0..2).take_while(|ahead| matches!(text.at(place + ahead), b' ' | b',' | b'.' | b'-' | b'/')).count()
}

fn ordinal(text: Text<'_>, place: usize) -> usize {
    let ending = [text.at(place).to_ascii_lowercase(), text.at(place + 1).to_ascii_lowercase()];
    if matches!(&ending, b"st" | b"nd" | b"rd" | b"th") { 2 } else { 0 }
}

fn is_month(name: &[u8]) -> bool {
    (3..=9).contains(&name.len()) && MONTHS.iter().any(|month| month.eq_ignore_ascii_case(name))
}
