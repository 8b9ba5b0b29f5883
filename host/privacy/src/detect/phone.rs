//! Telephone numbers: spellings that are hardly anything else, and others when words beside them say so.

use super::{
    Hit, Text, address,
    context::{self, Context},
    date,
};
use crate::Kind;

const DIGITS_MIN: usize = 7;
/// In several groups, fewer are enough.
const GROUPED_MIN: usize = 6;
/// E.164.
const DIGITS_MAX: usize = 15;
const GROUPS_MAX: usize = 7;
/// How far behind a number its words may stand.
const AFTER: usize = 14;

/// A number as it is written.
struct Written {
    start: usize,
    end: usize,
    plus: bool,
    /// Whether the first group stands in brackets.
    area: bool,
    groups: [usize; GROUPS_MAX],
    count: usize,
    /// The separator, when it is the same everywhere.
    separator: Option<u8>,
    digits: usize,
}

/// A telephone number whose first digit is at `at`.
pub(super) fn find(text: Text<'_>, at: usize, length: usize, context: &mut Context<'_>) -> Option<Hit> {
    let written = read(text, at, length)?;
    let found = is_certain(text, at, &written) || (could_be(text, at, length, &written) && is_said(&written, context));
    found.then(|| Hit::new(Kind::Phone, 0, written.start, extension(text, written.end)))
}

fn read(text: Text<'_>, at: usize, length: usize) -> Option<Written> {
    if length > DIGITS_MAX || (length < GROUPED_MIN && !goes_on(text, at + length)) {
        return None;
    }
    let plus = text.before(at, 1) == b'+';
    let area = text.before(at - usize::from(plus), 1) == b'(';
    let start = at - usize::from(plus) - usize::from(area);
    let (before, before_that) = (text.before(start, 1), text.before(start, 2));
    let joined =
        matches!(before, b'-' | b'.' | b'/' | b':' | b'_' | b')' | b',') && before_that.is_ascii_alphanumeric();
    if joined
        && !(before == b':' && before_that.is_ascii_alphabetic())
        && !(before == b',' && before_that.is_ascii_alphabetic())
        || (start < at && before.is_ascii_alphanumeric() && !text.begins_word(start))
    {
        return None;
    }
    let mut groups = [0; GROUPS_MAX];
    let (mut place, mut count, mut digits, mut open) = (at, 0, 0, area);
    let (mut separator, mut mixed) = (None, false);
    loop {
        let group = text.digits(place, DIGITS_MAX + 1);
        digits += group;
        if digits > DIGITS_MAX || count == GROUPS_MAX {
            return None;
        }
        groups[count] = group;
        count += 1;
        place += group;
        let Some((next, between)) = gap(text, place, &mut open) else { break };
        if !matches!(between, b'(' | b')') {
            mixed |= separator.is_some_and(|known| known != between);
            separator = Some(between);
        }
        place = next;
    }
    if digits < GROUPED_MIN {
        return None;
    }
    let unclosed = open && text.at(place) == b')';
    let end = place + usize::from(unclosed);
    let goes_on = match text.at(end) {
        b':' | b',' | b'%' | b'/' => text.at(end + 1).is_ascii_digit() || text.at(end) == b'%',
        byte => byte.is_ascii_alphanumeric() && !is_extension(text, end),
    };
    let separator = if mixed { None } else { separator };
    let left_open = open && !unclosed;
    (!goes_on && !left_open).then_some(Written { start, end, plus, area, groups, count, separator, digits })
}

/// Whether another group can follow: a quick look before all of it is read.
fn goes_on(text: Text<'_>, end: usize) -> bool {
    match text.at(end) {
        b' ' | b'-' | b'.' | b'/' => text.at(end + 1).is_ascii_digit() || text.at(end + 1) == b'(',
        byte => matches!(byte, b'(' | b')'),
    }
}

/// Where the next group begins, and what stands between.
fn gap(text: Text<'_>, place: usize, open: &mut bool) -> Option<(usize, u8)> {
    let mut next = place;
    let mut between = 0;
    if *open && text.at(next) == b')' {
        *open = false;
        between = b')';
        next += 1;
    }
    if matches!(text.at(next), b' ' | b'-' | b'.' | b'/') {
        between = if between == 0 { text.at(next) } else { between };
        next += 1;
    }
    if between == 0 && text.bytes.get(next..next + 3) == Some(b"(0)") {
        *open = true;
        return Some((next + 1, b'('));
    }
    if between != 0 && !*open && text.at(next) == b'(' && text.at(next + 1).is_ascii_digit() {
        *open = true;
        next += 1;
    }
    (between != 0 && text.at(next).is_ascii_digit()).then_some((next, between))
}

/// The spellings that need no words.
fn is_certain(text: Text<'_>, at: usize, written: &Written) -> bool {
    let groups = &written.groups[..written.count];
    let separator = written.separator;
    let first = text.at(at);
    if written.plus {
        let least = if written.count > 1 { 8 } else { 10 };
        return first != b'0' && written.digits >= least;
    }
    if written.area {
        return (2..=5).contains(&groups[0])
            && written.count > 1
            && written.digits >= 8
            && groups[1..].iter().all(|group| *group >= 2);
    }
    let dashed = matches!(separator, Some(b'-' | b'.'));
    match groups {
        [3, 3, 4] => dashed,
        [1, 3, 3, 4] => dashed && first == b'1',
        [3, 3, 3, 4] => separator.is_some() && text.bytes[at..].starts_with(b"001"),
        [2, 2, 2, 2, 2] => separator.is_some() && first == b'0',
        _ => {
            let abroad = text.bytes[at..].starts_with(b"00") && text.at(at + 2) != b'0' && (3..=5).contains(&groups[0]);
            abroad && groups.len() > 2 && written.digits >= 11 && separator == Some(b' ') && !is_rest(text, written)
        }
    }
}

/// Whether a spelling can be a telephone number at all, and is nothing better known.
fn could_be(text: Text<'_>, at: usize, length: usize, written: &Written) -> bool {
    let groups = &written.groups[..written.count];
    let enough = written.digits >= DIGITS_MIN || (written.digits == GROUPED_MIN && written.count > 1);
    let date = date::date(text, at, length).is_some_and(|(_, end)| end == written.end);
    let slash = written.separator == Some(b'/') && !(written.count == 2 && groups[1] >= 5);
    let address = written.separator == Some(b'.') && written.count == 4 && address::is_v4(text, at);
    let ssn = groups == [3, 2, 4] && written.separator == Some(b'-');
    enough
        && !is_measured(text, written.end)
        && !is_rest(text, written)
        && !date
        && !slash
        && !address
        && !ssn
        && groups.iter().all(|group| *group <= 13)
}

/// Whether another number stands just before.
fn is_rest(text: Text<'_>, written: &Written) -> bool {
    text.before(written.start, 1) == b' ' && text.before(written.start, 2).is_ascii_digit()
}

/// Whether a unit follows: then it is a number of something.
fn is_measured(text: Text<'_>, end: usize) -> bool {
    const UNITS: [&[u8]; 12] =
        [b"ns", b"us", b"ms", b"s", b"sec", b"seconds", b"bytes", b"byte", b"kb", b"mb", b"times", b"usd"];
    let rest = text.bytes.get(end + 1..).filter(|_| text.at(end) == b' ').unwrap_or_default();
    let word = rest.iter().take(8).take_while(|byte| byte.is_ascii_alphabetic()).count();
    UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(&rest[..word]))
}

/// Whether words beside it say telephone, and none that is nearer says something else.
fn is_said(written: &Written, context: &mut Context<'_>) -> bool {
    let before = context.distance(context::PHONE, written.start).filter(|distance| *distance <= 56);
    let other = context.distance(context::OTHER, written.start).filter(|distance| *distance <= 12);
    match (before, other) {
        (Some(phone), Some(other)) => phone <= other,
        (Some(_), None) => true,
        (None, _) => context.follows(context::PLACE, written.end, AFTER),
    }
}

fn is_extension(text: Text<'_>, end: usize) -> bool {
    extension(text, end) > end
}

/// Where the number ends when its extension counts too: `x123`, ` ext. 123`.
fn extension(text: Text<'_>, end: usize) -> usize {
    let mut place = end;
    place += usize::from(text.at(place) == b' ');
    let rest = text.bytes.get(place..).unwrap_or_default();
    let words: [&[u8]; 5] = [b"extension", b"ext.", b"ext", b"x", b"#"];
    let starts = |word: &&&[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let Some(word) = words.iter().find(starts) else { return end };
    place += word.len();
    place += usize::from(text.at(place) == b' ');
    let digits = text.digits(place, 7);
    if (1..=6).contains(&digits) && text.ends_word(place + digits) { place + digits } else { end }
}
