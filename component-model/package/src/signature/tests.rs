//! Each row of the table of signature refusals, with the twin that is accepted.

use super::{Purpose, SignatureText, attach, verify};
use crate::key::{PublicKey, SecretKey, Signer as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b512, Digest as _};
use ed25519_dalek::{Signer as _, SigningKey};
use mpp_schema::{Code, Coded as _, codes};
use proptest::prelude::*;

const MESSAGE: &[u8] = b"{\"mpp\":\"1.0\"}";
const COMMENT: &str = "mpp1 kind=package name=acme:notes version=1.0.0";

/// A minisign key whose every byte is in the test's hands.
struct Key {
    secret: SigningKey,
    public: PublicKey,
}

fn key(seed: u8) -> Key {
    let secret = SigningKey::from_bytes(&[seed; 32]);
    let public = PublicKey::from_parts(secret.verifying_key().to_bytes(), [seed; 8]).unwrap();
    Key { secret, public }
}

/// The parts of a signature's text, each of which a test can spoil.
struct Parts {
    untrusted: String,
    algorithm: &'static [u8; 2],
    number: [u8; 8],
    signature: Vec<u8>,
    comment: String,
    global: Vec<u8>,
}

fn parts(key: &Key) -> Parts {
    parts_over(key, &Blake2b512::digest(MESSAGE), COMMENT)
}

fn parts_over(key: &Key, signed: &[u8], comment: &str) -> Parts {
    let signature = key.secret.sign(signed).to_bytes().to_vec();
    let global = key.secret.sign(&[&signature, comment.as_bytes()].concat()).to_bytes().to_vec();
    Parts {
        untrusted: format!("mpp {}", key.public.id()),
        algorithm: b"ED",
        number: key.public.number(),
        signature,
        comment: comment.to_owned(),
        global,
    }
}

impl Parts {
    fn text(&self) -> String {
        let first = [self.algorithm.as_slice(), &self.number, &self.signature].concat();
        format!(
            "untrusted comment: {}\n{}\ntrusted comment: {}\n{}\n",
            self.untrusted,
            STANDARD.encode(first),
            self.comment,
            STANDARD.encode(&self.global)
        )
    }
}

fn outcome(text: &str, key: &PublicKey) -> Result<(), Code> {
    let signature = SignatureText::parse(text).map_err(|error| error.code())?;
    verify(MESSAGE, &signature, key).map_err(|error| error.code())?;
    let purpose = Purpose::Package { name: "acme:notes".parse().unwrap(), version: "1.0.0".parse().unwrap() };
    purpose.check(signature.trusted_comment(), key.id()).map_err(|error| error.code())
}

/// Asks about one text that differs from a good one in one point.
#[track_caller]
fn check(spoil: impl FnOnce(&mut Parts), expected: Result<(), Code>) {
    let key = key(1);
    let mut parts = parts(&key);
    spoil(&mut parts);
    assert_eq!(outcome(&parts.text(), &key.public), expected);
}

/// The same for a change of the finished text.
#[track_caller]
fn check_text(spoil: impl FnOnce(&str) -> String) {
    let key = key(1);
    let good = parts(&key).text();
    assert_eq!(outcome(&good, &key.public), Ok(()));
    let bad = spoil(&good);
    assert_ne!(bad, good, "the case changes nothing");
    assert_eq!(outcome(&bad, &key.public), Err(codes::SIG_MALFORMED), "{bad:?}");
}

#[test]
fn a_good_signature_is_accepted() {
    check(|_| {}, Ok(()));
}

#[test]
fn legacy_signatures_are_refused() {
    let key = key(1);
    let mut legacy = parts_over(&key, MESSAGE, COMMENT);
    legacy.algorithm = b"Ed";
    assert_eq!(outcome(&legacy.text(), &key.public), Err(codes::SIG_LEGACY));
}

#[test]
fn a_legacy_signature_over_a_hash_passes_for_another_purpose_only() {
    // The victim signed a file whose 64 bytes are the prehash of our message, in the legacy way and with minisign's own comment.
    let key = key(1);
    let flipped = parts_over(&key, &Blake2b512::digest(MESSAGE), "timestamp:1556193335");
    assert_eq!(outcome(&flipped.text(), &key.public), Err(codes::SIG_BINDING));
}

#[test]
fn only_the_canonical_text_is_read() {
    check_text(|good| format!("{good}\n"));
    check_text(|good| format!("{good}more\n"));
    check_text(|good| format!("\n{good}"));
    check_text(|good| good.replace('\n', "\r\n"));
    check_text(|good| good.strip_suffix('\n').unwrap().to_owned());
    check_text(|good| good.replacen("trusted comment: mpp1", "trusted comment:  mpp1", 1));
    check_text(|good| good.replacen("1.0.0\n", "1.0.0 \n", 1));
    check_text(|good| good.replacen("untrusted comment: ", "untrusted comment:", 1));
    check_text(|good| good.replacen("untrusted comment: ", "", 1));
    check_text(|good| good.replacen("\ntrusted comment: ", "\n", 1));
    check_text(|good| good.replacen("\ntrusted comment: ", "\nTrusted comment: ", 1));
    check_text(|good| good.replacen("untrusted comment: mpp ", "untrusted comment: ", 1));
    check_text(|_| String::new());
}

#[test]
fn base64_has_one_spelling_and_one_length() {
    // 74 bytes leave two unused bits before the padding, 64 bytes leave four.
    check_text(|good| respell(good, 1));
    check_text(|good| respell(good, 3));
    check_text(|good| good.replacen("=\n", "\n", 1));
    check_text(|good| good.replacen("=\n", "= \n", 1));
    for length in [0, 63, 65] {
        check(|parts| parts.global.resize(length, 0), Err(codes::SIG_MALFORMED));
    }
    for length in [0, 63, 65, 130] {
        check(|parts| parts.signature.resize(length, 0), Err(codes::SIG_MALFORMED));
    }
}

/// Changes the unused bits of the last digit of one line, which lenient decoders ignore.
fn respell(text: &str, line: usize) -> String {
    let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
    let at = lines[line].find('=').unwrap() - 1;
    let digit = lines[line].as_bytes()[at];
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = DIGITS.iter().position(|&d| d == digit).unwrap();
    lines[line].replace_range(at..=at, &char::from(DIGITS[value ^ 1]).to_string());
    lines.join("\n")
}

#[test]
fn comments_are_short_printable_ascii() {
    let key = key(1);
    for (comment, expected) in [
        ("a".repeat(512), Err(codes::SIG_BINDING)),
        ("a".repeat(513), Err(codes::SIG_MALFORMED)),
        ("a".repeat(10_000), Err(codes::SIG_MALFORMED)),
        (String::new(), Err(codes::SIG_MALFORMED)),
        (format!("{COMMENT}\u{1b}[2J"), Err(codes::SIG_MALFORMED)),
        (format!("{COMMENT}\0"), Err(codes::SIG_MALFORMED)),
        (format!("{COMMENT}\t"), Err(codes::SIG_MALFORMED)),
        (format!("{COMMENT}\u{202e}"), Err(codes::SIG_MALFORMED)),
        (format!("{COMMENT}é"), Err(codes::SIG_MALFORMED)),
    ] {
        // Signed honestly, so that only the comment's own form can be the reason.
        let text = parts_over(&key, &Blake2b512::digest(MESSAGE), &comment).text();
        assert_eq!(outcome(&text, &key.public), expected, "{comment:?}");
    }
}

#[test]
fn what_minisign_leaves_unsigned_is_fixed() {
    check(|parts| parts.number[0] ^= 1, Err(codes::SIG_MALFORMED));
    check(|parts| parts.algorithm = b"EE", Err(codes::SIG_MALFORMED));
    check(|parts| parts.untrusted = format!("mpp {}", key(2).public.id()), Err(codes::SIG_MALFORMED));
    check(|parts| parts.untrusted = "signature from minisign secret key".into(), Err(codes::SIG_MALFORMED));
    check(|parts| parts.untrusted = parts.untrusted.to_uppercase(), Err(codes::SIG_MALFORMED));
}

#[test]
fn the_signature_must_hold() {
    check(|parts| parts.comment.push('1'), Err(codes::SIG_INVALID));
    check(|parts| parts.signature[0] ^= 1, Err(codes::SIG_INVALID));
    check(|parts| parts.global[0] ^= 1, Err(codes::SIG_INVALID));
    check(|parts| std::mem::swap(&mut parts.signature, &mut parts.global), Err(codes::SIG_INVALID));
    check(|parts| parts.signature.fill(0), Err(codes::SIG_INVALID));
    check(|parts| parts.signature = plus_group_order(&parts.signature), Err(codes::SIG_INVALID));
    check(|parts| parts.global = plus_group_order(&parts.global), Err(codes::SIG_INVALID));
}

/// The same signature with S + L in place of S: valid for a verifier that does not ask for the smallest S.
fn plus_group_order(signature: &[u8]) -> Vec<u8> {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = signature.to_vec();
    let mut carry = 0;
    for (byte, add) in sum[32..].iter_mut().zip(L) {
        let total = u16::from(*byte) + u16::from(add) + carry;
        *byte = total as u8;
        carry = total >> 8;
    }
    sum
}

#[test]
fn a_right_key_number_does_not_make_the_right_key() {
    let (key, other) = (key(1), key(2));
    let mut forged = parts(&other);
    forged.number = key.public.number();
    forged.untrusted = format!("mpp {}", key.public.id());
    assert_eq!(outcome(&forged.text(), &key.public), Err(codes::SIG_INVALID));
}

#[test]
fn a_signature_for_another_package_does_not_count() {
    let key = key(1);
    for other in [
        "mpp1 kind=package name=acme:notes version=1.0.1",
        "mpp1 kind=package name=acme:other version=1.0.0",
        "mpp1 kind=dev-package name=acme:notes version=1.0.0",
        "mpp1 kind=statement registry=0123456789abcdef0123456789abcdef",
    ] {
        let text = parts_over(&key, &Blake2b512::digest(MESSAGE), other).text();
        assert_eq!(outcome(&text, &key.public), Err(codes::SIG_BINDING), "{other}");
    }
}

/// SIG-9.
#[test]
fn a_foreign_untrusted_comment_is_replaced_and_nothing_else_is() {
    let key = key(1);
    let mut foreign = parts(&key);
    foreign.untrusted = "signature from minisign secret key".into();
    let attached = attach(&foreign.text(), &key.public).unwrap();
    assert_eq!(attached.as_str(), parts(&key).text());
    assert_eq!(outcome(attached.as_str(), &key.public), Ok(()));
    foreign.number[0] ^= 1;
    assert_eq!(attach(&foreign.text(), &key.public).unwrap_err().code(), codes::SIG_MALFORMED);
    assert_eq!(attach("", &key.public).unwrap_err().code(), codes::SIG_MALFORMED);
}

#[test]
fn our_own_signatures_are_accepted() {
    let key = SecretKey::generate().unwrap();
    let text = key.sign(MESSAGE, COMMENT).unwrap();
    assert_eq!(outcome(text.as_str(), key.public_key()), Ok(()));
    assert_eq!(key.sign(MESSAGE, "line\nfeed").unwrap_err().code(), codes::SIG_MALFORMED);
}

proptest! {
    #[test]
    fn every_changed_character_is_refused(at in 0usize..400, to in any::<char>()) {
        let key = key(1);
        let good = parts(&key).text();
        let mut chars: Vec<char> = good.chars().collect();
        let at = at % chars.len();
        chars[at] = to;
        let changed: String = chars.into_iter().collect();
        prop_assert_eq!(outcome(&changed, &key.public).is_ok(), changed == good);
    }

    #[test]
    fn reading_never_panics_and_keeps_the_text(text in "\\PC*|(untrusted comment: mpp [0-9a-f]{64}\n[A-Za-z0-9+/=]{0,110}\ntrusted comment: [ -~]{0,30}\n[A-Za-z0-9+/=]{0,90}\n)") {
        if let Ok(signature) = SignatureText::parse(&text) {
            prop_assert_eq!(signature.as_str(), &text);
        }
    }
}
