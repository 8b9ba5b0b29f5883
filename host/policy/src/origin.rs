//! Origins as permissions write them (PKG-47), read once into a form in which two of them can be compared.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Over TLS.
    Https,
    /// In the clear.
    Http,
}

impl Scheme {
    /// The port when none is written.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }

    /// The scheme as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Which hosts an origin means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostPattern {
    /// Every host: `*`.
    Any,
    /// Every name below this one, and not the name itself: `*.example.com`.
    Below(String),
    /// One name, in lower case.
    Name(String),
    /// One address.
    V4(Ipv4Addr),
    /// One address.
    V6(Ipv6Addr),
}

impl HostPattern {
    /// Whether an address was written, and not a name: what lets a request reach a private range.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::V4(_) | Self::V6(_))
    }

    /// Whether everything that `other` means is meant by this one too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            // An address is meant by itself alone: a wildcard of names does not open a private range.
            (Self::Any, Self::Any | Self::Below(_) | Self::Name(_)) => true,
            (Self::Below(zone), Self::Below(name)) if zone == name => true,
            (Self::Below(zone), Self::Below(name) | Self::Name(name)) => {
                name.strip_suffix(zone).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            _ => self == other,
        }
    }

    pub(crate) fn parse(host: &str) -> Option<Self> {
        if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return literal.parse().ok().map(Self::V6);
        }
        if host == "*" {
            return Some(Self::Any);
        }
        let name = host.strip_prefix("*.").unwrap_or(host);
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        };
        if name.len() > 253 || !name.split('.').all(label_ok) {
            return None;
        }
        if ends_in_a_number(name) {
            // One spelling of an address, and never below a wildcard.
            return host.parse().ok().map(Self::V4);
        }
        Some(if name.len() < host.len() { Self::Below(name.to_owned()) } else { Self::Name(name.to_owned()) })
    }
}

/// WHATWG URL: a host whose last label is a number is an IPv4 address, whatever its spelling.
fn ends_in_a_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Which hosts.
    pub host: HostPattern,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// Reads the form of PKG-47: `https://api.example.com`, `http://localhost:8080`, `https://[::1]`.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = match text.strip_prefix("https://") {
            Some(rest) => (Scheme::Https, rest),
            None => (Scheme::Http, text.strip_prefix("http://")?),
        };
        let host_end = match authority.strip_prefix('[') {
            Some(literal) => literal.find(']')? + 2,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(host_end);
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => scheme.default_port(),
            None => return None,
            Some(digits) => digits.parse().ok().filter(|port: &u16| *port != 0 && port.to_string() == digits)?,
        };
        Some(Self { scheme, host: HostPattern::parse(host)?, port })
    }

    /// Whether everything that `other` means is meant by this one too.
    pub fn covers(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.port == other.port && self.host.covers(&other.host)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[track_caller]
    fn check_form(text: &str, expected: Option<&str>) {
        assert_eq!(Origin::parse(text).map(|origin| origin.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn origins_have_one_form() {
        check_form("https://api.example.com:443", Some("https://api.example.com"));
        check_form("http://localhost:8080", Some("http://localhost:8080"));
        check_form("https://*.example.com", Some("https://*.example.com"));
        check_form("http://127.0.0.1:80", Some("http://127.0.0.1"));
        check_form("https://[0::1]", Some("https://[::1]"));
        for other in [
            "api.example.com",
            "https://",
            "https://A.example",
            "https://a.example/",
            "https://u@a.example",
            "https://a.example:0",
            "http://0x7f.1",
            "http://2130706433",
            "http://127.1",
            "http://*.1",
        ] {
            check_form(other, None);
        }
    }

    #[track_caller]
    fn check_covers(wide: &str, narrow: &str, expected: bool) {
        let (wide, narrow) = (Origin::parse(wide).expect(wide), Origin::parse(narrow).expect(narrow));
        assert_eq!(wide.covers(&narrow), expected, "{wide} covers {narrow}");
    }

    #[test]
    fn wildcards_cover_names_and_no_addresses() {
        check_covers("https://*", "https://a.example", true);
        check_covers("https://*", "https://*.example", true);
        check_covers("https://*", "https://127.0.0.1", false);
        check_covers("https://*.example", "https://a.example", true);
        check_covers("https://*.example", "https://b.a.example", true);
        check_covers("https://*.example", "https://*.example", true);
        check_covers("https://*.example", "https://example", false);
        check_covers("https://*.example", "https://badexample", false);
        check_covers("https://a.example", "http://a.example", false);
        check_covers("https://a.example", "https://a.example:8443", false);
        check_covers("https://a.example", "https://*.example", false);
    }
}
