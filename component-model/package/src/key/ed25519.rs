//! The two questions about Ed25519 that decide over trust, each asked in one place: is this public key sound (SIG-20), and is this
//! signature valid under the strict rules (SIG-12).

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::{Signature, VerifyingKey};

/// What is wrong with a public key, if anything.
pub(crate) fn weakness(key: &[u8; 32]) -> Option<&'static str> {
    let compressed = CompressedEdwardsY(*key);
    let Some(point) = compressed.decompress() else {
        return Some("it is no point of the curve");
    };
    if point.compress() != compressed {
        return Some("its point is not written in the canonical way");
    }
    if point.is_small_order() {
        return Some("its point is of small order");
    }
    if !point.is_torsion_free() {
        return Some("its point is not in the prime-order group");
    }
    None
}

/// Whether `signature` is by `key` over `message`: S below the group order, no small-order point, and equal bytes of R.
pub(crate) fn verify_strict(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{verify_strict, weakness};
    use serde_json::Value as Json;

    fn bytes(hex: &Json) -> Vec<u8> {
        let hex = hex.as_str().unwrap();
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn key(hex: &str) -> [u8; 32] {
        bytes(&Json::from(hex)).try_into().unwrap()
    }

    #[test]
    fn every_case_of_wycheproof() {
        let suite: Json =
            serde_json::from_str(include_str!("../../tests/data/wycheproof/wycheproof_ed25519_test.json")).unwrap();
        let mut asked = 0;
        for group in suite["testGroups"].as_array().unwrap() {
            let key: [u8; 32] = bytes(&group["publicKey"]["pk"]).try_into().unwrap();
            assert_eq!(weakness(&key), None);
            for case in group["tests"].as_array().unwrap() {
                let valid = verify_strict(&key, &bytes(&case["msg"]), &bytes(&case["sig"]));
                assert_eq!(valid, case["result"] == "valid", "case {}: {}", case["tcId"], case["comment"]);
                asked += 1;
            }
        }
        assert_eq!(asked, 151);
        assert_eq!(suite["numberOfTests"], asked);
    }

    #[test]
    fn points_that_anybody_could_sign_for_are_weak() {
        // The eight points of small order, in their canonical encodings.
        for weak in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        ] {
            assert_eq!(weakness(&key(weak)), Some("its point is of small order"), "{weak}");
        }
    }

    #[test]
    fn other_encodings_are_not_canonical() {
        // y = p + 1 and y = p, and a sign bit on x = 0.
        for other in [
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0100000000000000000000000000000000000000000000000000000000000080",
        ] {
            assert_eq!(weakness(&key(other)), Some("its point is not written in the canonical way"), "{other}");
        }
        assert_eq!(
            weakness(&[2; 32]).is_some(),
            curve25519_dalek::edwards::CompressedEdwardsY([2; 32]).decompress().is_none()
        );
    }

    #[test]
    fn a_good_key_with_a_small_part_added_is_weak() {
        use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
        assert_eq!(weakness(ED25519_BASEPOINT_POINT.compress().as_bytes()), None);
        for small in &EIGHT_TORSION[1..] {
            let mixed = (ED25519_BASEPOINT_POINT + small).compress();
            assert_eq!(weakness(mixed.as_bytes()), Some("its point is not in the prime-order group"));
        }
    }
}
