//! Credentials whose structure is more than a row of stretches: private keys in armour, addresses with a password, headers.

use super::{FIRST_STRUCTURE, Set, Text, entropy, run};
use base64::Engine as _;
use memchr::memmem;

/// What knows a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finder {
    PrivateKey,
    Userinfo,
    Bearer,
    Basic,
    PuttyKey,
}

/// The literal, the name, and who knows the rest.
pub(super) const STRUCTURES: &[(&str, &str, Finder)] = &[
    ("-----BEGIN ", "private-key", Finder::PrivateKey),
    ("://", "connection-string", Finder::Userinfo),
    ("bearer ", "bearer-token", Finder::Bearer),
    ("Bearer ", "bearer-token", Finder::Bearer),
    ("Basic ", "basic-authorization", Finder::Basic),
    ("Private-Lines: ", "putty-key", Finder::PuttyKey),
];

/// The longest body of a key in armour. Together with what is around it, it is shorter than the longest finding.
const ARMOUR_MAX: usize = 12 * 1024;

/// A key has at least one line so long.
const ARMOUR_LINE_MIN: usize = 32;

/// Which rule, and where it stands.
pub(super) fn find(finder: Finder, text: Text<'_>, start: usize, end: usize) -> Option<(usize, usize, usize)> {
    let found = match finder {
        Finder::PrivateKey => private_key(text, start, end),
        Finder::Userinfo => userinfo(text, end),
        Finder::Bearer => bearer(text, start, end),
        Finder::Basic => basic(text, start, end),
        Finder::PuttyKey => putty_key(text, end),
    };
    let index = STRUCTURES.iter().position(|(_, _, known)| *known == finder).unwrap_or_default();
    found.map(|(start, end)| (FIRST_STRUCTURE + index, start, end))
}

/// `-----BEGIN … PRIVATE KEY-----` to its end, or as far as it looks like a key.
fn private_key(text: Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    let label = &text.bytes[end..text.bytes.len().min(end + 48)];
    let label = &label[..memmem::find(label, b"-----")?];
    if !label.ends_with(b"PRIVATE KEY") && !label.ends_with(b"PRIVATE KEY BLOCK") {
        return None;
    }
    let body = end + label.len() + 5;
    let rest = &text.bytes[body..text.bytes.len().min(body + ARMOUR_MAX)];
    let length =
        memmem::find(rest, b"-----").unwrap_or_else(|| rest.iter().take_while(|byte| is_armour(**byte)).count());
    let longest = rest[..length].split(|byte| !Set::Base64.has(*byte)).map(<[u8]>::len).max();
    if longest < Some(ARMOUR_LINE_MIN)
        || !rest[..length].iter().all(|byte| is_armour(*byte) || *byte == b'-')
        || entropy::tenths_of_bits(&rest[..length]) < 30
    {
        return None;
    }
    let close = &rest[length..];
    let footer =
        close.starts_with(b"-----END ").then(|| memmem::find(&close[9..close.len().min(64)], b"-----")).flatten();
    Some((start, body + length + footer.map_or(0, |label| 9 + label + 5)))
}

fn is_armour(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r' | b' ' | b'\\' | b':' | b',')
}

/// The base64 lines of a PuTTY key.
fn putty_key(text: Text<'_>, end: usize) -> Option<(usize, usize)> {
    let count = text.digits(end, 4);
    let body = end + count;
    let rest = &text.bytes[body..text.bytes.len().min(body + ARMOUR_MAX)];
    let is_line = |byte: &u8| Set::Base64.has(*byte) || matches!(byte, b'=' | b'\n' | b'\r');
    let length = rest.iter().take_while(|byte| is_line(byte)).count();
    (count > 0 && length >= 40 && entropy::tenths_of_bits(&rest[..length]) >= 35).then_some((body, body + length))
}

/// The longest name and password before an `@`.
const USERINFO_MAX: usize = 256;

/// `user:password` between `://` and `@`.
fn userinfo(text: Text<'_>, start: usize) -> Option<(usize, usize)> {
    let rest = &text.bytes[start..text.bytes.len().min(start + USERINFO_MAX)];
    let inside = |byte: &u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'?' | b'|' | b' ')
    };
    let length = rest.iter().take_while(|byte| inside(byte)).count();
    let at = rest[..length].iter().rposition(|byte| *byte == b'@')?;
    let colon = rest[..at].iter().position(|byte| *byte == b':')?;
    let password = &rest[colon + 1..at];
    (password.len() >= 3 && !is_stand_in(password)).then_some((start, start + at))
}

/// Whether a value only shows where one would stand.
pub(super) fn is_stand_in(value: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"pass",
        b"passwd",
        b"password",
        b"pwd",
        b"pw",
        b"secret",
        b"token",
        b"user",
        b"test",
        b"example",
        b"changeme",
        b"none",
        b"null",
        b"true",
        b"false",
        b"undefined",
        b"xxx",
        b"key",
        b"hunter2",
        b"redacted",
    ];
    let word = value.to_ascii_lowercase();
    let first = value.first().copied().unwrap_or_default();
    matches!(first, b'$' | b'{' | b'<' | b'%' | b'[' | b'*' | b'(' | b'&')
        || WORDS.contains(&word.as_slice())
        || value.iter().all(|byte| *byte == first)
        || [&b"your"[..], b"xxxx", b"****", b"....", b"<", b"${", b"{{", b"placeholder", b"example"]
            .iter()
            .any(|part| memmem::find(&word, part).is_some())
}

/// The token of a header.
fn bearer(text: Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    let length = run(text, end, Set::Dotted, 4096);
    let padding = (0..2).take_while(|ahead| text.at(end + length + ahead) == b'=').count();
    let token = &text.bytes[end..end + length];
    let digits = token.iter().any(u8::is_ascii_digit);
    let found = text.begins_word(start) && length >= 20 && digits && entropy::tenths_of_bits(token) >= 33;
    (found && text.ends_word(end + length)).then_some((end, end + length + padding))
}

/// The base64 of `user:password` in a header.
fn basic(text: Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    let length = run(text, end, Set::Base64, 1024);
    let padding = (0..2).take_while(|ahead| text.at(end + length + ahead) == b'=').count();
    let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
    let decoded = engine.decode(&text.bytes[end..end + length]).ok()?;
    let printable = decoded.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let meant = printable && decoded.len() - colon > 3 && !is_stand_in(&decoded[colon + 1..]);
    (meant && text.begins_word(start)).then_some((end, end + length + padding))
}
