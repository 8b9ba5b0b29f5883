//! Why a request gave no response: what the tool hears, and what its caller is told if it was a refusal.

use crate::limits::HttpLimits;
use crate::privacy;
use mpp_policy::HttpRefusal;
use mpp_privacy::Blocked;
use mpp_schema::{Code, Coded, codes};
use std::error::Error as _;
use std::io;
use std::time::Duration;
use tokio_rustls::rustls;
use wasmtime_wasi_http::Error;

/// A request that failed or was refused.
#[derive(Debug)]
pub(super) struct Failure {
    /// As the interface says it to the tool.
    pub(super) error: Error,
    /// As it is told to the caller; nothing when the network or the server is the reason.
    pub(super) refusal: Option<(Code, String)>,
}

impl Failure {
    pub(super) fn refused(error: Error, code: Code, message: String) -> Self {
        Self { error, refusal: Some((code, message)) }
    }

    /// What the privacy filter does not let out.
    pub(super) fn blocked(what: &str, blocked: &Blocked) -> Self {
        let (code, message) = privacy::refusal(what, blocked);
        Self::refused(Error::HttpRequestDenied, code, message)
    }

    pub(super) fn header(name: &str) -> Self {
        Self::refused(Error::HttpRequestDenied, codes::NET_HEADER, header_message(name))
    }

    pub(super) fn time(error: Error, what: &str, limit: Duration) -> Self {
        let message = format!("{what} took longer than {} ms", limit.as_millis());
        Self::refused(error, codes::LIMIT_HTTP_TIME, message)
    }

    pub(super) fn requests(limits: &HttpLimits) -> Self {
        let message = format!("the tool sent more than {} requests", limits.requests);
        Self::refused(Error::HttpRequestDenied, codes::LIMIT_HTTP, message)
    }

    pub(super) fn at_once(limits: &HttpLimits) -> Self {
        let message = format!("the tool kept {} responses open and asked for one more", limits.at_once);
        Self::refused(Error::ConnectionLimitReached, codes::LIMIT_HTTP, message)
    }

    pub(super) fn request_headers(limits: &HttpLimits) -> Self {
        let HttpLimits { headers, header_bytes, .. } = limits;
        let message = format!("the request has more than {headers} headers or {header_bytes} bytes of them");
        Self::refused(
            Error::HttpRequestHeaderSectionSize(u32::try_from(*header_bytes).ok()),
            codes::LIMIT_HTTP,
            message,
        )
    }

    pub(super) fn response_headers(limits: &HttpLimits) -> Self {
        let HttpLimits { headers, header_bytes, .. } = limits;
        let message = format!("the response has more than {headers} headers or {header_bytes} bytes of them");
        let error = Error::HttpResponseHeaderSectionSize(u32::try_from(*header_bytes).ok());
        Self::refused(error, codes::LIMIT_HTTP, message)
    }

    pub(super) fn up(limits: &HttpLimits) -> Self {
        let message = format!("the tool sent more than {} bytes", limits.up_bytes);
        Self::refused(Error::HttpRequestBodySize(Some(limits.up_bytes)), codes::LIMIT_HTTP, message)
    }

    pub(super) fn down(limits: &HttpLimits) -> Self {
        let message = format!("the tool was sent more than {} bytes", limits.down_bytes);
        Self::refused(Error::HttpResponseBodySize(Some(limits.down_bytes)), codes::LIMIT_HTTP, message)
    }
}

pub(super) fn header_message(name: &str) -> String {
    format!("the tool set the header `{name}`, which only the host may set")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, refusal: None }
    }
}

impl From<HttpRefusal> for Failure {
    fn from(refusal: HttpRefusal) -> Self {
        let error = match refusal {
            HttpRefusal::Private { .. } => Error::DestinationIpProhibited,
            _ => Error::HttpRequestDenied,
        };
        Self::refused(error, refusal.code(), refusal.to_string())
    }
}

/// What hyper says, in the words of the interface.
pub(super) fn hyper_error(error: &hyper::Error) -> Error {
    let broke_off = error.source().and_then(|source| source.downcast_ref::<io::Error>()).is_some_and(|source| {
        matches!(
            source.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        )
    });
    if broke_off || error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Error::HttpResponseIncomplete;
    }
    Error::HttpProtocolError
}

/// Why there is no connection.
pub(super) fn connect_error(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Error::DestinationUnavailable,
        _ => Error::ConnectionRefused,
    }
}

/// Why there is no TLS on it.
pub(super) fn tls_error(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            Error::TlsCertificateError
        }
        Some(rustls::Error::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: alert.as_str().map(str::to_owned),
        },
        _ => Error::TlsProtocolError,
    }
}
