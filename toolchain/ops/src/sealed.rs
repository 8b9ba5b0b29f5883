//! Texts that a password seals: XChaCha20-Poly1305 under a key that scrypt makes of the password; salt and nonce are new with each writing.
//!
//! What is sealed is bound to its purpose, so that it is not taken for something else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _, Payload},
};
use mpp_host::SecretValue;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What a password costs: 32 MiB and about a tenth of a second.
const SCRYPT_LOG_N: u8 = 15;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// A sealed text, as files hold it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    salt: String,
    nonce: String,
    text: String,
}

/// Why a text is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// The password is another one, or what is sealed was changed.
    Password,
    /// The file or the machine: in words.
    Damaged(&'static str),
}

/// Seals a text.
pub(crate) fn seal(password: &SecretValue, purpose: &[u8], text: &[u8]) -> Result<Sealed, Unopened> {
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    getrandom::fill(&mut salt)
        .and_then(|()| getrandom::fill(&mut nonce))
        .map_err(|_| Unopened::Damaged("no randomness"))?;
    let sealed = cipher(password, &salt)?.encrypt(&nonce.into(), Payload { msg: text, aad: purpose });
    let sealed = sealed.map_err(|_| Unopened::Damaged("it cannot be sealed"))?;
    Ok(Sealed { salt: STANDARD.encode(salt), nonce: STANDARD.encode(nonce), text: STANDARD.encode(sealed) })
}

/// Opens a text.
pub(crate) fn unseal(password: &SecretValue, purpose: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let bytes = |text: &str| STANDARD.decode(text).map_err(|_| Unopened::Damaged("a field is not base64"));
    let nonce: [u8; 24] =
        bytes(&sealed.nonce)?.try_into().map_err(|_| Unopened::Damaged("the nonce has another size"))?;
    let payload = Payload { msg: &bytes(&sealed.text)?, aad: purpose };
    let text = cipher(password, &bytes(&sealed.salt)?)?.decrypt(&nonce.into(), payload);
    Ok(Zeroizing::new(text.map_err(|_| Unopened::Password)?))
}

fn cipher(password: &SecretValue, salt: &[u8]) -> Result<XChaCha20Poly1305, Unopened> {
    let mut key = Zeroizing::new([0; 32]);
    scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, key.len())
        .ok()
        .and_then(|cost| scrypt::scrypt(password.expose().as_bytes(), salt, &cost, &mut *key).ok())
        .ok_or(Unopened::Damaged("the password cannot be used"))?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

#[cfg(test)]
mod tests {
    use super::{Unopened, seal, unseal};
    use mpp_host::SecretValue;

    #[test]
    fn only_the_same_password_and_purpose_open_it() {
        let password = |text: &str| SecretValue::new(text.to_owned());
        let sealed = seal(&password("right"), b"purpose", b"text").ok().unwrap();
        assert_eq!(&**unseal(&password("right"), b"purpose", &sealed).unwrap(), b"text");
        assert_eq!(unseal(&password("wrong"), b"purpose", &sealed).unwrap_err(), Unopened::Password);
        assert_eq!(unseal(&password("right"), b"another", &sealed).unwrap_err(), Unopened::Password);
    }
}
