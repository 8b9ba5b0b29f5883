//! Where the tool's request comes out of wasmtime-wasi-http: it is judged here, and sent by [`Exchange`] or not at all.

use super::account::{Account, header_bytes};
use super::body::Counted;
use super::exchange::{Exchange, Times};
use super::failure::{Failure, header_message};
use super::outgoing;
use super::secrets::Wanted;
use crate::limits::HttpLimits;
use crate::outcome::Sent;
use crate::privacy::Guard;
use crate::providers::Providers;
use crate::refusals::Refusals;
use crate::terms::Terms;
use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::Scheme;
use http::{Request, Response};
use mpp_policy::{Grants, Target, is_refused_header};
use mpp_schema::{PackageName, codes};
use std::sync::Arc;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

/// What one write of a tool to a body may carry, and what a body keeps for its connection.
const WRITE_BYTES_MAX: usize = 16 << 10;

/// How a response is received after its head: a task of its own.
pub(super) type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// The policy of one call.
pub(super) struct Hooks {
    grants: Arc<Grants>,
    providers: Arc<Providers>,
    package: Arc<PackageName>,
    account: Arc<Account>,
    guard: Guard,
}

impl Hooks {
    pub(super) fn new(
        terms: &Terms,
        providers: &Arc<Providers>,
        limits: HttpLimits,
        package: &Arc<PackageName>,
        guard: &Guard,
    ) -> Self {
        Self {
            grants: Arc::clone(&terms.grants),
            providers: Arc::clone(providers),
            package: Arc::clone(package),
            account: Arc::new(Account::new(limits)),
            guard: guard.clone(),
        }
    }

    pub(super) fn take_refusals(&self) -> Refusals {
        self.account.take_refusals()
    }

    pub(super) fn take_sent(&self) -> Sent {
        self.account.take_sent()
    }

    /// The request as it will be sent, or why not.
    fn admit(&self, request: Request<WasiBody>, options: Option<RequestOptions>) -> Result<Exchange, Failure> {
        let request = outgoing::head(&self.guard, request)?;
        let target = Target::read(request.uri())?;
        outgoing::host(&self.guard, &target)?;
        let reach = self.grants.permit(request.method().as_str(), &target)?;
        self.check_headers(&request)?;
        self.account
            .request(|| format!("{}://{}", request.uri().scheme_str().unwrap_or_default(), target.authority()))?;
        let secrets = self.grants.secrets_for(&target).map(|(name, grant)| (name.clone(), grant.clone())).collect();
        let wanted = Wanted {
            store: Arc::clone(&self.providers.secrets),
            package: Arc::clone(&self.package),
            secrets,
            guard: self.guard.clone(),
        };
        let account = Arc::clone(&self.account);
        let (request, masked) = outgoing::body(&self.guard, &account, as_sent(request, &target)?);
        let request = request.map(|body| Counted::new(body, Arc::clone(&account)));
        let times = Times::new(&self.account.limits, options.unwrap_or_default());
        let providers = Arc::clone(&self.providers);
        Ok(Exchange { account, providers, target, reach, request, masked, wanted, times })
    }

    fn check_headers(&self, request: &Request<WasiBody>) -> Result<(), Failure> {
        let headers = request.headers();
        // The tool could not put such a header there; what did not happen is still not sent.
        if let Some(name) = headers.keys().find(|name| is_refused_header(name.as_str())) {
            return Err(Failure::header(name.as_str()));
        }
        let bytes = header_bytes(headers) + request.uri().to_string().len();
        if headers.len() > self.account.limits.headers || bytes > self.account.limits.header_bytes {
            return Err(Failure::request_headers(&self.account.limits));
        }
        self.account.up(bytes)
    }
}

/// The request in the form that goes to a server: a path, and the host as it was judged.
fn as_sent(request: Request<WasiBody>, target: &Target) -> Result<Request<WasiBody>, Error> {
    let (mut parts, body) = request.into_parts();
    parts.uri = target.path_and_query().parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = HeaderValue::from_str(&target.authority()).map_err(|_| Error::HttpRequestUriInvalid)?;
    parts.headers.insert(HOST, host);
    Ok(Request::from_parts(parts, body))
}

impl WasiHttpHooks for Hooks {
    /// Asked for each header that the tool sets or removes. Responses come without such headers, so it is always the tool that is asked about.
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        let refused = is_refused_header(name.as_str());
        if refused {
            self.account.refuse(codes::NET_HEADER, || header_message(name.as_str()));
        }
        refused
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| is_refused_header(name.as_str()))
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        let supported = *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS;
        if !supported {
            self.account.refuse(codes::NET_DENIED, || format!("the scheme `{scheme}` is neither https nor http"));
        }
        supported
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Rest), Error>> + Send> {
        match self.admit(request, options) {
            Ok(exchange) => Box::new(exchange.run()),
            Err(failure) => Box::new(std::future::ready(Err(self.account.told(failure)))),
        }
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE_BYTES_MAX
    }

    // What hyper and the system say is not written to a log: it may hold what the host added.
    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> ErrorCode {
        ErrorCode::HttpProtocolError
    }
    fn p2_error_from_connect(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::ConnectionRefused
    }
    fn p2_error_from_tls(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::TlsProtocolError
    }
}
