//! One request and its reply, without a socket: methods, hosts, conditions, ranges.
//!
//! Nothing of a request is repeated in a header of the reply, and no reply sends a client elsewhere.

use super::site::{Site, Tagged};
use crate::answer::{Answer, HEADERS};
use hyper::{HeaderMap, Method, Uri, header};
use mpp_schema::codes;
use std::ops::Range;

/// How long an address may be, in bytes.
const TARGET_BYTES_MAX: usize = 2_048;

/// What was asked, as far as it matters.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its first `/`.
    pub path: String,
    /// What stands after `?`.
    pub query: Option<String>,
    /// Whose server it asks for; nothing where there is not exactly one such header.
    pub host: Option<String>,
    /// The digests of what it has.
    pub if_none_match: Option<String>,
    /// The part that it wants.
    pub range: Option<String>,
    /// The part is wanted only of this content.
    pub if_range: Option<String>,
    /// Whether its address asks too often.
    pub slow: bool,
}

impl Request {
    pub(super) fn read(method: &Method, uri: &Uri, headers: &HeaderMap, slow: bool) -> Self {
        let only = |name: header::HeaderName| {
            let mut all = headers.get_all(name).iter();
            let first = all.next()?.to_str().ok().map(str::to_owned);
            if all.next().is_some() { None } else { first }
        };
        Self {
            method: method.to_string(),
            // An absolute address is for a proxy, which this is not.
            path: if uri.scheme().is_some() { String::new() } else { uri.path().to_owned() },
            query: uri.query().map(str::to_owned),
            host: only(header::HOST),
            if_none_match: only(header::IF_NONE_MATCH),
            range: only(header::RANGE),
            if_range: only(header::IF_RANGE),
            slow,
        }
    }
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its content.
    pub body: Vec<u8>,
}

impl Reply {
    fn of(answer: Answer, more: &[(&'static str, String)]) -> Self {
        let mut headers: Vec<_> = HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        headers.push(("content-type", answer.media_type.to_owned()));
        headers.extend_from_slice(more);
        Self { status: answer.status, headers, body: answer.body }
    }

    fn problem(request: &Request, status: u16, detail: &str, more: &[(&'static str, String)]) -> Self {
        let path = request.path.strip_prefix('/').unwrap_or_default();
        Self::of(Answer::problem(None, path, status, codes::USAGE, detail), more)
    }

    /// Something here went wrong.
    pub(super) fn broken() -> Self {
        Self::of(Answer::problem(None, "api/", 500, codes::BUG, "an error in this server"), &[])
    }

    /// A header of it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Replies to a request.
pub fn reply(site: &Site, request: &Request) -> Reply {
    let mut reply = checked(site, request).unwrap_or_else(|refused| refused);
    if request.method == "HEAD" {
        reply.headers.push(("content-length", reply.body.len().to_string()));
        reply.body.clear();
    }
    reply
}

fn checked(site: &Site, request: &Request) -> Result<Reply, Reply> {
    if request.slow {
        let wait = [("retry-after", "1".to_owned())];
        return Err(Reply::problem(request, 429, "this address asks too often: wait a second", &wait));
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        let allow = [("allow", "GET, HEAD".to_owned())];
        return Err(Reply::problem(request, 405, "this site is only read: GET and HEAD", &allow));
    }
    check_host(site, request)?;
    let length = request.path.len() + request.query.as_ref().map_or(0, String::len);
    if length > TARGET_BYTES_MAX {
        return Err(Reply::problem(request, 414, "an address has 2048 bytes at most", &[]));
    }
    let Some(path) = request.path.strip_prefix('/') else {
        return Err(Reply::problem(request, 400, "the address is not a path of this server", &[]));
    };
    Ok(answered(request, &site.answer(path, request.query.as_deref())))
}

/// A page of somebody else whose name leads here (DNS rebinding) must not read this site.
fn check_host(site: &Site, request: &Request) -> Result<(), Reply> {
    let Some(host) = &request.host else {
        return Err(Reply::problem(request, 400, "the request does not say which host it is for, once", &[]));
    };
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host.as_str(), |(name, _)| name);
    let known = site.hosts.is_empty() || site.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
    if known { Ok(()) } else { Err(Reply::problem(request, 421, "this server does not go by that name", &[])) }
}

fn answered(request: &Request, tagged: &Tagged) -> Reply {
    let answer = &tagged.answer;
    if answer.status != 200 {
        return Reply::of(answer.clone(), &[("cache-control", "no-store".to_owned())]);
    }
    let caching = if answer.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = vec![("etag", tagged.etag.clone()), ("cache-control", caching.to_owned())];
    if answer.immutable {
        headers.push(("accept-ranges", "bytes".to_owned()));
        headers.push(("content-disposition", "attachment".to_owned()));
    }
    let has = |tags: &String| {
        tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == tagged.etag || tag.trim() == "*")
    };
    if request.if_none_match.as_ref().is_some_and(has) {
        return Reply::of(Answer { status: 304, body: Vec::new(), ..answer.clone() }, &headers);
    }
    let same = request.if_range.as_ref().is_none_or(|tag| *tag == tagged.etag);
    let range = request.range.as_deref().filter(|_| answer.immutable && same);
    match range.map(|range| part(range, answer.body.len())) {
        None | Some(Part::Whole) => Reply::of(answer.clone(), &headers),
        Some(Part::Of(range)) => {
            let all = answer.body.len();
            headers.push(("content-range", format!("bytes {}-{}/{all}", range.start, range.end - 1)));
            let body = answer.body.get(range).unwrap_or_default().to_vec();
            Reply::of(Answer { status: 206, body, ..answer.clone() }, &headers)
        }
        Some(Part::Nothing) => {
            let all = [("content-range", format!("bytes */{}", answer.body.len()))];
            Reply::problem(request, 416, "the file does not have that part", &all)
        }
    }
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Everything: the header is none that is understood, or asks for several parts (RFC 9110 lets a server ignore it).
    Whole,
    /// These bytes.
    Of(Range<usize>),
    /// Bytes that are not there.
    Nothing,
}

/// RFC 9110, section 14.1.2, for one part.
fn part(header: &str, all: usize) -> Part {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|parts| parts.split_once('-')) else {
        return Part::Whole;
    };
    let number =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<usize>().unwrap_or(usize::MAX));
    let (Some(from), Some(to)) =
        (number(if first.is_empty() { "0" } else { first }), number(if last.is_empty() { "0" } else { last }))
    else {
        return Part::Whole;
    };
    match (first.is_empty(), last.is_empty()) {
        (true, true) => Part::Whole,
        (true, false) if to == 0 || all == 0 => Part::Nothing,
        (true, false) => Part::Of(all.saturating_sub(to)..all),
        (false, _) if from >= all => Part::Nothing,
        (false, true) => Part::Of(from..all),
        (false, false) if to < from => Part::Whole,
        (false, false) => Part::Of(from..to.saturating_add(1).min(all)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, part};

    #[test]
    fn a_range_is_one_part_or_nothing() {
        for (header, expected) in [
            ("bytes=0-3", Part::Of(0..4)),
            ("bytes=8-", Part::Of(8..10)),
            ("bytes=-4", Part::Of(6..10)),
            ("bytes=-99", Part::Of(0..10)),
            ("bytes=0-99999999999999999999999", Part::Of(0..10)),
            ("bytes=10-", Part::Nothing),
            ("bytes=99999999999999999999999-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=5-3", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("lines=0-3", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(header, 10), expected, "{header:?}");
        }
    }
}
