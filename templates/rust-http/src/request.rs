//! One GET through the host.

use wasip2::{
    http::{
        outgoing_handler::handle,
        types::{ErrorCode, Fields, IncomingResponse, OutgoingRequest, Scheme},
    },
    io::streams::StreamError,
};

/// More than this is not an answer to the question that was asked.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Status and body of the answer.
pub fn get(origin: &str, path: &str) -> Result<(u16, Vec<u8>), String> {
    let response = send(request(origin, path)?)?;
    Ok((response.status(), body(&response)?))
}

fn request(origin: &str, path: &str) -> Result<OutgoingRequest, String> {
    let (scheme, authority) = match origin.split_once("://") {
        Some(("https", authority)) => (Scheme::Https, authority),
        Some(("http", authority)) => (Scheme::Http, authority),
        _ => return Err(format!("`{origin}` is no origin")),
    };
    let headers = [("accept", "application/json"), ("user-agent", "mpp-tool")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let request = OutgoingRequest::new(Fields::from_list(&headers).map_err(|error| format!("{error:?}"))?);
    let done = request
        .set_scheme(Some(&scheme))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    done.map_err(|()| format!("`{origin}{path}` is no address"))?;
    Ok(request)
}

fn send(request: OutgoingRequest) -> Result<IncomingResponse, String> {
    let in_words = |error: ErrorCode| format!("the request failed: {error}");
    let future = handle(request, None).map_err(in_words)?;
    future.subscribe().block();
    let answered = future.get().ok_or("the answer did not come")?;
    answered.map_err(|()| "the answer was taken already")?.map_err(in_words)
}

fn body(response: &IncomingResponse) -> Result<Vec<u8>, String> {
    let body = response.consume().map_err(|()| "the answer was read already")?;
    let stream = body.stream().map_err(|()| "the answer was read already")?;
    let mut read = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) if read.len() + bytes.len() > BODY_BYTES_MAX => return Err("the answer is too long".to_owned()),
            Ok(bytes) => read.extend(bytes),
            Err(StreamError::Closed) => return Ok(read),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}
