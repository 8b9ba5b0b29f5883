//! Pictures, sounds and documents as blocks of the protocol (MCP-17), from their JSON form by the rule TOOL-22.

use mpp_host::Content;
use rmcp::model::{ContentBlock, ResourceContents};
use serde_json::Value as Json;

/// What a file is that does not say so in words that can be sent.
const UNKNOWN: &str = "application/octet-stream";

/// The blocks that a value is.
pub(crate) fn blocks(content: Content, value: &Json) -> Vec<ContentBlock> {
    // A list or a variant stands below `result`; a record is the value itself.
    match value.get("result") {
        Some(Json::Array(items)) => items.iter().map(|item| block(content, item)).collect(),
        Some(one) => vec![block(content, one)],
        None => vec![block(content, value)],
    }
}

fn block(content: Content, value: &Json) -> ContentBlock {
    match content {
        Content::Image => ContentBlock::image(text(&value["data"]), mime(&value["mime"])),
        Content::Audio => ContentBlock::audio(text(&value["data"]), mime(&value["mime"])),
        Content::Resource => ContentBlock::resource(resource(value)),
        Content::Block => match value["tag"].as_str() {
            Some("image") => block(Content::Image, &value["val"]),
            Some("audio") => block(Content::Audio, &value["val"]),
            Some("resource") => block(Content::Resource, &value["val"]),
            _ => ContentBlock::text(text(&value["val"])),
        },
    }
}

fn resource(value: &Json) -> ResourceContents {
    let (uri, body) = (text(&value["uri"]), text(&value["body"]["val"]));
    let contents = match value["body"]["tag"].as_str() {
        Some("blob") => ResourceContents::blob(body, uri),
        _ => ResourceContents::text(body, uri),
    };
    match &value["mime"] {
        Json::Null => contents,
        kind => contents.with_mime_type(mime(kind)),
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A media type as clients take it: a type and a subtype of printable ASCII.
fn mime(value: &Json) -> String {
    let is_plain = |kind: &&str| kind.len() <= 255 && kind.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let is_kind = |kind: &&str| kind.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    value.as_str().filter(is_plain).filter(is_kind).unwrap_or(UNKNOWN).to_owned()
}

#[cfg(test)]
mod tests {
    use super::blocks;
    use mpp_host::Content;
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn check(content: Content, value: Json, expected: Json) {
        assert_eq!(serde_json::to_value(blocks(content, &value)).unwrap(), expected);
    }

    #[test]
    fn each_kind_is_a_block() {
        let picture = json!({"data": "aGk=", "mime": "image/png"});
        let shown = json!({"type": "image", "data": "aGk=", "mimeType": "image/png"});
        check(Content::Image, picture.clone(), json!([shown]));
        check(Content::Image, json!({"result": [picture, picture]}), json!([shown, shown]));
        check(Content::Image, json!({"result": []}), json!([]));
        let sound = json!({"data": "", "mime": "audio/wav"});
        check(Content::Audio, sound.clone(), json!([{"type": "audio", "data": "", "mimeType": "audio/wav"}]));
        let note = json!({"uri": "note:1", "mime": null, "body": {"tag": "text", "val": "hi"}});
        check(
            Content::Resource,
            note.clone(),
            json!([{"type": "resource", "resource": {"uri": "note:1", "mimeType": "text/plain", "text": "hi"}}]),
        );
        let file = json!({"uri": "file:1", "mime": "a/b", "body": {"tag": "blob", "val": "aGk="}});
        let shown_file = json!({"type": "resource", "resource": {"uri": "file:1", "mimeType": "a/b", "blob": "aGk="}});
        let all = json!({"result": [
            {"tag": "text", "val": "hi"}, {"tag": "image", "val": picture}, {"tag": "resource", "val": file}]});
        check(Content::Block, all, json!([{"type": "text", "text": "hi"}, shown, shown_file]));
        check(
            Content::Block,
            json!({"result": {"tag": "audio", "val": sound}}),
            json!([{"type": "audio", "data": "", "mimeType": "audio/wav"}]),
        );
    }

    #[test]
    fn a_media_type_that_is_none_is_not_sent() {
        for wrong in ["", "png", "image/", "/png", "image/png\n", "imagé/png"] {
            let shown = json!([{"type": "image", "data": "", "mimeType": "application/octet-stream"}]);
            check(Content::Image, json!({"data": "", "mime": wrong}), shown);
        }
    }
}
