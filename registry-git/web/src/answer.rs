//! What the site answers: a question in, bytes out, the same for a server and for a folder of files.
//!
//! An answer never comes from a state that was not verified: what cannot be read is a problem document or page that says so.

use crate::{
    Catalog, SiteError, api, assets,
    links::Top,
    page::{self, POLICY},
    route::{Document, Route},
};
use mpp_schema::{Code, Coded as _, codes, manifest::Kind};
use percent_encoding::percent_decode_str;
use serde_json::json;

/// The media type of a problem document (RFC 9457).
const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const PACKAGE: &str = "application/vnd.mpp.package.v1+tar";
/// How long a query may be, and how many words it may hold.
const QUERY_BYTES_MAX: usize = 1_024;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// An HTTP status.
    pub status: u16,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub body: Vec<u8>,
    /// Whether it is named by its own digest, so that it never changes.
    pub immutable: bool,
}

/// Headers that every answer of a server carries.
pub const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "clipboard-write=(self)"),
];

impl Answer {
    fn ok(media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, media_type, body: body.into(), immutable: false }
    }

    /// A problem: a page for people, a document (RFC 9457) for programs.
    pub fn problem(catalog: Option<&Catalog>, path: &str, status: u16, code: Code, detail: &str) -> Self {
        let title = title(status);
        let (media_type, body) = match catalog.filter(|_| !path.starts_with("api/") && !path.starts_with("blobs/")) {
            // At a deep address the relative links of a page would lead nowhere; plain text has none.
            Some(catalog) if path.matches('/').count() == 0 => (HTML, page::problem(catalog, title, detail)),
            Some(_) => ("text/plain; charset=utf-8", format!("{title}\n{detail}\n")),
            None => (PROBLEM, problem_document(status, title, code, detail)),
        };
        Self { status, media_type, body: body.into_bytes(), immutable: false }
    }
}

/// The problem document of a server that has nothing else to say.
fn problem_document(status: u16, title: &str, code: Code, detail: &str) -> String {
    json!({ "type": "about:blank", "title": title, "status": status, "detail": detail, "code": code.as_str() })
        .to_string()
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "That question cannot be read",
        403 => "That is not for you",
        404 => "There is nothing here",
        405 => "That is not how to ask",
        408 => "That took too long",
        413 | 414 | 431 => "That question is too long",
        416 => "There is no such part",
        421 => "That is not this host",
        429 => "Too many questions",
        503 => "Not now",
        _ => "This registry cannot be shown right now",
    }
}

/// Answers a question: a path without its first `/`, and the query after `?`.
pub fn answer(catalog: &Catalog, path: &str, query: Option<&str>) -> Answer {
    let Some(route) = Route::parse(path) else { return missing(catalog, path) };
    let asked = match Query::read(query) {
        Ok(asked) => asked,
        Err(detail) => return Answer::problem(shown(catalog, path), path, 400, codes::USAGE, detail),
    };
    match found(catalog, &route, &asked) {
        Ok(Some(answer)) => answer,
        Ok(None) => missing(catalog, path),
        Err(error) => {
            let detail = error.to_string();
            Answer::problem(shown(catalog, path), path, 502, error.code(), &detail)
        }
    }
}

fn missing(catalog: &Catalog, path: &str) -> Answer {
    Answer::problem(
        shown(catalog, path),
        path,
        404,
        codes::PACKAGE_NOT_FOUND,
        "no package, version, page or document has this address",
    )
}

/// Who gets a page: people, not programs.
fn shown<'a>(catalog: &'a Catalog, path: &str) -> Option<&'a Catalog> {
    (!path.starts_with("api/") && !path.starts_with("blobs/")).then_some(catalog)
}

fn found(catalog: &Catalog, route: &Route, asked: &page::Asked) -> Result<Option<Answer>, SiteError> {
    let page = |text: Option<String>| text.map(|text| Answer::ok(HTML, text));
    Ok(match route {
        Route::Home => page(Some(page::home(catalog)?)),
        Route::Search => page(Some(page::search(catalog, asked)?)),
        Route::Namespaces => page(Some(page::namespaces(catalog)?)),
        Route::Namespace(name) => page(page::namespace(catalog, name)?),
        Route::Key(key) => page(page::key(catalog, *key)?),
        Route::Log => page(Some(page::log(catalog)?)),
        Route::Guide(chapter) => page(page::guide(catalog, chapter)),
        Route::Package(name) => match catalog.package(name)? {
            Some(entry) => page(page::package(catalog, route, &entry, None)?),
            None => None,
        },
        Route::Version(name, version) => match catalog.package(name)? {
            Some(entry) => page(page::package(catalog, route, &entry, Some(version))?),
            None => None,
        },
        Route::Difference(name, from, to) => match catalog.package(name)? {
            Some(entry) => page(page::difference(catalog, route, &entry, from, to)?),
            None => None,
        },
        Route::Api(document) => document_of(catalog, document, asked)?,
        Route::File(file) => {
            catalog.file_of(*file)?.map(|body| Answer { immutable: true, ..Answer::ok(PACKAGE, body) })
        }
        Route::Asset(name) => assets::asset(name).map(|asset| Answer::ok(asset.media_type, asset.text)),
    })
}

fn document_of(catalog: &Catalog, document: &Document, asked: &page::Asked) -> Result<Option<Answer>, SiteError> {
    Ok(api::document(catalog, document, asked)?.map(|document| {
        let mut body = document.to_string();
        body.push('\n');
        Answer::ok(JSON, body)
    }))
}

/// What stands after `?`.
pub(crate) struct Query;

impl Query {
    /// `q` and `kind`, each at most once, and nothing else.
    pub(crate) fn read(query: Option<&str>) -> Result<page::Asked, &'static str> {
        let query = query.unwrap_or_default();
        if query.len() > QUERY_BYTES_MAX {
            return Err("the query has more than 1024 bytes");
        }
        let (mut words, mut kind) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "q" => &mut words,
                "kind" => &mut kind,
                _ => return Err("the query has a name that is not known: only `q` and `kind` are"),
            };
            if place.replace(decoded(value)?).is_some() {
                return Err("the query says one thing twice");
            }
        }
        let kind = match kind.as_deref() {
            None | Some("") => None,
            Some("tool") => Some(Kind::Tool),
            Some("filter") => Some(Kind::Filter),
            Some("plugin") => Some(Kind::Plugin),
            Some(_) => return Err("`kind` is none of tool, filter and plugin"),
        };
        Ok(page::Asked { words: words.unwrap_or_default().trim().to_owned(), kind })
    }
}

fn decoded(value: &str) -> Result<String, &'static str> {
    let value = value.replace('+', " ");
    let text = percent_decode_str(&value).decode_utf8().map_err(|_| "the query is not UTF-8")?;
    if text.chars().any(char::is_control) { Err("the query holds control characters") } else { Ok(text.into_owned()) }
}

/// How an answer names the top of the site: for tests that follow links.
pub fn top_of(path: &str) -> String {
    Top::of(path).to("")
}

#[cfg(test)]
mod tests {
    use super::Query;
    use mpp_schema::manifest::Kind;

    #[test]
    fn a_query_is_read_strictly() {
        let read = |query| Query::read(Some(query)).map(|asked| (asked.words, asked.kind));
        assert_eq!(read("q=a+b%20c&kind=tool"), Ok(("a b c".to_owned(), Some(Kind::Tool))));
        assert_eq!(read("q=&kind="), Ok((String::new(), None)));
        for (query, why) in [
            ("q=a&q=b", "twice"),
            ("x=1", "not known"),
            ("kind=all", "none of"),
            ("q=%ff", "UTF-8"),
            ("q=%00", "control"),
            ("q=%1b[2J", "control"),
        ] {
            assert!(read(query).is_err_and(|detail| detail.contains(why)), "{query}");
        }
        assert!(Query::read(Some(&format!("q={}", "a".repeat(1_024)))).is_err());
    }
}
