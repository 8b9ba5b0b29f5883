//! The schemas, written out: one case per row of the table in `spec/tool.md`.

use crate::made::tools_of;
use serde_json::{Value as Json, json};

#[track_caller]
fn check(body: &str, input: Json, output: Option<Json>) {
    let file = tools_of(body).unwrap().tools_file();
    let found = &file.tools[0];
    // As text, so that the order of the fields is compared too.
    assert_eq!(found.input.to_string(), input.to_string());
    assert_eq!(found.output.as_ref().map(Json::to_string), output.as_ref().map(Json::to_string));
}

#[track_caller]
fn check_param(body: &str, schema: Json, required: bool) {
    let mut input = json!({ "type": "object", "properties": { "a": schema } });
    if required {
        input["required"] = json!(["a"]);
    }
    input["additionalProperties"] = json!(false);
    check(body, input, None);
}

#[track_caller]
fn check_output(body: &str, schema: Json) {
    check(body, json!({ "type": "object", "properties": {}, "additionalProperties": false }), Some(schema));
}

#[test]
fn primitive_types() {
    check_param("f: func(a: bool);", json!({ "type": "boolean" }), true);
    check_param("f: func(a: string);", json!({ "type": "string" }), true);
    check_param("f: func(a: u8);", json!({ "type": "integer", "minimum": 0, "maximum": 255 }), true);
    check_param("f: func(a: s32);", json!({ "type": "integer", "minimum": -2147483648, "maximum": 2147483647 }), true);
    check_param("f: func(a: u64);", json!({ "type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$" }), true);
    check_param("f: func(a: s64);", json!({ "type": "string", "pattern": "^(0|-?[1-9][0-9]{0,18})$" }), true);
    check_param("f: func(a: f64);", json!({ "type": "number" }), true);
    let f32_max = f64::from(f32::MAX);
    check_param("f: func(a: f32);", json!({ "type": "number", "minimum": -f32_max, "maximum": f32_max }), true);
    check_param("f: func(a: char);", json!({ "type": "string", "minLength": 1, "maxLength": 1 }), true);
    check_param("f: func(a: list<u8>);", json!({ "type": "string", "description": "base64" }), true);
}

#[test]
fn composite_types() {
    check_param("f: func(a: list<bool>);", json!({ "type": "array", "items": { "type": "boolean" } }), true);
    let pair = json!({ "type": "object", "properties": { "f0": { "type": "boolean" }, "f1": { "type": "string" } },
        "required": ["f0", "f1"], "additionalProperties": false });
    check_param("f: func(a: tuple<bool, string>);", pair, true);
    let e = json!({ "type": "string", "description": "Colours.\nred: As blood.", "enum": ["red", "dark-blue"] });
    check_param("/// Colours.\n enum e { /// As blood.\n red, dark-blue } f: func(a: e);", e, true);
    let g = json!({ "type": "array", "items": { "type": "string", "enum": ["r", "w"] } });
    check_param("flags g { r, w } f: func(a: g);", g, true);
    let option = json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] });
    check_param("f: func(a: option<string>);", option.clone(), false);
    let some = json!({ "type": "object", "properties": { "some": option }, "required": ["some"], "additionalProperties": false });
    check_param("f: func(a: option<option<string>>);", json!({ "anyOf": [some, { "type": "null" }] }), false);
    let side = |name: &str, schema: Json| json!({ "type": "object", "properties": { name: schema }, "required": [name], "additionalProperties": false });
    let result = json!({ "anyOf": [side("ok", json!({ "type": "boolean" })), side("err", json!({ "type": "null" }))] });
    check_param("f: func(a: result<bool>);", result, true);
}

#[test]
fn variants_and_records_keep_their_docs() {
    let v = json!({ "description": "A shape.", "anyOf": [
        { "type": "object", "description": "Nothing.", "properties": { "tag": { "type": "string", "enum": ["none"] } },
          "required": ["tag"], "additionalProperties": false },
        { "type": "object", "properties": { "tag": { "type": "string", "enum": ["square"] }, "val": { "type": "boolean" } },
          "required": ["tag", "val"], "additionalProperties": false },
    ] });
    check_param("/// A shape.\n variant v { /// Nothing.\n none, square(bool) } f: func(a: v);", v, true);
    let p = json!({ "type": "object", "description": "A point.", "properties": {
        "x": { "type": "boolean", "description": "To the right." },
        "y": { "type": "string", "description": "Up. (base64)" },
        "z": { "description": "Perhaps.", "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
    }, "required": ["x", "y"], "additionalProperties": false });
    let record = "/// A point.\n record p { /// To the right.\n x: bool, /// Up.\n y: list<u8>, /// Perhaps.\n z: option<bool> }";
    check_param(&format!("{record} f: func(a: p);"), p, true);
}

#[test]
fn outputs_are_objects_or_absent() {
    let p = json!({ "type": "object", "properties": { "x": { "type": "boolean" } }, "required": ["x"], "additionalProperties": false });
    check_output("record p { x: bool } f: func() -> p;", p.clone());
    check_output("record p { x: bool } f: func() -> result<p, string>;", p);
    let wrapped = |schema: Json| json!({ "type": "object", "properties": { "result": schema }, "required": ["result"], "additionalProperties": false });
    check_output("f: func() -> string;", wrapped(json!({ "type": "string" })));
    check_output("f: func() -> result<string>;", wrapped(json!({ "type": "string" })));
    check_output(
        "f: func() -> option<bool>;",
        wrapped(json!({ "anyOf": [{ "type": "boolean" }, { "type": "null" }] })),
    );
    let special = json!({ "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] });
    check_output("f: func() -> f64;", wrapped(json!({ "anyOf": [{ "type": "number" }, special] })));
    for nothing in ["f: func();", "f: func() -> result;", "f: func() -> result<_, string>;"] {
        check(nothing, json!({ "type": "object", "properties": {}, "additionalProperties": false }), None);
    }
}
