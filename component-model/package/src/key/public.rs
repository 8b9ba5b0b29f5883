//! Public keys: 42 bytes (`Ed`, the key number, the key), written as minisign writes them (SIG-20 to SIG-22).

use super::{KeyError, ed25519::weakness};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mpp_schema::KeyId;
use std::{fmt, str::FromStr};

const COMMENT_PREFIX: &str = "untrusted comment: ";

/// A public key that passed the registration checks: canonical, not of small order, in the prime-order group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    key: [u8; 32],
    number: [u8; 8],
}

impl PublicKey {
    /// The key with these 32 bytes and this key number.
    ///
    /// # Errors
    /// [`KeyError::Weak`] when the point is not sound.
    pub fn from_parts(key: [u8; 32], number: [u8; 8]) -> Result<Self, KeyError> {
        let public = Self { key, number };
        match weakness(&key) {
            Some(reason) => Err(KeyError::Weak { text: public.to_base64(), reason }),
            None => Ok(public),
        }
    }

    /// Reads the bare form: 56 characters that begin with `RW`.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when the text is not that, [`KeyError::Weak`] when the point is not sound.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed {
            what: "public key",
            expected: "56 characters that begin with RW",
            found: format!("\"{}\"", shortened(text)),
        };
        let bytes: [u8; 42] = STANDARD.decode(text).ok().and_then(|b| b.try_into().ok()).ok_or_else(malformed)?;
        let [b'E', b'd', rest @ ..] = bytes else {
            return Err(malformed());
        };
        let (number, key) = rest.split_at(8);
        Self::from_parts(key.try_into().expect("32 bytes"), number.try_into().expect("8 bytes"))
    }

    /// Reads the two lines of a `.pub` file: an untrusted comment, which says nothing, and the bare form.
    ///
    /// # Errors
    /// As [`PublicKey::from_base64`].
    pub fn from_file_text(text: &str) -> Result<Self, KeyError> {
        let malformed = |found: &str| KeyError::Malformed {
            what: "public key file",
            expected: "a line `untrusted comment: …` and a line `RW…`",
            found: format!("\"{}\"", shortened(found)),
        };
        let (comment, rest) = text.split_once('\n').ok_or_else(|| malformed(text))?;
        let key = rest.strip_suffix('\n').unwrap_or(rest);
        if !comment.starts_with(COMMENT_PREFIX) || key.contains('\n') {
            return Err(malformed(text));
        }
        Self::from_base64(key)
    }

    /// The identity of the key, made of its 32 bytes alone.
    pub fn id(&self) -> KeyId {
        KeyId::of_key_bytes(&self.key)
    }

    /// Minisign's key number, which anybody can choose: it finds a key and proves nothing.
    pub fn number(&self) -> [u8; 8] {
        self.number
    }

    /// The 32 bytes of the point.
    pub fn key_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// The bare form, `RW…`.
    pub fn to_base64(&self) -> String {
        let mut bytes = b"Ed".to_vec();
        bytes.extend(self.number);
        bytes.extend(self.key);
        STANDARD.encode(bytes)
    }

    /// The two lines of a `.pub` file.
    pub fn to_file_text(&self) -> String {
        let number = u64::from_le_bytes(self.number);
        format!("{COMMENT_PREFIX}minisign public key {number:016X}\n{}\n", self.to_base64())
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect::<String>().escape_default().to_string()
}

impl FromStr for PublicKey {
    type Err = KeyError;
    /// Either form: the bare one, or the two lines of a file.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(COMMENT_PREFIX) { Self::from_file_text(text) } else { Self::from_base64(text) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::PublicKey;
    use mpp_schema::{Code, Coded, codes};

    const GOOD: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[track_caller]
    fn check(text: &str, expected: Result<(), Code>) {
        assert_eq!(text.parse::<PublicKey>().map(drop).map_err(|error| error.code()), expected, "{text:?}");
    }

    #[test]
    fn both_forms_are_read_and_written() {
        let key = PublicKey::from_base64(GOOD).unwrap();
        assert_eq!(key.to_base64(), GOOD);
        assert_eq!(key.to_file_text(), format!("untrusted comment: minisign public key E7620F1842B4E81F\n{GOOD}\n"));
        assert_eq!(PublicKey::from_file_text(&key.to_file_text()).unwrap(), key);
        check(&format!("untrusted comment: x\n{GOOD}"), Ok(()));
    }

    #[test]
    fn what_is_not_a_key_is_malformed() {
        check(GOOD, Ok(()));
        for bad in [
            "",
            "RW",
            &GOOD[..55],
            &format!("{GOOD}="),
            &format!(" {GOOD}"),
            &format!("{GOOD}\n"),
            &GOOD.replacen("RW", "RU", 1),
            &format!("comment\n{GOOD}\n"),
            &format!("untrusted comment: x\n{GOOD}\n\n"),
            &format!("untrusted comment: x\r\n{GOOD}\r\n"),
        ] {
            check(bad, Err(codes::KEY_MALFORMED));
        }
    }

    #[test]
    fn a_weak_point_is_not_registered() {
        let mut bytes = b"Ed12345678".to_vec();
        bytes.extend([0; 32]);
        use base64::Engine as _;
        check(&base64::engine::general_purpose::STANDARD.encode(bytes), Err(codes::KEY_WEAK));
    }

    #[test]
    fn the_id_is_of_the_key_alone() {
        let key = PublicKey::from_base64(GOOD).unwrap();
        let renumbered = PublicKey::from_parts(*key.key_bytes(), *b"other123").unwrap();
        assert_ne!(key, renumbered);
        assert_eq!(key.id(), renumbered.id());
    }
}
