//! The host's own secrets, in every usual encoding (PRIV-6).

use crate::{Kind, detect::Hit};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The shortest secret.
pub const SECRET_BYTES_MIN: usize = 4;
/// The longest secret: in any encoding it is shorter than the longest finding.
pub const SECRET_BYTES_MAX: usize = 4096;

/// The spellings of all secrets.
#[derive(Debug)]
pub(crate) struct Secrets {
    spellings: AhoCorasick,
    /// Answers quickly that there is none.
    any: AhoCorasick,
}

impl Secrets {
    /// Nothing, when there are no secrets.
    pub(crate) fn new(secrets: &[Vec<u8>]) -> Result<Option<Self>, String> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let spellings: BTreeSet<Vec<u8>> = secrets.iter().flat_map(|secret| spellings(secret)).collect();
        let total: usize = spellings.iter().map(Vec::len).sum();
        // A table for each state is quick but large; many long secrets get the smaller form.
        let kind = if total <= 64 * 1024 { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let build = |matches: MatchKind| {
            AhoCorasickBuilder::new()
                .match_kind(matches)
                .kind(Some(kind))
                .build(&spellings)
                .map_err(|error| error.to_string())
        };
        Ok(Some(Self { spellings: build(MatchKind::Standard)?, any: build(MatchKind::LeftmostFirst)? }))
    }

    pub(crate) fn find(&self, bytes: &[u8], out: &mut Vec<Hit>) {
        let Some(first) = self.any.find(bytes) else { return };
        let start = first.start();
        let found = self.spellings.find_overlapping_iter(&bytes[start..]);
        out.extend(found.map(|found| Hit::new(Kind::Secret, 0, start + found.start(), start + found.end())));
    }
}

/// A secret as it is, and as usual encodings write it. What base64 makes of a secret depends on where in a longer text it stands; of each
/// of the three cases, the characters that depend on the secret alone are taken.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![secret.to_vec()];
    for upper in [false, true] {
        all.push(hex(secret, upper).into_bytes());
        all.push(percent(secret, upper, true).into_bytes());
        all.push(percent(secret, upper, false).into_bytes());
    }
    for engine in [base64::engine::general_purpose::STANDARD_NO_PAD, base64::engine::general_purpose::URL_SAFE_NO_PAD] {
        for shift in 0..3 {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(secret);
            let text = engine.encode(&shifted);
            let first = (shift * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            let inside = &text[first..last];
            if inside.len() >= 5 {
                all.push(inside.as_bytes().to_vec());
            }
        }
    }
    for (before, upper, after) in
        [("\\x", false, ""), ("\\x", true, ""), ("=", true, ""), ("&#x", false, ";"), ("&#x", true, ";")]
    {
        all.push(each_byte(secret, before, upper, after));
    }
    for shift in 0..5 {
        let (text, inside) = base32(secret, shift);
        if inside.len() >= 6 {
            all.push(text[inside.clone()].to_ascii_lowercase().into_bytes());
            all.push(text[inside].to_owned().into_bytes());
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        all.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        all.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        let json = serde_json::Value::from(text).to_string();
        let json = &json[1..json.len() - 1];
        all.push(json.as_bytes().to_vec());
        all.push(json.replace('/', "\\/").into_bytes());
        let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        all.push(xml.replace('\'', "&#39;").into_bytes());
        all.push(xml.replace('\'', "&apos;").into_bytes());
    }
    all
}

/// Each byte in hexadecimal, between signs.
fn each_byte(bytes: &[u8], before: &str, upper: bool, after: &str) -> Vec<u8> {
    let text = bytes.iter().map(|byte| format!("{before}{}{after}", hex(&[*byte], upper)));
    text.collect::<String>().into_bytes()
}

/// The base32 of a secret that stands behind `shift` other bytes, and which part of it depends on the secret alone.
fn base32(secret: &[u8], shift: usize) -> (String, std::ops::Range<usize>) {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bytes = [&[0; 5][..shift], secret].concat();
    let bit = |place: usize| bytes.get(place / 8).is_some_and(|byte| byte >> (7 - place % 8) & 1 == 1);
    let character = |at: usize| (0..5).fold(0, |value, place| value * 2 + usize::from(bit(at * 5 + place)));
    let text = (0..(bytes.len() * 8).div_ceil(5)).map(|at| char::from(ALPHABET[character(at)])).collect();
    (text, (shift * 8).div_ceil(5)..bytes.len() * 8 / 5)
}

fn hex(bytes: &[u8], upper: bool) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
        text
    })
}

/// Every byte, or only those that must not stand in an address as they are.
fn percent(bytes: &[u8], upper: bool, every: bool) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        let _ = match (plain && !every, upper) {
            (true, _) => write!(text, "{}", char::from(*byte)),
            (false, true) => write!(text, "%{byte:02X}"),
            (false, false) => write!(text, "%{byte:02x}"),
        };
        text
    })
}
