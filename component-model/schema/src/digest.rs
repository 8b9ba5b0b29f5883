//! SHA-256 digests and the ids made of them, written as 64 lower-case hexadecimal digits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

/// A text that is not 64 (or, for a registry id, 32) lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected} lower-case hexadecimal digits, found \"{}\"", found.escape_default())]
pub struct ParseDigestError {
    expected: usize,
    found: String,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
            /// An id with exactly these bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }
            /// The first eight hexadecimal digits, for people; never for decisions.
            pub fn short(&self) -> String {
                self.to_string()[..8].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseDigestError;
            fn from_str(text: &str) -> Result<Self, ParseDigestError> {
                let wrong = || ParseDigestError { expected: $bytes * 2, found: text.chars().take(80).collect() };
                let mut bytes = [0; $bytes];
                decode_hex(text, &mut bytes).ok_or_else(wrong)?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseDigestError;
            fn try_from(text: String) -> Result<Self, ParseDigestError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

hex_id!(
    /// SHA-256 of some bytes.
    Digest,
    32,
    "^[0-9a-f]{64}$"
);
hex_id!(
    /// The identity of a public key: SHA-256 over `mpp-pk-v1` and the 32 bytes of the key. Always shown whole.
    KeyId,
    32,
    "^[0-9a-f]{64}$"
);
hex_id!(
    /// The identity of a registry: 128 random bits chosen when it was made, kept in its root for life.
    RegistryId,
    16,
    "^[0-9a-f]{32}$"
);

hex_id!(
    /// The identity of a key that signs messages: SHA-256 over `mpp-mk-v1` and the 32 bytes of the key. Never equal to a [`KeyId`].
    MessageKeyId,
    32,
    "^[0-9a-f]{64}$"
);
hex_id!(
    /// The identity of a home: 128 random bits chosen when its owner key was made.
    HostId,
    16,
    "^[0-9a-f]{32}$"
);
hex_id!(
    /// The identity of a permission token: 128 random bits chosen when it was made.
    GrantId,
    16,
    "^[0-9a-f]{32}$"
);

hex_id!(
    /// The identity of a ledger of used approvals, or of an audit log: 128 random bits chosen when it was made.
    LedgerId,
    16,
    "^[0-9a-f]{32}$"
);
hex_id!(
    /// 128 random bits that were never used before.
    Nonce,
    16,
    "^[0-9a-f]{32}$"
);

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl KeyId {
    /// The id of the Ed25519 public key with these 32 bytes.
    pub fn of_key_bytes(key: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(b"mpp-pk-v1").chain_update(key).finalize().into())
    }
}

impl MessageKeyId {
    /// The id of the Ed25519 public key with these 32 bytes, where it signs messages.
    pub fn of_key_bytes(key: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(b"mpp-mk-v1").chain_update(key).finalize().into())
    }
}

fn decode_hex(text: &str, bytes: &mut [u8]) -> Option<()> {
    let text = text.as_bytes();
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
    }
    Some(())
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn digest_of_the_empty_text_is_the_published_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse::<Digest>().unwrap(), Digest::of(b""));
    }

    #[test]
    fn one_spelling_only() {
        let upper = Digest::of(b"").to_string().to_uppercase();
        assert!(upper.parse::<Digest>().is_err());
        assert!("e3b0".parse::<Digest>().is_err());
    }
}
