//! What is looked at before a body is read: where the request goes, from where it comes, and how it is written (MCP-40 to MCP-44).
//!
//! The order matters: a page of a stranger is told nothing about the server, not even which places it has.

use super::{HttpOptions, answer::Refused};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};

/// The one place.
pub(super) const PLACE: &str = "/mcp";
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// Which names and pages are let in.
pub(super) struct Gate {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Gate {
    pub(super) fn new(options: HttpOptions, port: u16) -> Self {
        let HttpOptions { mut hosts, mut origins } = options;
        for name in LOOPBACK {
            hosts.push(format!("{name}:{port}"));
            origins.push(format!("http://{name}:{port}"));
        }
        let lower = |mut texts: Vec<String>| {
            texts.iter_mut().for_each(|text| text.make_ascii_lowercase());
            texts
        };
        Self { hosts: lower(hosts), origins: lower(origins) }
    }

    /// Gives the token.
    pub(super) fn check<'a>(&self, method: &Method, uri: &Uri, headers: &'a HeaderMap) -> Result<&'a str, Refused> {
        self.check_host(uri, headers)?;
        self.check_origin(headers)?;
        if uri.path() != PLACE {
            return Err(Refused::plain(StatusCode::NOT_FOUND, "the one place here is /mcp"));
        }
        if method != Method::POST {
            return Err(Refused::plain(StatusCode::METHOD_NOT_ALLOWED, "only POST is served here").allow_post());
        }
        let token = token(headers).ok_or_else(Refused::unauthorized)?;
        check_form(headers)?;
        Ok(token)
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        let forbidden = || Refused::plain(StatusCode::FORBIDDEN, "this server is not called that");
        let host = only(headers, HOST).ok_or_else(forbidden)?;
        let authority: Authority = host.parse().map_err(|_| forbidden())?;
        let is_same = uri.authority().is_none_or(|named| named.as_str().eq_ignore_ascii_case(host));
        let host = host.to_ascii_lowercase();
        let is_known = self.hosts.iter().any(|known| *known == host || *known == authority.host().to_ascii_lowercase());
        if is_same && is_known { Ok(()) } else { Err(forbidden()) }
    }

    /// A program sends none. A page does, and cannot send another one than its own.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        if !headers.contains_key(ORIGIN) {
            return Ok(());
        }
        let is_known = only(headers, ORIGIN).is_some_and(|origin| {
            let origin = origin.to_ascii_lowercase();
            self.origins.contains(&origin)
        });
        if is_known { Ok(()) } else { Err(Refused::plain(StatusCode::FORBIDDEN, "this page may not call it")) }
    }
}

/// A header that stands once; nothing when it is missing, stands twice or is not plain text.
pub(super) fn only(headers: &HeaderMap, name: impl Into<HeaderName>) -> Option<&str> {
    let mut values = headers.get_all(name.into()).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start_matches(' '))
}

fn check_form(headers: &HeaderMap) -> Result<(), Refused> {
    let accepts = |kind: &str| {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|range| is_kind(range, kind))
    };
    if !accepts(JSON) || !accepts(EVENTS) {
        let why = "a client accepts application/json and text/event-stream";
        return Err(Refused::plain(StatusCode::NOT_ACCEPTABLE, why));
    }
    if !only(headers, CONTENT_TYPE).is_some_and(|kind| is_kind(kind, JSON)) {
        return Err(Refused::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a message is application/json"));
    }
    Ok(())
}

fn is_kind(range: &str, kind: &str) -> bool {
    range.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use super::{Gate, HttpOptions, PLACE};
    use http::{HeaderMap, HeaderValue, Method};

    const GOOD: [(&str, &str); 4] = [
        ("host", "127.0.0.1:80"),
        ("authorization", "Bearer secret"),
        ("accept", "application/json, text/event-stream;q=0.9"),
        ("content-type", "application/json; charset=utf-8"),
    ];

    /// A good request with other headers: an empty value takes one away.
    #[track_caller]
    fn check(place: &str, changes: &[(&'static str, &str)], expected: Result<&str, u16>) {
        let mut headers: HeaderMap =
            GOOD.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        for (name, _) in changes {
            headers.remove(*name);
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let options =
            HttpOptions { hosts: vec!["tools.example".to_owned()], origins: vec!["https://desk.example".to_owned()] };
        let gate = Gate::new(options, 80);
        let found =
            gate.check(&Method::POST, &place.parse().unwrap(), &headers).map_err(|refused| refused.status().as_u16());
        assert_eq!(found, expected, "{changes:?}");
    }

    /// MCP-41.
    #[test]
    fn names_of_this_server() {
        let good = Ok("secret");
        check(PLACE, &[], good);
        for host in ["localhost:80", "LOCALHOST:80", "[::1]:80", "tools.example", "tools.example:8443"] {
            check(PLACE, &[("host", host)], good);
        }
        let wrong = [
            "",
            "127.0.0.1",
            "127.0.0.1:81",
            "evil.example:80",
            "127.0.0.1:80.evil.example",
            "user@127.0.0.1:80",
            "0.0.0.0:80",
            "é",
        ];
        for host in wrong {
            check(PLACE, &[("host", host)], Err(403));
        }
        check(PLACE, &[("host", "localhost:80"), ("host", "evil.example")], Err(403));
        check("http://evil.example/mcp", &[], Err(403));
    }

    /// MCP-42.
    #[test]
    fn pages_that_may_call_it() {
        for origin in ["http://localhost:80", "http://127.0.0.1:80", "https://desk.example"] {
            check(PLACE, &[("origin", origin)], Ok("secret"));
        }
        for origin in
            ["null", "http://localhost", "http://localhost:81", "https://localhost:80", "https://evil.example", "é"]
        {
            check(PLACE, &[("origin", origin)], Err(403));
        }
        check(PLACE, &[("origin", "http://localhost:80"), ("origin", "https://evil.example")], Err(403));
    }

    /// MCP-43, MCP-44.
    #[test]
    fn tokens_and_forms() {
        check(PLACE, &[("authorization", "bearer   secret")], Ok("secret"));
        for token in ["", "secret", "Basic secret"] {
            check(PLACE, &[("authorization", token)], Err(401));
        }
        check(PLACE, &[("authorization", "Bearer secret"), ("authorization", "Bearer other")], Err(401));
        for accept in ["", "*/*", "application/json", "text/event-stream"] {
            check(PLACE, &[("accept", accept)], Err(406));
        }
        check(PLACE, &[("accept", "application/json"), ("accept", "text/event-stream")], Ok("secret"));
        for kind in ["", "text/plain", "application/jsonx"] {
            check(PLACE, &[("content-type", kind)], Err(415));
        }
        check("/", &[], Err(404));
        check("/mcp/", &[], Err(404));
    }
}
