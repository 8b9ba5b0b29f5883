//! The envelope of a registry's index: exact text and minisign signatures over it (SIG-40 to SIG-43).
//!
//! The text is verified as it stands and returned to nobody here; the caller parses it after.

use crate::{
    key::{KeyError, PublicKey, Signer},
    limits::{SIGNATURE_BYTES_MAX, SIGNATURES_MAX},
    signature::{self, Purpose, SignatureError, SignatureText},
};
use mpp_schema::{KeyId, index::Signed};

/// Signs `text` for `purpose` with every signer.
///
/// # Errors
/// When there is no signer, there are too many, one stands there twice, or one cannot sign.
pub fn sign_text(text: String, purpose: &Purpose, signers: &[&dyn Signer]) -> Result<Signed, KeyError> {
    let signatures = sign_all(text.as_bytes(), purpose, signers)?;
    let signatures = signatures.iter().map(|signature| signature.as_str().to_owned()).collect();
    Ok(Signed { signed: text, signatures })
}

/// The signatures of every signer over `message`, in the order of their key ids.
pub(crate) fn sign_all(
    message: &[u8],
    purpose: &Purpose,
    signers: &[&dyn Signer],
) -> Result<Vec<SignatureText>, KeyError> {
    let refused = |error| KeyError::Signature(Box::new(error));
    check_count(signers.len()).map_err(refused)?;
    let mut signatures = Vec::new();
    for signer in signers {
        let signature = signer.sign(message, &purpose.to_comment())?;
        signature::verify(message, &signature, signer.public_key()).map_err(refused)?;
        purpose.check(signature.trusted_comment(), signature.key_id()).map_err(refused)?;
        signatures.push(signature);
    }
    signatures.sort();
    check_order(&signatures).map_err(refused)?;
    Ok(signatures)
}

/// Whether the text is signed for `purpose` by at least `threshold` distinct keys of `keys`; gives the keys that signed.
/// Signatures by other keys must be in the accepted form, and do not count.
///
/// # Errors
/// When a signature is not in the accepted form or not in order, does not hold, is for another purpose, or too few keys signed.
pub fn verify_text(
    signed: &Signed,
    purpose: &Purpose,
    keys: &[PublicKey],
    threshold: usize,
) -> Result<Vec<KeyId>, SignatureError> {
    check_count(signed.signatures.len())?;
    let signatures = signed.signatures.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
    check_order(&signatures)?;
    let mut counted = Vec::new();
    for signature in &signatures {
        let Some(key) = find(keys, signature) else { continue };
        signature::verify(signed.signed.as_bytes(), signature, key)?;
        purpose.check(signature.trusted_comment(), key.id())?;
        counted.push(key.id());
    }
    if counted.is_empty() {
        return Err(SignatureError::UnknownKey { found: signatures.iter().map(SignatureText::key_id).collect() });
    }
    if counted.len() < threshold {
        return Err(SignatureError::Threshold { expected: threshold, found: counted.len() });
    }
    Ok(counted)
}

/// The key that a signature names. One key may be known under several numbers: the signature's own is preferred.
pub(crate) fn find<'a>(
    keys: impl IntoIterator<Item = &'a PublicKey>,
    signature: &SignatureText,
) -> Option<&'a PublicKey> {
    let named = keys.into_iter().filter(|key| key.id() == signature.key_id());
    named.max_by_key(|key| key.number() == signature.key_number())
}

/// Between one signature and the limit.
pub(crate) fn check_count(count: usize) -> Result<(), SignatureError> {
    match count {
        0 => Err(SignatureError::Missing),
        1..=SIGNATURES_MAX => Ok(()),
        found => Err(SignatureError::Limit { limit: SIGNATURES_MAX as u64, of: "signatures", found: found as u64 }),
    }
}

fn read(text: &str) -> Result<SignatureText, SignatureError> {
    let found = text.len() as u64;
    if found > SIGNATURE_BYTES_MAX {
        return Err(SignatureError::Limit { limit: SIGNATURE_BYTES_MAX, of: "bytes of a signature", found });
    }
    SignatureText::parse(text)
}

fn check_order(signatures: &[SignatureText]) -> Result<(), SignatureError> {
    for pair in signatures.windows(2) {
        let (before, after) = (pair[0].key_id(), pair[1].key_id());
        if before == after {
            return Err(SignatureError::Repeated { key: before });
        }
        if before > after {
            let expected = "signatures sorted by key id";
            return Err(SignatureError::Malformed { line: 1, expected, found: after.to_string() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Signed, sign_text, verify_text};
    use crate::{
        key::{PublicKey, SecretKey, Signer},
        signature::Purpose,
    };
    use mpp_schema::{Code, Coded as _, codes};

    const REGISTRY: &str = "0123456789abcdef0123456789abcdef";

    fn head() -> Purpose {
        Purpose::Head { registry: REGISTRY.parse().unwrap() }
    }

    fn keys(count: usize) -> Vec<SecretKey> {
        (0..count).map(|_| SecretKey::generate().unwrap()).collect()
    }

    fn sign(keys: &[SecretKey]) -> Signed {
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        sign_text("{\"seq\":1}".to_owned(), &head(), &signers).unwrap()
    }

    fn public(keys: &[SecretKey]) -> Vec<PublicKey> {
        keys.iter().map(|key| *key.public_key()).collect()
    }

    #[track_caller]
    fn check(signed: &Signed, purpose: &Purpose, keys: &[PublicKey], threshold: usize, expected: Result<usize, Code>) {
        let outcome = verify_text(signed, purpose, keys, threshold);
        assert_eq!(outcome.map(|ids| ids.len()).map_err(|error| error.code()), expected);
    }

    /// SIG-43.
    #[test]
    fn the_threshold_counts_distinct_known_keys() {
        let keys = keys(3);
        let signed = sign(&keys[..2]);
        check(&signed, &head(), &public(&keys), 2, Ok(2));
        check(&signed, &head(), &public(&keys), 3, Err(codes::SIG_THRESHOLD));
        check(&signed, &head(), &public(&keys[1..]), 1, Ok(1));
        check(&signed, &head(), &public(&keys[1..]), 2, Err(codes::SIG_THRESHOLD));
        check(&signed, &head(), &public(&keys[2..]), 1, Err(codes::TRUST_UNKNOWN_KEY));
    }

    #[test]
    fn one_key_counts_once_also_under_two_numbers() {
        let keys = keys(1);
        let mut signed = sign(&keys);
        check(&signed, &head(), &public(&keys), 2, Err(codes::SIG_THRESHOLD));
        signed.signatures.push(signed.signatures[0].clone());
        check(&signed, &head(), &public(&keys), 2, Err(codes::SIG_THRESHOLD));
        let renumbered = PublicKey::from_parts(*keys[0].public_key().key_bytes(), *b"12345678").unwrap();
        check(&sign(&keys), &head(), &[renumbered, *keys[0].public_key()], 2, Err(codes::SIG_THRESHOLD));
        check(&sign(&keys), &head(), &[renumbered, *keys[0].public_key()], 1, Ok(1));
    }

    /// SIG-40, SIG-41.
    #[test]
    fn text_and_purpose_are_what_was_signed() {
        let keys = keys(1);
        let mut signed = sign(&keys);
        check(&signed, &head(), &public(&keys), 1, Ok(1));
        let root = Purpose::Root { registry: REGISTRY.parse().unwrap() };
        check(&signed, &root, &public(&keys), 1, Err(codes::SIG_BINDING));
        // What is signed is what JSON's escapes stand for.
        let spelled = serde_json::to_string(&signed).unwrap().replacen("seq", "s\\u0065q", 1);
        check(&serde_json::from_str(&spelled).unwrap(), &head(), &public(&keys), 1, Ok(1));
        for other in
            [r#"{"signed":"a"}"#, r#"{"signed":"a","signatures":[],"more":1}"#, r#"{"signed":{},"signatures":[]}"#]
        {
            assert!(serde_json::from_str::<Signed>(other).is_err(), "{other}");
        }
        signed.signed.push(' ');
        check(&signed, &head(), &public(&keys), 1, Err(codes::SIG_INVALID));
    }

    /// SIG-42.
    #[test]
    fn the_set_of_signatures_is_bounded_and_ordered() {
        let keys = keys(2);
        let mut signed = sign(&keys);
        signed.signatures.reverse();
        check(&signed, &head(), &public(&keys), 1, Err(codes::SIG_MALFORMED));
        signed.signatures.clear();
        check(&signed, &head(), &public(&keys), 1, Err(codes::SIG_MISSING));
        signed.signatures = vec!["x".repeat(1 << 20)];
        check(&signed, &head(), &public(&keys), 1, Err(codes::LIMIT_SIGNATURES));
        signed.signatures = vec![String::new(); 17];
        check(&signed, &head(), &public(&keys), 1, Err(codes::LIMIT_SIGNATURES));
    }

    #[test]
    fn signing_asks_for_one_to_sixteen_distinct_keys() {
        let keys = keys(1);
        let again: [&dyn Signer; 2] = [&keys[0], &keys[0]];
        assert_eq!(sign_text(String::new(), &head(), &again).unwrap_err().code(), codes::SIG_THRESHOLD);
        assert_eq!(sign_text(String::new(), &head(), &[]).unwrap_err().code(), codes::SIG_MISSING);
        let many: [&dyn Signer; 17] = [&keys[0]; 17];
        assert_eq!(sign_text(String::new(), &head(), &many).unwrap_err().code(), codes::LIMIT_SIGNATURES);
    }
}
