//! Headers that a tool may not set: those that say who asks, whom, or what, in another way than the request that was judged. Rule HOST-45.

/// Names in lower case. A name that ends in `*` is a beginning.
const REFUSED: &[&str] = &[
    // Who asks: the host adds credentials, and only to the origin that they are for.
    "authorization",
    "cookie",
    "cookie2",
    "forwarded",
    "via",
    "x-forwarded*",
    "x-real-ip",
    // Whom it is for.
    "host",
    "x-host",
    "x-original-host",
    // What it asks for: another path or method than the one that was granted.
    "x-original-url",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    // The connection, which is the host's.
    "connection",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy*",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Those of them that a secret may be sent in: everything else would change what the host sends, not who sends it.
const CREDENTIALS: &[&str] = &["authorization", "cookie"];

/// Whether a tool may not set the header. Some servers read `_` as `-`, so it is one here.
pub fn is_refused_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    REFUSED.iter().any(|refused| match refused.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *refused,
    })
}

/// Whether the host may put a secret into the header.
pub fn may_carry_secret(name: &str) -> bool {
    CREDENTIALS.contains(&name) || !(is_refused_header(name) || name == "content-length")
}

#[cfg(test)]
mod tests {
    use super::{is_refused_header, may_carry_secret};

    #[test]
    fn headers_that_change_what_was_judged_are_refused() {
        for name in [
            "Authorization",
            "cookie",
            "Host",
            "Proxy-Authorization",
            "proxy-connection",
            "Connection",
            "Transfer-Encoding",
            "TE",
            "Upgrade",
            "Forwarded",
            "X-Forwarded-For",
            "x_forwarded_host",
            "X-Original-URL",
            "X-HTTP-Method-Override",
            "Keep-Alive",
        ] {
            assert!(is_refused_header(name), "{name}");
        }
        for name in
            ["accept", "content-type", "content-length", "user-agent", "x-api-key", "x-request-id", "origin", "test"]
        {
            assert!(!is_refused_header(name), "{name}");
        }
    }

    #[test]
    fn a_secret_goes_where_credentials_go() {
        for (name, expected) in [
            ("authorization", true),
            ("cookie", true),
            ("x-api-key", true),
            ("private-token", true),
            ("host", false),
            ("content-length", false),
            ("transfer-encoding", false),
            ("proxy-authorization", false),
            ("x-http-method-override", false),
        ] {
            assert_eq!(may_carry_secret(name), expected, "{name}");
        }
    }
}
