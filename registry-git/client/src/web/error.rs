//! Why a request did not bring what it was sent for.

use super::{guard, shown};
use mpp_schema::{Code, Coded, codes, text::excerpt};
use std::io;
use url::Url;

/// Why a request did not bring what it was sent for.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// There is no such file.
    #[error("asked for {url}: there is no such file (status {status})")]
    Missing {
        /// Where.
        url: String,
        /// What the server said.
        status: u16,
    },
    /// The answer is another one than was asked for.
    #[error("asked for {url}: {detail}")]
    Answer {
        /// Where.
        url: String,
        /// What came instead.
        detail: String,
    },
    /// The server sends requests to where they may not go.
    #[error("asked for {url}: the server sent the request on, {reason}")]
    Redirect {
        /// Where.
        url: String,
        /// How.
        reason: String,
    },
    /// An address that only the user may name.
    #[error("would have asked for {url}: {reason}, and nobody here named it")]
    Private {
        /// Where.
        url: String,
        /// What it is.
        reason: String,
    },
    /// The server wants to know who asks.
    #[error("asked for {url}: the server wants to know who asks, {detail}")]
    Credentials {
        /// Where.
        url: String,
        /// What became of it.
        detail: String,
    },
    /// The server could not be reached, or fell silent.
    #[error("asked for {url}: {detail}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        detail: String,
    },
}

impl WebError {
    pub(crate) fn answer(url: &Url, detail: impl Into<String>) -> Self {
        Self::Answer { url: shown(url), detail: detail.into() }
    }

    /// An answer of which only the status matters, and is wrong.
    pub(crate) fn status(url: &Url, status: u16) -> Self {
        match status {
            404 | 410 => Self::Missing { url: shown(url), status },
            401 | 403 => {
                Self::Credentials { url: shown(url), detail: format!("and refused the request (status {status})") }
            }
            _ => Self::answer(url, format!("expected the file, found the status {status}")),
        }
    }

    /// A connection that ended too early.
    pub(crate) fn broken(url: &Url, source: io::Error) -> Self {
        Self::Unreachable { url: shown(url), detail: excerpt(&source.to_string()) }
    }

    pub(super) fn of(url: &Url, error: ureq::Error) -> Self {
        match error {
            ureq::Error::Io(source) if source.to_string() == guard::PRIVATE => {
                Self::Private { url: shown(url), reason: guard::PRIVATE.to_owned() }
            }
            ureq::Error::LargeResponseHeader(..) | ureq::Error::Http(_) | ureq::Error::Protocol(_) => {
                Self::answer(url, excerpt(&error.to_string()))
            }
            other => Self::Unreachable { url: shown(url), detail: excerpt(&other.to_string()) },
        }
    }
}

impl Coded for WebError {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => codes::REGISTRY_FILE_MISSING,
            Self::Answer { .. } => codes::REGISTRY_ANSWER,
            Self::Redirect { .. } => codes::REGISTRY_REDIRECT,
            Self::Private { .. } => codes::REGISTRY_PRIVATE,
            Self::Credentials { .. } => codes::REGISTRY_CREDENTIALS,
            Self::Unreachable { .. } => codes::REGISTRY_UNREACHABLE,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Missing { .. } => "ask whoever runs the registry: `mpp registry check` finds what is missing",
            Self::Private { url, .. } => {
                let origin = Url::parse(url).map_or_else(|_| url.clone(), |url| url.origin().ascii_serialization());
                return vec![format!("if you trust the registry that far: mpp registry allow NAME {origin}")];
            }
            Self::Credentials { .. } => {
                "set MPP_REGISTRY_USER and MPP_REGISTRY_PASSWORD, and name the server: `mpp registry allow NAME ORIGIN`"
            }
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
