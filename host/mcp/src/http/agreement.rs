//! What headers and body say must agree, because a middle box that routes by the headers never reads the body (MCP-45).

use super::answer::Refused;
use super::gate::only;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, StatusCode};
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorData, GetMeta as _, JsonRpcMessage, ProtocolVersion, RequestId,
};
use serde_json::Value as Json;

pub(super) const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// Which kind of revision a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Era {
    /// It opens a session, or is part of one.
    Legacy(ProtocolVersion),
    /// It stands alone.
    Modern { lacks_metadata: bool },
}

/// The revision of a message, where headers and body agree.
pub(super) fn era(headers: &HeaderMap, message: &ClientJsonRpcMessage) -> Result<Era, Refused> {
    let id = match message {
        JsonRpcMessage::Request(request) => Some(request.id.clone()),
        _ => None,
    };
    let header = single(headers, VERSION, &id)?;
    let named = header.map(version);
    if named.as_ref().is_some_and(|version| !version.has_initialize()) {
        check_words(headers, message, &id)?;
    }
    let JsonRpcMessage::Request(request) = message else {
        return Ok(Era::Legacy(named.unwrap_or(ProtocolVersion::V_2025_03_26)));
    };
    if let ClientRequest::InitializeRequest(opening) = &request.request {
        let in_body = &opening.params.protocol_version;
        if header.is_some_and(|header| header != in_body.as_str()) {
            return Err(mismatch(id, "the header MCP-Protocol-Version and `protocolVersion` differ"));
        }
        return Ok(Era::Legacy(in_body.clone()));
    }
    let meta = request.request.get_meta();
    let lacks_metadata = !meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty();
    let Some(in_body) = meta.protocol_version() else {
        let is_modern = matches!(request.request, ClientRequest::DiscoverRequest(_))
            || named.as_ref().is_some_and(|version| !version.has_initialize());
        if is_modern {
            let missing = meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).join(", ");
            let error = ErrorData::invalid_params(format!("`_meta` lacks {missing}"), None);
            return Err(Refused::error(StatusCode::BAD_REQUEST, error, id));
        }
        return legacy(named.unwrap_or(ProtocolVersion::V_2025_03_26), id);
    };
    match header {
        None => Err(mismatch(id, "`_meta` names a revision, and the header MCP-Protocol-Version does not")),
        Some(header) if header != in_body.as_str() => {
            Err(mismatch(id, "the header MCP-Protocol-Version and `_meta` name different revisions"))
        }
        Some(_) => Ok(Era::Modern { lacks_metadata }),
    }
}

fn legacy(version: ProtocolVersion, id: Option<RequestId>) -> Result<Era, Refused> {
    if ProtocolVersion::KNOWN_VERSIONS.contains(&version) {
        return Ok(Era::Legacy(version));
    }
    let error = ErrorData::unsupported_protocol_version(version, ProtocolVersion::KNOWN_VERSIONS);
    Err(Refused::error(StatusCode::BAD_REQUEST, error, id))
}

fn version(text: &str) -> ProtocolVersion {
    serde_json::from_value(Json::from(text)).unwrap_or(ProtocolVersion::V_2025_03_26)
}

/// `Mcp-Method` and `Mcp-Name`, which the stateless revisions require.
fn check_words(headers: &HeaderMap, message: &ClientJsonRpcMessage, id: &Option<RequestId>) -> Result<(), Refused> {
    // The arguments of a call are not part of this.
    let body = serde_json::to_value(message).unwrap_or_default();
    let Some(method) = body["method"].as_str() else { return Ok(()) };
    let is_opening = method == "initialize";
    match single(headers, METHOD, id)? {
        Some(header) if header != method => {
            return Err(mismatch(id.clone(), "the header Mcp-Method and `method` differ"));
        }
        None if !is_opening => return Err(mismatch(id.clone(), "the header Mcp-Method is missing")),
        _ => {}
    }
    let name = match method {
        "tools/call" | "prompts/get" => body["params"]["name"].as_str(),
        "resources/read" => body["params"]["uri"].as_str(),
        _ => None,
    };
    let Some(name) = name else { return Ok(()) };
    let header = single(headers, NAME, id)?.and_then(decoded);
    match header {
        Some(header) if header == name => Ok(()),
        Some(_) => Err(mismatch(id.clone(), "the header Mcp-Name and the name in the body differ")),
        None => Err(mismatch(id.clone(), "the header Mcp-Name is missing or cannot be read")),
    }
}

/// A name that is not plain text travels as `=?base64?…?=`.
fn decoded(header: &str) -> Option<String> {
    match header.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(text) => String::from_utf8(STANDARD.decode(text).ok()?).ok(),
        None => Some(header.to_owned()),
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str, id: &Option<RequestId>) -> Result<Option<&'a str>, Refused> {
    let name = http::HeaderName::from_static(name);
    if !headers.contains_key(&name) {
        return Ok(None);
    }
    let value = only(headers, name.clone());
    value.map(Some).ok_or_else(|| mismatch(id.clone(), format!("the header {name} stands twice, or is not plain text")))
}

fn mismatch(id: Option<RequestId>, why: impl Into<std::borrow::Cow<'static, str>>) -> Refused {
    Refused::error(StatusCode::BAD_REQUEST, ErrorData::header_mismatch(why, None), id)
}
