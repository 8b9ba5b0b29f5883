//! Plain HTTP for package files and for copies of an index: where requests may go, how much may come, and what an answer must be
//! (spec/index.md IDX-55, IDX-56, IDX-58).
//!
//! ureq and rustls carry the requests. What is here decides each step of a redirect, because a registry that nobody has to believe may name any
//! address: only those that the user named may be private or without TLS. Nothing is believed for having come over TLS.

mod download;
mod error;
mod guard;
mod oci;

pub(crate) use download::{Download, Wrong, sweep};
pub use error::WebError;
pub(crate) use oci::{Access, Oci, Push};

use crate::{
    RegistryError,
    transport::{Settings, tls_of},
};
use std::{io::Read, time::Duration};
use ureq::{
    Agent, Body,
    http::{
        self, HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, LOCATION},
    },
};
use url::{Origin, Url};

const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// How long one request may take, from its start to the end of the answer.
const REQUEST: Duration = Duration::from_secs(3600);
/// How often one request may be sent elsewhere.
const REDIRECTS_MAX: usize = 5;

/// Who sends requests for one registry.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    /// To where the user said.
    named: Agent,
    /// To everywhere else: over TLS, and to no private address.
    guarded: Agent,
    origins: Vec<Origin>,
    credentials: Option<(String, String)>,
}

/// A request that is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

impl Ask {
    pub(crate) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new() }
    }

    pub(crate) fn with(mut self, name: http::header::HeaderName, value: &str) -> Result<Self, WebError> {
        let value = HeaderValue::from_str(value).map_err(|_| WebError::answer(&self.url, "it cannot be sent back"))?;
        self.headers.insert(name, value);
        Ok(self)
    }
}

/// What a server answered.
pub(crate) struct Answer {
    /// Where it came from, at the end of all redirects.
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Body,
}

impl Web {
    /// A client that may go to the location of the registry, and to whatever else the settings name.
    pub(crate) fn new(location: Option<&str>, settings: &Settings) -> Result<Self, RegistryError> {
        let tls = tls_of(settings, true)?;
        let config = |https: bool| {
            Agent::config_builder()
                .https_only(https)
                .http_status_as_error(false)
                .max_redirects(0)
                .proxy(None)
                .tls_config(tls.clone())
                .accept_encoding("identity")
                .user_agent(concat!("mpp/", env!("CARGO_PKG_VERSION")))
                .timeout_connect(Some(CONNECT))
                .timeout_per_read(Some(SILENCE))
                .timeout_per_write(Some(SILENCE))
                .timeout_global(Some(REQUEST))
                .build()
        };
        let named = location.into_iter().chain(settings.origins.iter().map(String::as_str));
        let origins = named.filter_map(|text| Url::parse(text).ok()).map(|url| url.origin());
        Ok(Self {
            named: config(false).new_agent(),
            guarded: guard::agent(config(true)),
            origins: origins.filter(Origin::is_tuple).collect(),
            credentials: settings.credentials.clone(),
        })
    }

    /// Sends a request, with a body where there is one, and follows where the server sends it as far as that is allowed.
    pub(crate) fn send(&self, ask: &Ask, body: &[u8]) -> Result<Answer, WebError> {
        let mut ask = ask.clone();
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.send_once(&ask, body)?;
            let moved = matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            // Only what asks for something is sent on: what brings something was meant for this server.
            if !moved || ask.method != Method::GET {
                return Ok(answer);
            }
            let next = next(&answer)?;
            if next.origin() != ask.url.origin() {
                ask.headers.remove(AUTHORIZATION);
            }
            ask.url = next;
        }
        Err(WebError::Redirect { url: shown(&ask.url), reason: format!("more than {REDIRECTS_MAX} times") })
    }

    fn send_once(&self, ask: &Ask, body: &[u8]) -> Result<Answer, WebError> {
        let agent = self.agent(&ask.url)?;
        let mut request = http::Request::builder().method(ask.method.clone()).uri(ask.url.as_str());
        if let Some(headers) = request.headers_mut() {
            headers.extend(ask.headers.clone());
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let failed = |error: ureq::Error| WebError::of(&ask.url, error);
        let malformed = |_| WebError::answer(&ask.url, "it leads to an address that cannot be asked");
        let reply = match ask.method == Method::GET || ask.method == Method::HEAD {
            true => agent.run(request.body(()).map_err(malformed)?),
            false => agent.run(request.body(body).map_err(malformed)?),
        };
        let (parts, body) = reply.map_err(failed)?.into_parts();
        Ok(Answer { url: ask.url.clone(), status: parts.status, headers: parts.headers, body })
    }

    /// Who may go there.
    fn agent(&self, url: &Url) -> Result<&Agent, WebError> {
        if self.is_named(url) {
            return Ok(&self.named);
        }
        let refused = |reason: &str| WebError::Private { url: shown(url), reason: reason.to_owned() };
        if url.scheme() != "https" {
            return Err(refused("it is not https"));
        }
        match guard::literal(url) {
            Some(address) if mpp_policy::is_special(address) => Err(refused("its address is a private one")),
            _ => Ok(&self.guarded),
        }
    }

    /// Whether the user named the server of this address.
    pub(crate) fn is_named(&self, url: &Url) -> bool {
        self.origins.contains(&url.origin())
    }

    /// Who the user is, for servers that the user named.
    pub(crate) fn credentials(&self) -> Option<&(String, String)> {
        self.credentials.as_ref()
    }
}

/// Where an answer sends a request.
fn next(answer: &Answer) -> Result<Url, WebError> {
    let refused = |reason: &str| WebError::Redirect { url: shown(&answer.url), reason: reason.to_owned() };
    let place = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let next = place.and_then(|place| answer.url.join(place).ok()).ok_or_else(|| refused("to no address"))?;
    match (answer.url.scheme(), next.scheme()) {
        ("https", "https") | ("http", "http" | "https") if next.username().is_empty() && next.password().is_none() => {
            Ok(next)
        }
        ("https", "http") => Err(refused("away from TLS")),
        _ => Err(refused("to an address of another kind")),
    }
}

impl Answer {
    /// The body as it comes, of which no more than this many bytes are taken.
    pub(crate) fn reader(self, bytes_max: u64) -> Result<impl Read, WebError> {
        self.check_coding()?;
        match self.length() {
            Some(length) if length > bytes_max => {
                Err(WebError::answer(&self.url, format!("expected at most {bytes_max} bytes, found {length}")))
            }
            _ => Ok(self.body.into_with_config().limit(u64::MAX).reader()),
        }
    }

    /// The whole body, which may have no more than this many bytes.
    pub(crate) fn bytes(self, bytes_max: u64) -> Result<Vec<u8>, WebError> {
        let (url, length) = (self.url.clone(), self.length());
        let mut bytes = Vec::new();
        let reader = self.reader(bytes_max)?;
        reader.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|source| WebError::broken(&url, source))?;
        if bytes.len() as u64 > bytes_max {
            return Err(WebError::answer(&url, format!("expected at most {bytes_max} bytes, found more")));
        }
        match length {
            Some(length) if length != bytes.len() as u64 => {
                Err(WebError::answer(&url, format!("expected {length} bytes, found {}", bytes.len())))
            }
            _ => Ok(bytes),
        }
    }

    /// What a header says, where it is text.
    pub(crate) fn header(&self, name: http::header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH).and_then(|text| text.trim().parse().ok())
    }

    /// Refuses what would have to be unpacked first.
    fn check_coding(&self) -> Result<(), WebError> {
        match self.header(CONTENT_ENCODING) {
            None | Some("identity") => Ok(()),
            Some(coding) => {
                let found = mpp_schema::text::excerpt(coding);
                Err(WebError::answer(&self.url, format!("expected plain bytes, found the coding \"{found}\"")))
            }
        }
    }
}

/// The origin of an address that is nothing else: scheme, host and port.
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.contains('@');
    (bare && url.origin().is_tuple()).then(|| url.origin().ascii_serialization())
}

/// An address as people get to see it: without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(url.query().map(|_| "…"));
    url.set_fragment(None);
    let _ = url.set_password(None);
    mpp_schema::text::excerpt(url.as_str())
}
