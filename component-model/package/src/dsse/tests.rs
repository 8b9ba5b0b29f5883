//! What is accepted is exactly what was signed, in exactly one spelling.

use super::{Envelope, MessageKey, pre_authentication_encoding, sign, verify};
use mpp_schema::{Code, Coded as _, codes};
use proptest::prelude::*;

const TYPE: &str = "application/vnd.mpp.test.v1+json";

fn key(seed: u8) -> MessageKey {
    MessageKey::from_seed(&[seed; 32]).unwrap()
}

#[track_caller]
fn check(text: &str, expected: Result<&[u8], Code>) {
    let outcome = verify(text.as_bytes(), TYPE, key(1).public());
    let found = outcome.as_ref().map(|message| message.payload()).map_err(|error| error.code());
    assert_eq!(found, expected, "{text}");
}

/// SIG-50.
#[test]
fn the_encoding_is_the_one_of_the_protocol() {
    // The example of the DSSE specification, `protocol.md`.
    let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
    // Lengths count bytes.
    assert_eq!(pre_authentication_encoding("ä", "日".as_bytes()), "DSSEv1 2 ä 3 日".as_bytes());
}

/// SIG-51.
#[test]
fn a_message_has_one_text() {
    let text = sign(TYPE, b"{}", &key(1)).unwrap();
    let id = key(1).public().id();
    assert!(
        text.starts_with(&format!(
            r#"{{"payloadType":"{TYPE}","payload":"e30=","signatures":[{{"keyid":"{id}","sig":""#
        ))
    );
    assert!(text.ends_with("==\"}]}"));
    assert_eq!(text, sign(TYPE, b"{}", &key(1)).unwrap(), "signing is deterministic");
    assert_eq!(Envelope::read(text.as_bytes()).unwrap().to_text(), text);
    check(&text, Ok(b"{}"));
}

/// SIG-53 and SIG-54.
#[test]
fn another_key_type_or_payload_is_refused() {
    check(&sign(TYPE, b"{}", &key(2)).unwrap(), Err(codes::TRUST_UNKNOWN_KEY));
    check(&sign("application/vnd.mpp.other.v1+json", b"{}", &key(1)).unwrap(), Err(codes::SIG_BINDING));
    let text = sign(TYPE, b"{}", &key(1)).unwrap();
    // The type changed after signing: not of another type, but no longer signed.
    check(&text.replace(".test.", ".tset."), Err(codes::SIG_INVALID));
    check(&text.replace("e30=", "W10="), Err(codes::SIG_INVALID));
    let (mine, other) = (key(1).public().id().to_string(), key(2).public().id().to_string());
    check(&text.replace(&mine, &other), Err(codes::TRUST_UNKNOWN_KEY));
    // Signed by another key under this key's name.
    check(&sign(TYPE, b"{}", &key(2)).unwrap().replace(&other, &mine), Err(codes::SIG_INVALID));
}

#[test]
fn a_signature_of_the_payload_alone_is_not_one_of_the_message() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = sign(TYPE, b"{}", &key(1)).unwrap();
    let signature = text.rsplit('"').nth(1).unwrap();
    check(&text.replace(signature, &STANDARD.encode(key(1).sign(b"{}"))), Err(codes::SIG_INVALID));
}

/// SIG-55.
#[test]
fn a_package_signature_never_counts_as_a_message() {
    use crate::key::{SecretKey, Signer as _};
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    // Even where one seed were used for both: minisign signs a hash of 64 bytes, which never begins as the encoding does.
    let text = sign(TYPE, b"{}", &key(1)).unwrap();
    let package_key = SecretKey::generate().unwrap();
    let minisig = package_key.sign(b"{}", "mpp1 kind=test").unwrap();
    let line = STANDARD.decode(minisig.as_str().lines().nth(1).unwrap()).unwrap();
    let public = super::MessagePublicKey::from_bytes(*package_key.public_key().key_bytes()).unwrap();
    let signature = text.rsplit('"').nth(1).unwrap();
    let forged = text
        .replace(signature, &STANDARD.encode(&line[10..]))
        .replace(&key(1).public().id().to_string(), &public.id().to_string());
    assert_eq!(verify(forged.as_bytes(), TYPE, &public).unwrap_err().code(), codes::SIG_INVALID);
}

/// SIG-51; and SIG-52: the line feed that ends a file is not part of the envelope.
#[test]
fn other_spellings_are_refused() {
    let text = sign(TYPE, b"{\"a\":1}", &key(1)).unwrap();
    check(&text, Ok(b"{\"a\":1}"));
    let signatures = &text[text.find("\"signatures\"").unwrap()..text.len() - 1];
    for bad in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        format!("{text}\n"),
        format!(" {text}"),
        text.replacen(',', ", ", 1),
        text.replacen("payload", "Payload", 1),
        text.replacen("\"payload\"", "\"p\\u0061yload\"", 1),
        text.replacen('{', "{\"extra\":1,", 1),
        text.replacen('{', &format!("{{{signatures},"), 1),
        text.replacen("\"sig\"", "\"cert\":\"x\",\"sig\"", 1),
        text.replacen("]}", ",{}]}", 1),
        text.replacen("\"keyid\":\"", "\"keyid\":\"0", 1),
        text.replacen("==\"}]", "\"}]", 1),
        text.replacen("==\"}]", "==\\n\"}]", 1),
        text.replacen("fQ==", "fR==", 1),
        text.replacen("fQ==", "fQ", 1),
    ] {
        assert_ne!(bad, text);
        check(&bad, Err(codes::SIG_MALFORMED));
    }
    // Two signatures, the second a copy.
    let entry = &text[text.find("[{").unwrap() + 1..text.len() - 2];
    check(&text.replacen(entry, &format!("{entry},{entry}"), 1), Err(codes::SIG_MALFORMED));
    check(&text.replacen(entry, "", 1), Err(codes::SIG_MISSING));
}

#[test]
fn a_type_that_needs_escapes_is_not_signed() {
    for bad in ["", "a\"b", "a\\b", "a b", "a\n", "ä", &"a".repeat(129)] {
        assert_eq!(sign(bad, b"", &key(1)).unwrap_err().code(), codes::SIG_MALFORMED, "{bad}");
    }
}

#[test]
fn a_large_message_is_refused_before_it_is_read() {
    assert_eq!(sign(TYPE, &vec![0; 1 << 20], &key(1)).unwrap_err().code(), codes::LIMIT_MESSAGE);
    let text = vec![b'['; crate::limits::MESSAGE_BYTES_MAX + 1];
    assert_eq!(Envelope::read(&text).unwrap_err().code(), codes::LIMIT_MESSAGE);
}

proptest! {
    #[test]
    fn whatever_is_signed_is_read_back(payload in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = sign(TYPE, &payload, &key(1)).unwrap();
        let read = verify(text.as_bytes(), TYPE, key(1).public()).unwrap();
        prop_assert_eq!(read.payload(), payload.as_slice());
    }

    #[test]
    fn no_changed_text_is_accepted(at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3_u8) {
        let text = sign(TYPE, b"{\"mpp\":\"1.0\"}", &key(1)).unwrap().into_bytes();
        let mut changed = text.clone();
        let at = at.index(text.len());
        match kind {
            0 => changed[at] = byte,
            1 => changed.insert(at, byte),
            _ => drop(changed.remove(at)),
        }
        prop_assert_eq!(verify(&changed, TYPE, key(1).public()).is_ok(), changed == text);
    }

    #[test]
    fn random_text_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Envelope::read(&bytes).is_err());
    }
}
