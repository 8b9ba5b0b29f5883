//! How origins, methods, paths and headers are written in permissions (PKG-47), so that every reader means the same server by them.

use super::ManifestError;
use mpp_schema::permissions::{HttpOrigin, Permissions, Secret};

pub(super) fn check(permissions: &Permissions) -> Result<(), ManifestError> {
    permissions.http.iter().try_for_each(check_http)?;
    permissions.secrets.values().try_for_each(check_secret)
}

fn check_http(http: &HttpOrigin) -> Result<(), ManifestError> {
    check_origin(&http.origin)?;
    let method_ok = |method: &String| !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    let path_ok = |path: &String| path.starts_with('/') && path.bytes().all(|b| (b'!'..=b'~').contains(&b));
    let listed = !http.methods.is_empty() && !http.paths.is_empty();
    if listed && http.methods.iter().all(method_ok) && http.paths.iter().all(path_ok) {
        return Ok(());
    }
    let expected = "expected methods in upper case and path prefixes that begin with a slash";
    Err(ManifestError::invalid(format!("`permissions.http`, `{}`: {expected}", http.origin)))
}

fn check_secret(secret: &Secret) -> Result<(), ManifestError> {
    check_origin(&secret.origin)?;
    let header_ok = secret.header.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let format_ok =
        secret.format.matches("{}").count() == 1 && secret.format.bytes().all(|b| (b' '..=b'~').contains(&b));
    if header_ok && !secret.header.is_empty() && format_ok {
        return Ok(());
    }
    let expected = "expected a header's name in lower case, and a format of printable ASCII with one `{}`";
    Err(ManifestError::invalid(format!("`permissions.secrets`, `{}`: {expected}", secret.header)))
}

fn check_origin(origin: &str) -> Result<(), ManifestError> {
    if host_of(origin).is_some() {
        return Ok(());
    }
    let expected = "expected `https://` or `http://`, a host in lower case, at most a port, and nothing more";
    Err(ManifestError::invalid(format!("`permissions`, origin `{origin}`: {expected}")))
}

/// The host of an origin, with its brackets if it is an IPv6 literal; nothing when the origin is not in the accepted form.
pub(super) fn host_of(origin: &str) -> Option<&str> {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let host_end = match authority.strip_prefix('[') {
        Some(literal) => literal.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(host_end);
    let port_ok = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.parse::<u16>().is_ok_and(|port| port != 0 && port.to_string() == digits),
    };
    (port_ok && host_ok(host)).then_some(host)
}

fn host_ok(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    host == "*" || (name.len() <= 253 && name.split('.').all(label_ok))
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[track_caller]
    fn check(origin: &str, expected: Option<&str>) {
        assert_eq!(host_of(origin), expected, "{origin}");
    }

    #[test]
    fn origins_have_one_form() {
        check("https://api.example.com", Some("api.example.com"));
        check("http://localhost:8080", Some("localhost"));
        check("https://*.example.com", Some("*.example.com"));
        check("https://[::1]:8443", Some("[::1]"));
        for other in [
            "api.example.com",
            "ftp://a.example",
            "https://",
            "https://A.example",
            "https://a.example/",
            "https://a.example/x",
            "https://u@a.example",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:080",
            "https://a.example:65536",
            "https://a..example",
            "https://[::1",
            "https://[::1]x",
            "https://a.example?x",
            "https://a*.example",
            "HTTPS://a.example",
        ] {
            check(other, None);
        }
    }
}
