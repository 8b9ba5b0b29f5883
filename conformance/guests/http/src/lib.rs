//! A guest that speaks HTTP: one function for each right use, and for each thing that a tool may not do.

wit_bindgen::generate!({ world: "http" });

use exports::guest::http::tools::{Answer, Guest};
use wasip2::http::outgoing_handler::{FutureIncomingResponse, RequestOptions, handle};
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

struct Component;
export!(Component);

/// What a request says.
struct Ask<'a> {
    method: &'a str,
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
}

impl<'a> Ask<'a> {
    fn get(authority: &'a str) -> Self {
        Self { method: "GET", scheme: "http", authority, path: "/" }
    }

    fn request(&self, headers: Fields) -> Result<OutgoingRequest, String> {
        let method = match self.method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => Method::Other(other.to_owned()),
        };
        let scheme = match self.scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        };
        let request = OutgoingRequest::new(headers);
        request.set_method(&method).map_err(|()| "no method")?;
        request.set_scheme(Some(&scheme)).map_err(|()| "no scheme")?;
        request.set_authority(Some(self.authority)).map_err(|()| "no authority")?;
        request.set_path_with_query(Some(self.path)).map_err(|()| "no path")?;
        Ok(request)
    }

    fn begin(&self) -> Result<FutureIncomingResponse, String> {
        handle(self.request(Fields::new())?, None).map_err(words)
    }

    fn answer(&self) -> Result<Answer, String> {
        answer(response(&self.begin()?)?)
    }
}

fn words(error: ErrorCode) -> String {
    format!("{error:?}")
}

fn response(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    future.get().expect("it is ready").expect("it was not taken").map_err(words)
}

fn answer(response: IncomingResponse) -> Result<Answer, String> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let headers = response.headers().entries().into_iter().map(|(name, value)| (name, text(value))).collect();
    let status = response.status();
    let mut read = Vec::new();
    all(response, |bytes| read.extend(bytes))?;
    Ok(Answer { status, headers, body: text(read) })
}

fn all(response: IncomingResponse, mut take: impl FnMut(Vec<u8>)) -> Result<(), String> {
    let body: IncomingBody = response.consume().expect("it was not read");
    let stream: InputStream = body.stream().expect("it was not read");
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => take(bytes),
            Err(StreamError::Closed) => return Ok(()),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}

/// Posts a text, piece by piece.
fn post(authority: &str, path: &str, text: &str, headers: Fields) -> Result<Answer, String> {
    let request = Ask { method: "POST", path, ..Ask::get(authority) }.request(headers)?;
    let body = request.body().expect("it has one");
    let future = handle(request, None).map_err(words)?;
    let stream = body.write().expect("it was not written");
    for piece in text.as_bytes().chunks(4096) {
        stream.blocking_write_and_flush(piece).map_err(|error| format!("{error:?}"))?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(words)?;
    answer(response(&future)?)
}

fn write(body: OutgoingBody, mut bytes: u64) -> Result<(), String> {
    let stream = body.write().expect("it was not written");
    while bytes > 0 {
        let piece = vec![b'x'; bytes.min(4096) as usize];
        stream.blocking_write_and_flush(&piece).map_err(|error| format!("{error:?}"))?;
        bytes -= piece.len() as u64;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(words)
}

/// How many of `count` went well, and the first error.
fn count(count: u32, mut one: impl FnMut() -> Result<(), String>) -> (u32, String) {
    for done in 0..count {
        if let Err(error) = one() {
            return (done, error);
        }
    }
    (count, String::new())
}

impl Guest for Component {
    fn get(scheme: String, authority: String, path: String) -> Result<Answer, String> {
        Ask { method: "GET", scheme: &scheme, authority: &authority, path: &path }.answer()
    }
    fn send(method: String, scheme: String, authority: String, path: String) -> Result<Answer, String> {
        Ask { method: &method, scheme: &scheme, authority: &authority, path: &path }.answer()
    }
    fn post(authority: String, path: String, text: String) -> Result<Answer, String> {
        post(&authority, &path, &text, Fields::new())
    }
    fn post_with_length(authority: String, path: String, text: String) -> Result<Answer, String> {
        let length = ("content-length".to_owned(), text.len().to_string().into_bytes());
        post(&authority, &path, &text, Fields::from_list(&[length]).map_err(|error| format!("{error:?}"))?)
    }
    fn follow(authority: String, path: String) -> Result<Answer, String> {
        let first = Ask { path: &path, ..Ask::get(&authority) }.answer()?;
        let location = first.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.clone());
        let Some(location) = location else { return Ok(first) };
        let (scheme, rest) = location.split_once("://").ok_or("no scheme")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Ask { method: "GET", scheme, authority, path: if path.is_empty() { "/" } else { path } }.answer()
    }
    fn with_header(authority: String, name: String, value: String) -> Result<Answer, String> {
        let headers = Fields::new();
        headers.append(&name, value.as_bytes()).map_err(|error| format!("{error:?}"))?;
        let future = handle(Ask::get(&authority).request(headers)?, None).map_err(words)?;
        answer(response(&future)?)
    }
    fn many_headers(authority: String, count: u32) -> Result<Answer, String> {
        let headers = Fields::new();
        for number in 0..count {
            headers.append(&format!("x-{number}"), b"value").map_err(|error| format!("{error:?}"))?;
        }
        let future = handle(Ask::get(&authority).request(headers)?, None).map_err(words)?;
        answer(response(&future)?)
    }
    fn many_requests(authority: String, times: u32) -> (u32, String) {
        count(times, || Ask::get(&authority).answer().map(drop))
    }
    fn hold(authority: String, times: u32) -> (u32, String) {
        let mut held = Vec::new();
        count(times, || {
            held.push(response(&Ask::get(&authority).begin()?)?);
            Ok(())
        })
    }
    fn upload(authority: String, bytes: u64) -> Result<Answer, String> {
        let request = Ask { method: "POST", ..Ask::get(&authority) }.request(Fields::new())?;
        let body = request.body().expect("it has one");
        let future = handle(request, None).map_err(words)?;
        let written = write(body, bytes);
        // What the response says is the better reason.
        let answer = answer(response(&future)?)?;
        written.map(|()| answer)
    }
    fn download(authority: String) -> Result<u64, String> {
        let response = response(&Ask::get(&authority).begin()?)?;
        let mut came = 0;
        all(response, |bytes| came += bytes.len() as u64).map_err(|error| format!("{came} and then {error}"))?;
        Ok(came)
    }
    fn leave_open(authority: String) -> Result<u16, String> {
        let response = response(&Ask::get(&authority).begin()?)?;
        let status = response.status();
        std::mem::forget(response);
        Ok(status)
    }
    fn give_up(authority: String) {
        drop(Ask::get(&authority).begin());
    }
    fn impatient(authority: String, ms: u64) -> Result<Answer, String> {
        let options = RequestOptions::new();
        options.set_first_byte_timeout(Some(ms * 1_000_000)).map_err(|()| "no timeout")?;
        let request = Ask::get(&authority).request(Fields::new())?;
        answer(response(&handle(request, Some(options)).map_err(words)?)?)
    }
}
