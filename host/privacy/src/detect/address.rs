//! Addresses of people and machines: e-mail, IPv4, IPv6.

use super::{
    Hit, Text,
    context::{self, Context},
};
use crate::Kind;
use std::net::Ipv6Addr;

/// The longest local part and domain (RFC 5321).
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;

/// Ends of file names that stand after an `@` in names of pictures and packages, and are no top-level domain.
const FILE_ENDINGS: &[&[u8]] = &[
    b"png",
    b"jpg",
    b"jpeg",
    b"gif",
    b"svg",
    b"webp",
    b"avif",
    b"ico",
    b"bmp",
    b"css",
    b"scss",
    b"js",
    b"mjs",
    b"cjs",
    b"ts",
    b"tsx",
    b"jsx",
    b"json",
    b"html",
    b"xml",
    b"yaml",
    b"yml",
    b"toml",
    b"lock",
    b"tgz",
    b"gz",
    b"tar",
    b"wasm",
    b"exe",
    b"dll",
    b"pdf",
    b"txt",
    b"service",
    b"socket",
    b"timer",
    b"target",
    b"localdomain",
];

/// An e-mail address around the `@` at `at`.
pub(super) fn email(text: Text<'_>, at: usize) -> Option<Hit> {
    let start = local_start(text, at)?;
    let end = domain_end(text, at + 1)?;
    // `git@host:path` is how repositories are written.
    let repository =
        text.at(end) == b':' && &text.bytes[start..at] == b"git" && !text.at(end + 1).is_ascii_whitespace();
    (!repository).then(|| Hit::new(Kind::Email, 0, start, end))
}

fn local_start(text: Text<'_>, at: usize) -> Option<usize> {
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$&'*+-/=?^_`{|}~%".contains(&byte);
    let mut start = at;
    while start > 0 && at - start < LOCAL_MAX {
        let byte = text.before(start, 1);
        if is_local(byte) {
            start -= 1;
        } else if start > 1 && (0x80..0xc0).contains(&byte) && (0xc3..=0xd4).contains(&text.before(start, 2)) {
            start -= 2; // a letter of an alphabet with upper and lower case
        } else {
            break;
        }
    }
    // An escape such as `\n` before it is none of it.
    if text.before(start, 1) == b'\\' && b"nrtbf".contains(&text.at(start)) {
        start += 1;
    }
    // Of what may stand in a local part, only some begins one in earnest; after the rest it begins anew.
    let local = &text.bytes[start..at];
    if let Some(last) = local.iter().rposition(|byte| b"!#$&'*/=?^`{|}~%".contains(byte)) {
        start += last + 1;
    }
    while start < at && matches!(text.at(start), b'.' | b'-' | b'+') {
        start += 1;
    }
    (start < at && text.before(at, 1) != b'.').then_some(start)
}

fn domain_end(text: Text<'_>, start: usize) -> Option<usize> {
    let rest = &text.bytes[start..text.bytes.len().min(start + DOMAIN_MAX)];
    let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let mut length = 0;
    while length < rest.len() {
        if is_domain(rest[length]) {
            length += 1;
        } else if (0xc3..=0xd4).contains(&rest[length])
            && rest.get(length + 1).is_some_and(|byte| (0x80..0xc0).contains(byte))
        {
            length += 2;
        } else {
            break;
        }
    }
    // The longest beginning that is a domain: what follows an address after a full stop is the next sentence.
    let mut end = 0;
    let mut label = 0;
    for dot in 0..=length {
        if dot < length && rest[dot] != b'.' {
            continue;
        }
        if dot == label || rest[label] == b'-' || rest[dot - 1] == b'-' {
            break;
        }
        if label > 0 && is_top_level(&rest[label..dot]) {
            end = dot;
        }
        label = dot + 1;
    }
    (end > 0).then_some(start + end)
}

fn is_top_level(label: &[u8]) -> bool {
    let letters = label.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    let lower = label.to_ascii_lowercase();
    (2..=24).contains(&label.len())
        && (letters || lower.starts_with(b"xn--"))
        && !FILE_ENDINGS.contains(&lower.as_slice())
}

/// An IPv4 address that begins at `at`.
pub(super) fn v4(text: Text<'_>, at: usize, context: &mut Context<'_>) -> Option<Hit> {
    let (octets, end) = octets(text, at)?;
    if octets[1..] == [0, 0, 0] && text.at(end) != b'/' || octets == [127, 0, 0, 1] {
        return None;
    }
    let (before, before_that) = (text.before(at, 1), text.before(at, 2));
    // `name-1.2.3.4` and `name/1.2.3.4` are versions, `.1.2.3.4` is part of something longer.
    let joined = match before {
        b'.' => before_that.is_ascii_alphanumeric(),
        b'-' | b'_' => before_that.is_ascii_alphabetic(),
        _ => false,
    };
    let (after, after_that) = (text.at(end), text.at(end + 1));
    let goes_on = match after {
        b'.' => after_that.is_ascii_alphanumeric(),
        b'-' => after_that.is_ascii_alphabetic(),
        b'+' | b'_' => after_that.is_ascii_alphanumeric(),
        _ => after.is_ascii_alphanumeric(),
    };
    if joined || goes_on || context.nearest(&[context::VERSION, context::ADDRESS], at, 24) == Some(context::VERSION) {
        return None;
    }
    Some(Hit::new(Kind::Ip, 4, at, end))
}

/// Whether four octets stand at `at`.
pub(super) fn is_v4(text: Text<'_>, at: usize) -> bool {
    octets(text, at).is_some()
}

fn octets(text: Text<'_>, at: usize) -> Option<([u8; 4], usize)> {
    let mut octets = [0; 4];
    let mut place = at;
    for (number, octet) in octets.iter_mut().enumerate() {
        if number > 0 {
            if text.at(place) != b'.' {
                return None;
            }
            place += 1;
        }
        let length = text.digits(place, 4);
        if length == 0 || length > 3 || (length > 1 && text.at(place) == b'0') {
            return None;
        }
        let value =
            text.bytes[place..place + length].iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
        *octet = u8::try_from(value).ok()?;
        place += length;
    }
    Some((octets, place))
}

/// The longest text of an IPv6 address.
const V6_MAX: usize = 45;

/// An IPv6 address whose first colon is at `at`.
pub(super) fn v6(text: Text<'_>, at: usize) -> Option<Hit> {
    let group = (1..=5).take_while(|back| text.before(at, *back).is_ascii_hexdigit()).count();
    let start = at - group;
    let double = text.at(at + 1) == b':';
    if group > 4 || (group == 0 && !double) || !(double || text.at(at + 1).is_ascii_hexdigit()) {
        return None;
    }
    let before = text.before(start, 1);
    if before == b':' || before == b'.' || before == b'_' || !text.begins_word(start) {
        return None;
    }
    let rest = &text.bytes[start..text.bytes.len().min(start + V6_MAX + 1)];
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':' || *byte == b'.';
    let mut length = rest.iter().take_while(|byte| is_part(byte)).count();
    if rest.get(length).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') || length > V6_MAX {
        return None;
    }
    while length > 2 && (rest[length - 1] == b'.' || (rest[length - 1] == b':' && rest[length - 2] != b':')) {
        length -= 1;
    }
    let written = std::str::from_utf8(&rest[..length]).ok()?;
    let address: Ipv6Addr = written.parse().ok()?;
    if address.is_unspecified() || address.is_loopback() || !is_meant(written) {
        return None;
    }
    Some(Hit::new(Kind::Ip, 6, start, start + length))
}

/// Whether something that parses as an address looks like one, and not like a path of code such as `a::b`.
fn is_meant(written: &str) -> bool {
    let groups = written.split(':').filter(|group| !group.is_empty()).count();
    let first = written.split(':').next().unwrap_or_default();
    let digits = written.bytes().any(|byte| byte.is_ascii_digit());
    digits && (groups >= 4 || (groups >= 2 && first.len() >= 3) || written.contains('.'))
}
