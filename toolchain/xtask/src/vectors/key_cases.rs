//! Chapter `key`: which public keys may be registered or pinned (SECURITY: weak keys verify forgeries).

use super::{
    case::{Case, under},
    keys::{TestKey, public_text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use curve25519_dalek::{
    constants::EIGHT_TORSION,
    edwards::{CompressedEdwardsY, EdwardsPoint},
};

const REGISTER: &str = "key.register";
const TWIN: &str = "key/valid";
const NUMBER: [u8; 8] = *b"weak key";

/// The chapter.
pub(super) fn cases() -> Vec<Case> {
    let acme = TestKey::acme();
    let valid = Case::good(TWIN, "a sound key is registered under the id of its bytes (SIG-22)", REGISTER);
    let mut cases = vec![valid.value("key", acme.public()).giving("key", acme.id())];
    cases.extend(small_order());
    cases.extend(other_encodings());
    cases.push(weak("not-a-point", "no point of the curve has this encoding", two()));
    let mixed = point(acme.public_bytes()) + EIGHT_TORSION[1];
    let why = "a sound key with a point of small order added: two keys that some readers take for one";
    cases.push(weak("mixed-order", why, mixed.compress().0));
    cases.extend(under("SIG-21", malformed(&acme)));
    cases
}

/// The eight points whose multiples are few: most signatures hold under them.
fn small_order() -> Vec<Case> {
    let why = "a point of small order: signatures can be made without a secret";
    EIGHT_TORSION
        .iter()
        .enumerate()
        .map(|(n, point)| weak(&format!("small-order-{n}"), why, point.compress().0))
        .collect()
}

fn other_encodings() -> Vec<Case> {
    let why = "a second encoding of a point: one key under two identities";
    // y = p, y = p + 1, and a sign bit on x = 0.
    let at_p = |low: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        bytes
    };
    let mut signed_identity = [0; 32];
    (signed_identity[0], signed_identity[31]) = (1, 0x80);
    vec![
        weak("not-canonical-p", why, at_p(0xed)),
        weak("not-canonical-p-plus-1", why, at_p(0xee)),
        weak("not-canonical-sign", why, signed_identity),
    ]
}

fn malformed(key: &TestKey) -> Vec<Case> {
    let bytes = STANDARD.decode(key.public()).expect("the key was just encoded");
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    let bad = |name: &str, why, text: String| {
        Case::bad(&format!("key/{name}"), why, REGISTER, TWIN, "key.malformed").value("key", text)
    };
    vec![
        bad("empty", "nothing is no key", String::new()),
        bad("truncated", "a byte is missing", text(&bytes[..41])),
        bad("surplus-byte", "a byte too many", text(&[bytes.as_slice(), &[0]].concat())),
        bad("other-algorithm", "the first two bytes name another algorithm", text(&[b"ED", &bytes[2..]].concat())),
        bad("surrounding-space", "a space before the text", format!(" {}", key.public())),
        bad("line-feed", "a line feed after the text", format!("{}\n", key.public())),
    ]
}

fn weak(name: &str, why: &'static str, key: [u8; 32]) -> Case {
    Case::bad(&format!("key/{name}"), why, REGISTER, TWIN, "key.weak").value("key", public_text(NUMBER, key))
}

fn point(bytes: [u8; 32]) -> EdwardsPoint {
    CompressedEdwardsY(bytes).decompress().expect("a test key is a point")
}

/// y = 2 is on no point of the curve.
fn two() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = 2;
    bytes
}
