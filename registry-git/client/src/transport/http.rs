//! HTTP for gix: ureq carries the requests that gix words. Blocking, with bounded times, and with roots that are compiled in or named.

use super::{
    budget::{Bounded, Budget},
    settings::Settings,
};
use crate::RegistryError;
use gix::error::message;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use std::{
    any::Any,
    fmt::Write as _,
    fs,
    io::{self, BufRead, BufReader, Cursor, Read, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use ureq::{
    Agent, ResponseExt as _,
    http::Response,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// How long one request may take, from its start to the end of the answer.
const REQUEST: Duration = Duration::from_secs(3600);
/// How often the first request may be sent elsewhere.
const REDIRECTS: u32 = 5;

type Reply = Box<dyn BufRead + Send>;

/// A client for one address.
pub(super) struct Client {
    agent: Agent,
    budget: Budget,
    moved: Option<String>,
}

impl Client {
    /// A client that sends to `https` only where the address says `https`.
    pub(super) fn new(https: bool, settings: &Settings, budget: Budget) -> Result<Self, RegistryError> {
        let config = Agent::config_builder()
            .https_only(https)
            .http_status_as_error(false)
            .max_redirects(REDIRECTS)
            .proxy(None)
            .tls_config(tls_of(settings, https)?)
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .timeout_global(Some(REQUEST));
        Ok(Self { agent: config.build().new_agent(), budget, moved: None })
    }
}

/// Who may vouch for servers: those in the file that was named, else those that are compiled in.
pub(crate) fn tls_of(settings: &Settings, https: bool) -> Result<TlsConfig, RegistryError> {
    let mut tls = TlsConfig::builder();
    if let Some(file) = settings.certificates().filter(|_| https) {
        tls = tls.root_certs(read_certificates(&file)?);
    }
    Ok(tls.build())
}

fn read_certificates(file: &std::path::Path) -> Result<RootCerts, RegistryError> {
    let pem = fs::read(file).map_err(RegistryError::io("read the certificates in", file))?;
    let found: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    Ok(RootCerts::new_with_certs(&found))
}

impl Http for Client {
    type Headers = Reply;
    type ResponseBody = Reply;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Reply, Reply>> {
        let mut request = self.agent.get(url);
        for (name, value) in headers.into_iter().filter_map(|header| split(header.as_ref())) {
            request = request.header(name, value);
        }
        let response = request.call().map_err(gix::Error::from_error)?;
        self.moved = moved(url, base_url, &response)?;
        let (headers, body) = reply(response, &self.budget).map_err(gix::Error::from_error)?;
        Ok(GetResponse { headers: Box::new(Cursor::new(headers)), body })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _kind: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Reply, Reply, Upload>> {
        let headers = headers.into_iter().filter_map(|header| split(header.as_ref())).collect();
        let exchange = Exchange {
            request: Some(Request { agent: self.agent.clone(), url: url.to_owned(), headers }),
            upload: Vec::new(),
            budget: self.budget.clone(),
            headers: None,
            body: None,
        };
        let exchange = Arc::new(Mutex::new(exchange));
        Ok(PostResponse {
            post_body: Upload(Arc::clone(&exchange)),
            headers: Box::new(BufReader::new(Part {
                exchange: Arc::clone(&exchange),
                take: Exchange::take_headers,
                part: None,
            })),
            body: Box::new(BufReader::new(Part { exchange, take: Exchange::take_body, part: None })),
        })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.moved.clone()
    }
}

/// A request whose body is still being written: it is sent when the answer is first read.
struct Exchange {
    request: Option<Request>,
    upload: Vec<u8>,
    budget: Budget,
    headers: Option<Reply>,
    body: Option<Reply>,
}

struct Request {
    agent: Agent,
    url: String,
    headers: Vec<(String, String)>,
}

impl Exchange {
    fn send(&mut self) -> io::Result<()> {
        let Some(Request { agent, url, headers }) = self.request.take() else { return Ok(()) };
        // Only the first request may be sent elsewhere: what it learns holds for those after it.
        let mut request = agent.post(url).config().max_redirects(0).build();
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = request.send(&self.upload[..]).map_err(io::Error::other)?;
        let (headers, body) = reply(response, &self.budget)?;
        self.headers = Some(Box::new(Cursor::new(headers)));
        self.body = Some(body);
        Ok(())
    }

    fn take_headers(&mut self) -> io::Result<Option<Reply>> {
        self.send()?;
        Ok(self.headers.take())
    }

    fn take_body(&mut self) -> io::Result<Option<Reply>> {
        self.send()?;
        Ok(self.body.take())
    }
}

/// The body of a request, collected: a client says little.
pub(super) struct Upload(Arc<Mutex<Exchange>>);

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).upload.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers or the body of an answer that is asked for once it is read.
struct Part {
    exchange: Arc<Mutex<Exchange>>,
    take: fn(&mut Exchange) -> io::Result<Option<Reply>>,
    part: Option<Reply>,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.part.is_none() {
            self.part = (self.take)(&mut self.exchange.lock().unwrap_or_else(PoisonError::into_inner))?;
        }
        match &mut self.part {
            Some(part) => part.read(buffer),
            None => Ok(0),
        }
    }
}

/// The headers of an answer as lines, and its body; a refusal when it is not the answer to be had.
fn reply(response: Response<ureq::Body>, budget: &Budget) -> io::Result<(Vec<u8>, Reply)> {
    let status = response.status();
    if status.as_u16() != 200 {
        return Err(io::Error::other(format!("the server answers {status}")));
    }
    let mut headers = String::new();
    for (name, value) in response.headers() {
        let _ = writeln!(headers, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let body = Bounded { inner: response.into_body().into_reader(), budget: budget.clone() };
    Ok((headers.into_bytes(), Box::new(BufReader::new(body))))
}

/// What stands in place of `base_url` from now on, when the request for `url` ended up somewhere else.
fn moved(url: &str, base_url: &str, response: &Response<ureq::Body>) -> gix::Result<Option<String>> {
    let found = response.get_uri().to_string();
    if found == url {
        return Ok(None);
    }
    let base = url.strip_prefix(base_url).and_then(|tail| found.strip_suffix(tail));
    match base {
        Some(base) => Ok(Some(base.to_owned())),
        None => Err(gix::Error::from(message!("the server sends requests to {found:?}, which is not a repository"))),
    }
}

fn split(header: &str) -> Option<(String, String)> {
    let (name, value) = header.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}
