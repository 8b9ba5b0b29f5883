//! Which trust level a set of permissions needs (PKG-48). The author declares one; it must not be lower.

use super::{ManifestError, origin::host_of};
use mpp_schema::{
    manifest::{Manifest, TrustLevel},
    permissions::Permissions,
};

pub(super) fn check(manifest: &Manifest) -> Result<(), ManifestError> {
    let (needed, because) = needed_level(&manifest.permissions);
    if manifest.trust >= needed {
        return Ok(());
    }
    Err(ManifestError::Trust { needed, because, found: manifest.trust })
}

/// The lowest level that covers these permissions, and the permission that needs it. Folders count as slots inside of a project here: how
/// wide one really is turns out when the user binds it.
pub fn needed_level(permissions: &Permissions) -> (TrustLevel, String) {
    if !permissions.devices.is_empty() {
        return (TrustLevel::Elevated, "devices".to_owned());
    }
    let origins = permissions.http.iter().map(|http| &http.origin);
    let mut origins = origins.chain(permissions.secrets.values().map(|secret| &secret.origin));
    if let Some(wide) = origins.find(|origin| origin_level(origin) == TrustLevel::Elevated) {
        return (TrustLevel::Elevated, wide.clone());
    }
    let limited = [
        ("folders", !permissions.folders.is_empty()),
        ("http", !permissions.http.is_empty()),
        ("secrets", !permissions.secrets.is_empty()),
        ("env", !permissions.env.is_empty()),
        ("clock", permissions.clock.is_some()),
        ("tools", !permissions.tools.is_empty()),
    ];
    match limited.into_iter().find(|(_, asked)| *asked) {
        Some((permission, _)) => (TrustLevel::Limited, permission.to_owned()),
        None => (TrustLevel::Sandboxed, String::new()),
    }
}

/// The level that reaching one origin needs: limited for one name on the public net, elevated for anything wider or nearer.
pub fn origin_level(origin: &str) -> TrustLevel {
    if host_of(origin).is_some_and(is_public_name) { TrustLevel::Limited } else { TrustLevel::Elevated }
}

/// Whether a host is one name on the public net: no wildcard, no address in any spelling, no name of the own machine or network.
fn is_public_name(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    // WHATWG URL: a host whose last label is a number is an IPv4 address, whatever its spelling.
    let numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let own = matches!(last, "localhost" | "local" | "internal" | "lan" | "home" | "corp" | "intranet")
        || labels.ends_with(&["home", "arpa"]);
    labels.len() > 1 && !host.contains('*') && !host.starts_with('[') && !numeric && !own
}

#[cfg(test)]
mod tests {
    use super::is_public_name;

    #[test]
    fn names_on_the_public_net() {
        for host in ["api.github.com", "example.org", "a-1.b2.example", "1.example", "myhome.arpa", "local.example"] {
            assert!(is_public_name(host), "{host}");
        }
        for host in [
            "*",
            "*.example.com",
            "localhost",
            "db.localhost",
            "nas.local",
            "metadata.google.internal",
            "router",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "1.0x7f000001",
            "[::1]",
            "box.home.arpa",
            "home.arpa",
        ] {
            assert!(!is_public_name(host), "{host}");
        }
    }
}
