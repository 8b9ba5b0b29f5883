//! What stands for the arguments of a call in approvals, requests and policies (CONS-10).

use mpp_schema::Digest;

/// Digest of typed arguments, in their one JSON text.
pub fn arguments_digest(text: &str) -> Digest {
    Digest::of(format!("mpp-arguments-v1\n{text}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::arguments_digest;

    /// CONS-10: what `printf 'mpp-arguments-v1\n{"count":"9007199254740993","text":"# Milk"}' | sha256sum` prints.
    #[test]
    fn anybody_can_compute_the_digest_of_arguments() {
        let found = arguments_digest(r##"{"count":"9007199254740993","text":"# Milk"}"##);
        assert_eq!(found.to_string(), "94573331ae1f57798b4d3d8f6795ce4897c559d256e324bc2a4926e318dfddb9");
        assert_ne!(found, arguments_digest(r##"{"count":"9007199254740992","text":"# Milk"}"##));
    }
}
