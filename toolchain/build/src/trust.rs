//! Which trust level the asked permissions need. An author who declares less is told at build; a host computes its own again.

use mpp_schema::{manifest::TrustLevel, permissions::Permissions};
use std::net::IpAddr;

/// The highest level that any of the permissions needs, and the permission that needs it.
pub(crate) fn needed(permissions: &Permissions) -> Option<(TrustLevel, String)> {
    let mut needs: Vec<(TrustLevel, String)> = Vec::new();
    let mut limited = |asked: bool, name: &str| {
        if asked {
            needs.push((TrustLevel::Limited, format!("`permissions.{name}`")));
        }
    };
    limited(!permissions.folders.is_empty(), "folders");
    limited(!permissions.http.is_empty(), "http");
    limited(!permissions.secrets.is_empty(), "secrets");
    limited(!permissions.env.is_empty(), "env");
    limited(permissions.clock.is_some(), "clock");
    limited(!permissions.tools.is_empty(), "tools");
    if !permissions.devices.is_empty() {
        needs.push((TrustLevel::Elevated, "`permissions.devices`".to_owned()));
    }
    let origins = permissions.http.iter().map(|http| &http.origin);
    for origin in origins.chain(permissions.secrets.values().map(|secret| &secret.origin)) {
        if is_wide(host_of(origin)) {
            needs.push((TrustLevel::Elevated, format!("the origin `{origin}`")));
        }
    }
    // The first of the highest: the order above is the order of the manifest.
    needs.into_iter().rev().max_by_key(|(level, _)| *level)
}

/// What stands between the scheme and the port or path.
fn host_of(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Whether a host is a wildcard, an address, or a name of this machine or of a private network.
fn is_wide(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let number = last.starts_with(|c: char| c.is_ascii_digit());
    let private = ["localhost", "local", "internal", "lan", "home", "intranet"].contains(&last.as_str());
    host.contains('*') || host.parse::<IpAddr>().is_ok() || number || private || !host.contains('.')
}

#[cfg(test)]
mod tests {
    use super::needed;
    use mpp_schema::{manifest::TrustLevel, permissions::Permissions};

    #[track_caller]
    fn check(permissions: &str, expected: Option<(TrustLevel, &str)>) {
        let permissions: Permissions = toml::from_str(permissions).unwrap();
        let found = needed(&permissions);
        assert_eq!(found.as_ref().map(|(level, because)| (*level, because.as_str())), expected);
    }

    #[test]
    fn what_stays_inside_needs_nothing() {
        check("", None);
        check("kv = { quota = '1MiB' }\nconfig = ['a']\nlogging = {}\nprogress = {}", None);
    }

    #[test]
    fn what_was_listed_is_limited() {
        let limited = |name| Some((TrustLevel::Limited, name));
        check("env = ['LANG']", limited("`permissions.env`"));
        check("folders = { notes = { access = 'read-only' } }", limited("`permissions.folders`"));
        check("http = [{ origin = 'https://api.example.org:8443' }]", limited("`permissions.http`"));
        check("clock = {}", limited("`permissions.clock`"));
    }

    #[test]
    fn what_reaches_wide_is_elevated() {
        check("devices = { scale = { class = 'serial' } }", Some((TrustLevel::Elevated, "`permissions.devices`")));
        for origin in [
            "https://*.example.org",
            "http://127.0.0.1:8080",
            "http://[::1]",
            "http://0x7f.1",
            "http://10.0.0.1/",
            "http://2130706433",
            "http://localhost:3000",
            "http://printer.local",
            "http://intranet",
        ] {
            let because = format!("the origin `{origin}`");
            check(&format!("http = [{{ origin = '{origin}' }}]"), Some((TrustLevel::Elevated, &because)));
        }
    }
}
