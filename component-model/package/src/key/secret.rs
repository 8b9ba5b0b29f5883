//! Secret keys in minisign's key files, locked with a password or open (SIG-23, SIG-24).
//!
//! Files are opened by the `minisign` crate; verifying never is (it accepts malformed texts and panics on some). Messages are signed with
//! plain, deterministic Ed25519, so that the same package signed twice is the same file (`spec/decisions/0003`).

use super::{
    KeyError, PublicKey, Signer,
    locked::{Lock, file_text, inspect, lock},
};
use crate::signature::{self, SignatureText};
use ed25519_dalek::{Signer as _, SigningKey};
use std::fmt;

/// Where the 64 bytes of seed and public key stand in the 158 of an open key.
const SEED_AT: usize = 62;

/// A secret key, open in memory.
#[derive(Clone)]
pub struct SecretKey {
    secret: minisign::SecretKey,
    signing: SigningKey,
    public: PublicKey,
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = minisign::KeyPair::generate_unencrypted_keypair();
        Self::checked(pair.map_err(|error| KeyError::Random(error.to_string()))?.sk)
    }

    /// Reads a key file. `password` is needed when the file is locked, and not looked at when it is open.
    ///
    /// # Errors
    /// When the text is not a key file, the password is missing or wrong, or the key's public half is not that of its seed.
    pub fn from_file_text(text: &str, password: Option<&str>) -> Result<Self, KeyError> {
        let (lock, bytes) = inspect(text)?;
        let opened = match (lock, password) {
            (Lock::Open, _) => minisign::SecretKey::from_bytes(&bytes).map_err(|_| damaged("another one"))?,
            (Lock::Password, None) => return Err(KeyError::PasswordMissing),
            (Lock::Password, Some(password)) => minisign::SecretKeyBox::from(text.to_owned())
                .into_secret_key(Some(password.to_owned()))
                .map_err(|_| KeyError::PasswordWrong)?,
        };
        Self::checked(opened)
    }

    /// The key file's text, locked when there is a password.
    ///
    /// # Errors
    /// When the password is empty, or the system gives no random bytes.
    pub fn to_file_text(&self, password: Option<&str>) -> Result<String, KeyError> {
        match password {
            None => Ok(file_text(&self.open_bytes(), Lock::Open)),
            Some("") => Err(KeyError::PasswordEmpty),
            Some(password) => Ok(file_text(&lock(&self.open_bytes(), password)?, Lock::Password)),
        }
    }

    /// A key that signs must hold the public half of its own seed: signing with another one gives the secret away.
    fn checked(secret: minisign::SecretKey) -> Result<Self, KeyError> {
        let bytes = secret.to_bytes();
        let (seed, public) = bytes[SEED_AT..SEED_AT + 64].split_at(32);
        let seed: [u8; 32] = seed.try_into().expect("32 bytes");
        let signing = SigningKey::from_bytes(&seed);
        let derived = signing.verifying_key().to_bytes();
        if derived != public {
            return Err(damaged("a public key of another seed"));
        }
        let number = secret.keynum().try_into().expect("8 bytes");
        Ok(Self { secret, signing, public: PublicKey::from_parts(derived, number)? })
    }

    /// The 158 bytes of an open key file: whatever lock the key came with is left out.
    fn open_bytes(&self) -> Vec<u8> {
        let mut bytes = self.secret.to_bytes();
        bytes[..6].copy_from_slice(b"Ed\0\0B2");
        bytes[6..54].fill(0);
        bytes
    }
}

fn damaged(found: &str) -> KeyError {
    KeyError::Malformed { what: "secret key file", expected: "the checksum of its content", found: found.to_owned() }
}

impl Signer for SecretKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8], trusted_comment: &str) -> Result<SignatureText, KeyError> {
        let refused = |error| KeyError::Signature(Box::new(error));
        signature::check_comment(trusted_comment).map_err(refused)?;
        let text =
            signature::assemble(&self.public, trusted_comment, |bytes| self.signing.sign(bytes).to_bytes(), message);
        signature::verify(message, &text, &self.public).map_err(refused)?;
        Ok(text)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyError, SecretKey};
    use crate::key::Signer as _;
    use mpp_schema::{Coded, codes};

    #[test]
    fn a_key_file_gives_the_same_key_back() {
        let key = SecretKey::generate().unwrap();
        for password in [None, Some("correct horse")] {
            let text = key.to_file_text(password).unwrap();
            let again = SecretKey::from_file_text(&text, password).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            // A key that came locked can be written open, and the other way round.
            assert_eq!(again.to_file_text(None).unwrap(), key.to_file_text(None).unwrap());
        }
    }

    /// SIG-23, SIG-24.
    #[test]
    fn a_locked_file_needs_its_password() {
        let text = SecretKey::generate().unwrap().to_file_text(Some("right")).unwrap();
        assert!(matches!(SecretKey::from_file_text(&text, None), Err(KeyError::PasswordMissing)));
        assert!(matches!(SecretKey::from_file_text(&text, Some("wrong")), Err(KeyError::PasswordWrong)));
        assert!(matches!(SecretKey::generate().unwrap().to_file_text(Some("")), Err(KeyError::PasswordEmpty)));
    }

    #[test]
    fn one_message_has_one_signature() {
        let key = SecretKey::generate().unwrap();
        let sign = |message: &[u8]| key.sign(message, "mpp1 kind=test").unwrap();
        assert_eq!(sign(b"a"), sign(b"a"));
        assert_ne!(sign(b"a"), sign(b"b"));
    }

    #[test]
    fn nothing_shows_the_secret() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SecretKey(of {})", key.public_key().to_base64()));
    }

    #[track_caller]
    fn check_malformed(text: &str) {
        let error = SecretKey::from_file_text(text, Some("password")).unwrap_err();
        assert_eq!(error.code(), codes::KEY_MALFORMED, "{error}");
    }

    #[test]
    fn what_is_not_a_key_file_is_malformed() {
        let text = SecretKey::generate().unwrap().to_file_text(None).unwrap();
        let key = text.lines().nth(1).unwrap();
        for bad in ["", "\n", "RW", key, &text[..text.len() - 10], &format!("{text}\n"), &text.replacen("RW", "RX", 1)]
        {
            check_malformed(bad);
        }
    }

    #[test]
    fn every_changed_byte_of_an_open_key_is_noticed() {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let key = SecretKey::generate().unwrap();
        let open = key.open_bytes();
        // The salt and the limits mean nothing in an open file.
        for at in (0..open.len()).filter(|at| !(6..54).contains(at)) {
            let mut changed = open.clone();
            changed[at] ^= 1;
            check_malformed(&format!("untrusted comment: x\n{}\n", STANDARD.encode(changed)));
        }
    }

    #[test]
    fn an_open_key_may_leave_its_checksum_out() {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let key = SecretKey::generate().unwrap();
        let mut bytes = key.open_bytes();
        bytes[126..].fill(0);
        let text = format!("untrusted comment: x\n{}\n", STANDARD.encode(&bytes));
        assert_eq!(SecretKey::from_file_text(&text, None).unwrap().open_bytes(), key.open_bytes());
        // The public half still guards the seed.
        bytes[62] ^= 1;
        check_malformed(&format!("untrusted comment: x\n{}\n", STANDARD.encode(bytes)));
    }

    #[test]
    fn a_public_half_of_another_seed_is_refused() {
        let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let mut bytes = key.open_bytes();
        bytes[94..126].copy_from_slice(other.public_key().key_bytes());
        let spliced = minisign::SecretKey::from_bytes(&bytes).unwrap();
        assert!(SecretKey::checked(spliced).is_err());
    }

    #[test]
    fn a_file_that_asks_for_too_much_memory_is_refused_before_it_is_opened() {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let mut bytes = SecretKey::generate().unwrap().open_bytes();
        bytes[2..4].copy_from_slice(b"Sc");
        bytes[38..46].copy_from_slice(&u64::MAX.to_le_bytes());
        bytes[46..54].copy_from_slice(&u64::MAX.to_le_bytes());
        check_malformed(&format!("untrusted comment: x\n{}\n", STANDARD.encode(bytes)));
    }
}
