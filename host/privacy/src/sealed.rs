//! Tokens that stand for a value and can be turned back by whoever holds the key (PRIV-31).
//!
//! Sealing is deterministic: one value has one token, so that an agent can tell whether two are the same. Whoever sees a token learns how
//! long the value is, and nothing else of it.

use aes_siv::{KeyInit as _, siv::Aes256Siv};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use memchr::memchr;
use std::{borrow::Cow, fmt};

/// How long a key is.
pub const SEAL_KEY_BYTES: usize = 64;

const LABEL_MAX: usize = 32;

/// Seals values, and opens them again.
///
/// ```
/// use mpp_privacy::{Direction, Filter, Masker, Modes, Sealer};
///
/// // The key is the host's; the scope says whose data it is, and where it may be turned back.
/// let sealer = Sealer::new(&[7; 64], b"session 12");
/// let mut masker = Masker::new(Filter::new(), Modes::default()).sealed_by(sealer.clone());
/// let seen_by_the_agent = masker.text(Direction::Result, "write to ada@example.org")?.into_owned();
/// assert!(seen_by_the_agent.starts_with("write to [EMAIL~"));
///
/// let passed_to_a_tool = sealer.open(seen_by_the_agent.as_bytes());
/// assert_eq!(&*passed_to_a_tool, b"write to ada@example.org");
/// # Ok::<(), mpp_privacy::Blocked>(())
/// ```
#[derive(Clone)]
pub struct Sealer {
    key: [u8; SEAL_KEY_BYTES],
    scope: Vec<u8>,
}

impl fmt::Debug for Sealer {
    /// Never shows the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer for a key, which must be random, and a scope.
    pub fn new(key: &[u8; SEAL_KEY_BYTES], scope: &[u8]) -> Self {
        Self { key: *key, scope: scope.to_vec() }
    }

    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new(&self.key.into())
    }

    /// Writes the token of a value.
    pub(crate) fn seal(&self, label: &str, value: &[u8], out: &mut Vec<u8>) {
        // Fails for values of many gigabytes only.
        let sealed = self.cipher().encrypt([&self.scope[..], label.as_bytes()], value).unwrap_or_default();
        out.push(b'[');
        out.extend_from_slice(label.as_bytes());
        out.push(b'~');
        out.extend_from_slice(URL_SAFE_NO_PAD.encode(sealed).as_bytes());
        out.push(b']');
    }

    /// Turns every token of this key and scope back into its value. Everything else stays as it is.
    pub fn open<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        self.open_those(text, |_| true)
    }

    /// The same for tokens whose label `may` be opened; the label of a kind is [`Kind::label`](crate::Kind::label).
    pub fn open_those<'a>(&self, text: &'a [u8], may: impl Fn(&str) -> bool) -> Cow<'a, [u8]> {
        let mut out = Vec::new();
        let (mut copied, mut place) = (0, 0);
        while let Some(found) = memchr(b'[', &text[place..]) {
            let start = place + found;
            place = start + 1;
            if let Some((value, end)) = self.open_one(text, start, &may) {
                out.extend_from_slice(&text[copied..start]);
                out.extend_from_slice(&value);
                (copied, place) = (end, end);
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.extend_from_slice(&text[copied..]);
        Cow::Owned(out)
    }

    fn open_one(&self, text: &[u8], start: usize, may: &impl Fn(&str) -> bool) -> Option<(Vec<u8>, usize)> {
        let rest = &text[start + 1..];
        let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-';
        let label = rest.iter().take(LABEL_MAX + 1).take_while(|byte| is_label(byte)).count();
        if label == 0 || rest.get(label) != Some(&b'~') {
            return None;
        }
        let body = &rest[label + 1..];
        let is_body = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let length = body.iter().take_while(|byte| is_body(byte)).count();
        if body.get(length) != Some(&b']') {
            return None;
        }
        std::str::from_utf8(&rest[..label]).ok().filter(|label| may(label))?;
        let sealed = URL_SAFE_NO_PAD.decode(&body[..length]).ok()?;
        let value = self.cipher().decrypt([&self.scope[..], &rest[..label]], &sealed).ok()?;
        Some((value, start + 1 + label + 1 + length + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::Sealer;

    fn sealed(sealer: &Sealer, label: &str, value: &str) -> Vec<u8> {
        let mut out = Vec::new();
        sealer.seal(label, value.as_bytes(), &mut out);
        out
    }

    #[test]
    fn a_token_opens_for_its_key_scope_and_kind_only() {
        // PRIV-31
        let sealer = Sealer::new(&[1; 64], b"here");
        let token = sealed(&sealer, "EMAIL", "a@b.example");
        let text = [b"to ", &token[..], b", [EMAIL~x] [EMAIL~] [", &token[..], b"["].concat();
        let opened = [&b"to a@b.example, [EMAIL~x] [EMAIL~] [a@b.example["[..]].concat();
        assert_eq!(*sealer.open(&text), *opened);
        assert_eq!(*sealer.open_those(&text, |label| label == "EMAIL"), *opened);
        assert_eq!(*sealer.open_those(&text, |label| label == "PHONE"), *text);

        for other in [Sealer::new(&[2; 64], b"here"), Sealer::new(&[1; 64], b"there")] {
            assert_eq!(*other.open(&token), *token);
        }
        let relabelled = String::from_utf8(token.clone()).unwrap().replace("EMAIL", "PHONE");
        assert_eq!(*sealer.open(relabelled.as_bytes()), *relabelled.as_bytes());
        for place in 0..token.len() {
            let mut changed = token.clone();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(*sealer.open(&changed), *changed, "{place}");
        }
    }

    #[test]
    fn one_value_has_one_token() {
        let sealer = Sealer::new(&[1; 64], b"here");
        assert_eq!(sealed(&sealer, "IP", "192.0.2.1"), sealed(&sealer, "IP", "192.0.2.1"));
        assert_ne!(sealed(&sealer, "IP", "192.0.2.1"), sealed(&sealer, "IP", "192.0.2.2"));
    }
}
