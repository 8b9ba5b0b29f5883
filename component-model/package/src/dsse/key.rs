//! Ed25519 keys that sign messages: PKCS#8 (RFC 8410) for the secret half, SubjectPublicKeyInfo for the public one, both as PEM, so that stock
//! programs read them (`openssl pkey -in owner.pem -pubout`).
//!
//! For this one algorithm both structures are a fixed prefix and 32 bytes, so what is accepted is exactly that and nothing that a general
//! reader of ASN.1 would also take. A minisign key file is none of these.

use super::DsseError;
use crate::key::weakness;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use mpp_schema::MessageKeyId;
use std::{fmt, str::FromStr};

/// PrivateKeyInfo, version 0, id-Ed25519, an octet string that holds an octet string of 32 bytes.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// SubjectPublicKeyInfo, id-Ed25519, a bit string of 32 bytes.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

const SECRET_LABEL: &str = "PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// A secret key for messages, open in memory.
#[derive(Clone)]
pub struct MessageKey {
    signing: SigningKey,
    public: MessagePublicKey,
}

impl MessageKey {
    /// A new key.
    ///
    /// # Errors
    /// [`DsseError::Random`] when the system gives no random bytes.
    pub fn generate() -> Result<Self, DsseError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| DsseError::Random(error.to_string()))?;
        Self::from_seed(&seed)
    }

    /// The key with this seed.
    ///
    /// # Errors
    /// [`DsseError::Weak`], which no seed is known to lead to.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, DsseError> {
        let signing = SigningKey::from_bytes(seed);
        let public = MessagePublicKey::from_bytes(signing.verifying_key().to_bytes())?;
        Ok(Self { signing, public })
    }

    /// Reads a PKCS#8 PEM file.
    ///
    /// # Errors
    /// [`DsseError::Key`] when the text is anything else.
    pub fn from_pem(text: &str) -> Result<Self, DsseError> {
        let expected = "an Ed25519 key as PKCS#8 PEM: `-----BEGIN PRIVATE KEY-----`, one line, and the end";
        let seed = read_pem(text, SECRET_LABEL, &PKCS8_PREFIX);
        Self::from_seed(&seed.ok_or(DsseError::Key { what: "secret key for messages", expected })?)
    }

    /// The PKCS#8 PEM file.
    pub fn to_pem(&self) -> String {
        write_pem(SECRET_LABEL, &PKCS8_PREFIX, self.signing.as_bytes())
    }

    /// The public half.
    pub fn public(&self) -> &MessagePublicKey {
        &self.public
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.signing.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageKey(of {})", self.public)
    }
}

/// A public key for messages that passed the registration checks (SIG-20).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessagePublicKey([u8; 32]);

impl MessagePublicKey {
    /// The key with these bytes.
    ///
    /// # Errors
    /// [`DsseError::Weak`] when the point is not sound.
    pub fn from_bytes(key: [u8; 32]) -> Result<Self, DsseError> {
        match weakness(&key) {
            Some(reason) => Err(DsseError::Weak { reason }),
            None => Ok(Self(key)),
        }
    }

    /// The 32 bytes of the point.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The identity of the key as one that signs messages.
    pub fn id(&self) -> MessageKeyId {
        MessageKeyId::of_key_bytes(&self.0)
    }

    /// The SubjectPublicKeyInfo PEM file.
    pub fn to_pem(&self) -> String {
        write_pem(PUBLIC_LABEL, &SPKI_PREFIX, &self.0)
    }
}

impl FromStr for MessagePublicKey {
    type Err = DsseError;
    /// Either form: the PEM file, or its one line of base64.
    fn from_str(text: &str) -> Result<Self, DsseError> {
        let expected =
            "an Ed25519 key as PEM (`-----BEGIN PUBLIC KEY-----`), or its one line that begins with MCowBQYD";
        let key = if text.starts_with("-----") {
            read_pem(text, PUBLIC_LABEL, &SPKI_PREFIX)
        } else {
            read_line(text, &SPKI_PREFIX)
        };
        Self::from_bytes(key.ok_or(DsseError::Key { what: "public key for messages", expected })?)
    }
}

/// The one line of base64.
impl fmt::Display for MessagePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode([SPKI_PREFIX.as_slice(), &self.0].concat()))
    }
}

impl fmt::Debug for MessagePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessagePublicKey({self})")
    }
}

fn write_pem(label: &str, prefix: &[u8], key: &[u8; 32]) -> String {
    let line = STANDARD.encode([prefix, key].concat());
    format!("-----BEGIN {label}-----\n{line}\n-----END {label}-----\n")
}

/// Exactly three lines, the last line feed optional.
fn read_pem(text: &str, label: &str, prefix: &[u8]) -> Option<[u8; 32]> {
    let rest = text.strip_prefix(&format!("-----BEGIN {label}-----\n"))?;
    let (line, end) = rest.split_once('\n')?;
    let end_matches = end.strip_suffix('\n').unwrap_or(end) == format!("-----END {label}-----");
    if end_matches { read_line(line, prefix) } else { None }
}

fn read_line(line: &str, prefix: &[u8]) -> Option<[u8; 32]> {
    let bytes = STANDARD.decode(line).ok()?;
    bytes.strip_prefix(prefix)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{MessageKey, MessagePublicKey};
    use crate::key::SecretKey;
    use mpp_schema::{Coded as _, KeyId, codes};

    /// RFC 8410, section 10.3 and 10.1: the example key and its public half.
    const RFC_SECRET: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const RFC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    /// SIG-56.
    #[test]
    fn the_example_of_the_rfc_is_read_and_written() {
        let key = MessageKey::from_pem(RFC_SECRET).unwrap();
        assert_eq!(key.public().to_pem(), RFC_PUBLIC);
        assert_eq!(key.to_pem(), RFC_SECRET);
        let public: MessagePublicKey = RFC_PUBLIC.parse().unwrap();
        assert_eq!(public, *key.public());
        assert_eq!(public.to_string().parse::<MessagePublicKey>().unwrap(), public);
    }

    #[test]
    fn an_id_is_never_that_of_a_package_key() {
        let key = MessageKey::generate().unwrap();
        assert_ne!(key.public().id().as_bytes(), KeyId::of_key_bytes(key.public().as_bytes()).as_bytes());
    }

    #[test]
    fn nothing_else_is_a_key() {
        let minisign = SecretKey::generate().unwrap().to_file_text(None).unwrap();
        for bad in [
            "",
            "-----BEGIN PRIVATE KEY-----\n",
            minisign.as_str(),
            RFC_PUBLIC,
            &RFC_SECRET.replace("\n", "\r\n"),
            &format!("{RFC_SECRET}\n"),
            &format!(" {RFC_SECRET}"),
            &RFC_SECRET.replace("MC4", "MC5"),
            &RFC_SECRET.replace("EdVhC", "EdVhC=="),
            &RFC_SECRET.replace("PRIVATE", "ENCRYPTED PRIVATE"),
        ] {
            let error = MessageKey::from_pem(bad).unwrap_err();
            assert_eq!(error.code(), codes::KEY_MALFORMED, "{bad}");
        }
        for bad in ["", RFC_SECRET, &RFC_PUBLIC.replace("ZuE=", "ZuF="), "MCowBQYDK2VwAyEA"] {
            assert_eq!(bad.parse::<MessagePublicKey>().unwrap_err().code(), codes::KEY_MALFORMED, "{bad}");
        }
    }

    #[test]
    fn a_weak_point_is_no_key() {
        assert_eq!(MessagePublicKey::from_bytes([0; 32]).unwrap_err().code(), codes::KEY_WEAK);
    }

    #[test]
    fn nothing_shows_the_secret() {
        let key = MessageKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("MessageKey(of {})", key.public()));
    }
}
