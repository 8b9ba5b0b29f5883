//! One HTTP request against the grants: may it be sent, and how far. Rules HOST-41 to HOST-44.

use crate::address::is_special;
use crate::origin::{HostPattern, Origin, Scheme};
use crate::path::is_below;
use crate::{Grants, HttpGrant, SecretGrant};
use http::Uri;
use mpp_schema::{Code, Coded, Ident, codes};
use std::net::IpAddr;
use url::{Host, Url};

/// Why a request is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpRefusal {
    /// Nothing of HTTP was granted.
    #[error("no origin was granted")]
    NothingGranted,
    /// The address has no meaning that everybody agrees on.
    #[error("the address `{address}` {why}")]
    Unclear {
        /// The address.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The address lies in a private or special range.
    #[error("`{host}` leads to a private or special address; only the address itself can be granted")]
    Private {
        /// What was asked for.
        host: String,
    },
    /// The origin was not granted.
    #[error("the origin `{0}` was not granted")]
    Origin(Origin),
    /// The origin was granted, not this method and path.
    #[error("`{method} {path}` was not granted for `{origin}`")]
    Request {
        /// Where.
        origin: Origin,
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
}

impl Coded for HttpRefusal {
    fn code(&self) -> Code {
        match self {
            Self::NothingGranted => codes::CAP_DENIED,
            Self::Private { .. } => codes::NET_PRIVATE,
            Self::Unclear { .. } | Self::Origin(_) | Self::Request { .. } => codes::NET_DENIED,
        }
    }

    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Where a request goes, read once: what is judged is what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    origin: Origin,
    path: String,
    query: Option<String>,
}

impl Target {
    /// Reads the address of a request. Two readers that have nothing in common must agree on its host and port, and it holds no user.
    pub fn read(uri: &Uri) -> Result<Self, HttpRefusal> {
        let unclear = |why| HttpRefusal::Unclear { address: uri.to_string(), why };
        let url = Url::parse(&uri.to_string()).map_err(|_| unclear("is not a URL"))?;
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(unclear("is neither of https nor of http")),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        let host = host(&url).ok_or_else(|| unclear("has no plain host"))?;
        let plain = agrees(&host, uri) && uri.port_u16().unwrap_or(scheme.default_port()) == port && !has_user(uri);
        if !plain || port == 0 {
            let private = literal(&host).is_some_and(is_special);
            let refusal = || unclear("can be read in more than one way");
            return Err(if private { HttpRefusal::Private { host: uri.to_string() } } else { refusal() });
        }
        let (path, query) = (url.path().to_owned(), url.query().map(str::to_owned));
        Ok(Self { origin: Origin { scheme, host, port }, path, query })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The address where an address was written, and not a name.
    pub fn literal(&self) -> Option<IpAddr> {
        literal(&self.origin.host)
    }

    /// Path and query, as they are sent.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The value of the header `host`.
    pub fn authority(&self) -> String {
        let Origin { scheme, host, port } = &self.origin;
        if *port == scheme.default_port() { host.to_string() } else { format!("{host}:{port}") }
    }
}

fn host(url: &Url) -> Option<HostPattern> {
    match url.host()? {
        Host::Ipv4(address) => Some(HostPattern::V4(address)),
        Host::Ipv6(address) => Some(HostPattern::V6(address)),
        // The same form as in a grant: no trailing dot, no empty label.
        Host::Domain(name) => HostPattern::parse(name).filter(|host| matches!(host, HostPattern::Name(_))),
    }
}

/// Whether the other reader of addresses found this host.
fn agrees(host: &HostPattern, uri: &Uri) -> bool {
    let seen = uri.host().unwrap_or_default().to_ascii_lowercase();
    match host {
        HostPattern::Name(name) => seen == *name,
        HostPattern::V4(address) => seen.parse() == Ok(*address),
        HostPattern::V6(address) => seen
            .strip_prefix('[')
            .and_then(|seen| seen.strip_suffix(']'))
            .is_some_and(|seen| seen.parse() == Ok(*address)),
        HostPattern::Any | HostPattern::Below(_) => false,
    }
}

fn has_user(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

fn literal(host: &HostPattern) -> Option<IpAddr> {
    match host {
        HostPattern::V4(address) => Some((*address).into()),
        HostPattern::V6(address) => Some((*address).into()),
        HostPattern::Any | HostPattern::Below(_) | HostPattern::Name(_) => None,
    }
}

/// Where a granted request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To this address, which was granted itself.
    Address(IpAddr),
    /// To whatever the name leads to, as long as none of it is private or special.
    Public,
}

impl Reach {
    /// The addresses that a request to a name may be sent to: all that were found, or none.
    pub fn admit(target: &Target, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, HttpRefusal> {
        if found.iter().copied().any(is_special) {
            return Err(HttpRefusal::Private { host: target.origin.host.to_string() });
        }
        Ok(found)
    }
}

/// Methods that no grant gives: a tunnel hides what is asked, and a trace shows what the host added.
const NEVER: &[&str] = &["CONNECT", "TRACE"];

impl Grants {
    /// Whether a request may be sent.
    pub fn permit(&self, method: &str, target: &Target) -> Result<Reach, HttpRefusal> {
        if self.http().is_empty() {
            return Err(HttpRefusal::NothingGranted);
        }
        let of_origin: Vec<&HttpGrant> =
            self.http().iter().filter(|grant| grant.origin.covers(&target.origin)).collect();
        if of_origin.is_empty() {
            return Err(match target.literal() {
                Some(address) if is_special(address) => HttpRefusal::Private { host: target.origin.to_string() },
                _ => HttpRefusal::Origin(target.origin.clone()),
            });
        }
        let covers = |grant: &&HttpGrant| {
            grant.methods.iter().any(|granted| granted == method)
                && grant.paths.iter().any(|prefix| is_below(&target.path, prefix))
        };
        if NEVER.contains(&method) || !of_origin.iter().any(covers) {
            let (origin, path) = (target.origin.clone(), target.path.clone());
            return Err(HttpRefusal::Request { origin, method: method.to_owned(), path });
        }
        Ok(target.literal().map_or(Reach::Public, Reach::Address))
    }

    /// The secrets that the host adds to a request: those of exactly this origin. One of a wildcard origin is sent nowhere.
    pub fn secrets_for<'a>(&'a self, target: &'a Target) -> impl Iterator<Item = (&'a Ident, &'a SecretGrant)> {
        self.secrets().iter().filter(|(_, secret)| secret.origin == target.origin)
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
