//! What JSON is accepted as arguments, what results look like, and how refusals are worded.

use crate::made::tools_of;
use mpp_schema::Coded;
use mpp_wit::codec::{Reply, arguments_from_json, arguments_to_json, result_to_json, result_to_text};
use mpp_wit::{Tool, Value};
use serde_json::{Value as Json, json};

fn tool(body: &str) -> Tool {
    tools_of(body).expect("the WIT of the test is fine").tools.remove(0)
}

/// Reads `json` as the arguments of the first function and writes them back in canonical form.
#[track_caller]
fn check_read(body: &str, json: &str, canonical: &str) {
    let tool = tool(body);
    let values = arguments_from_json(&tool, json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(arguments_to_json(&tool, values).unwrap().to_string(), canonical);
}

#[track_caller]
fn check_refused(body: &str, json: &str, message: &str) {
    let error = arguments_from_json(&tool(body), json).expect_err(json);
    assert_eq!((error.code().as_str(), error.to_string().as_str()), ("tool.arguments", message));
}

#[track_caller]
fn check_result(body: &str, value: Option<Value>, expected: Reply<Json>) {
    let tool = tool(body);
    let found = result_to_json(&tool, value.clone()).unwrap();
    assert_eq!(found, expected);
    let text = match result_to_text(&tool, value).unwrap() {
        Reply::Ok(text) => Reply::Ok(text.map(|text| serde_json::from_str(&text).unwrap())),
        Reply::Err(text) => Reply::Err(serde_json::from_str(&text).unwrap()),
    };
    assert_eq!(text, expected);
}

#[test]
fn every_type_has_its_form() {
    check_read(
        "f: func(a: bool, b: s8, c: u32);",
        r#"{"a":true,"b":-128,"c":4294967295}"#,
        r#"{"a":true,"b":-128,"c":4294967295}"#,
    );
    check_read("f: func(a: char, b: string);", r#"{"a":"😀","b":"\u0041\n\u0000"}"#, r#"{"a":"😀","b":"A\n\u0000"}"#);
    check_read("f: func(a: list<u8>);", r#"{"a":"AAEC/w=="}"#, r#"{"a":"AAEC/w=="}"#);
    check_read("f: func(a: list<list<u16>>);", r#"{"a":[[],[1, 2]]}"#, r#"{"a":[[],[1,2]]}"#);
    check_read("f: func(a: tuple<u8, string>);", r#"{"a":{"f1":"x","f0":1}}"#, r#"{"a":{"f0":1,"f1":"x"}}"#);
    check_read("enum e { x, y } f: func(a: e);", r#"{"a":"y"}"#, r#"{"a":"y"}"#);
    check_read("flags e { x, y, z } f: func(a: e);", r#"{"a":["z","x","z"]}"#, r#"{"a":["x","z"]}"#);
    check_read("f: func(a: result<u8, string>);", r#"{"a":{"err":"no"}}"#, r#"{"a":{"err":"no"}}"#);
    check_read("f: func(a: result);", r#"{"a":{"ok":null}}"#, r#"{"a":{"ok":null}}"#);
    check_read("f: func();", " {} ", "{}");
}

#[test]
fn sixty_four_bits_travel_as_text_and_small_ones_also_as_numbers() {
    let body = "f: func(a: u64, b: s64);";
    check_read(
        body,
        r#"{"a":"18446744073709551615","b":"-9223372036854775808"}"#,
        r#"{"a":"18446744073709551615","b":"-9223372036854775808"}"#,
    );
    check_read(
        body,
        r#"{"a":9007199254740992,"b":-9007199254740992}"#,
        r#"{"a":"9007199254740992","b":"-9007199254740992"}"#,
    );
    let refused = [
        "9007199254740993",
        "9007199254740993.0",
        "9007199254740992.0",
        "9.007199254740993e15",
        "\"18446744073709551616\"",
        "\"01\"",
        "\"+1\"",
        "\" 1\"",
        "\"1.0\"",
        "\"\"",
        "-1",
        "1.5",
        "1e300",
    ];
    for number in refused {
        let error = arguments_from_json(&tool(body), &format!(r#"{{"a":{number},"b":0}}"#)).expect_err(number);
        assert!(error.to_string().starts_with("args.a: expected u64 as a decimal string, found "), "{error}");
    }
    check_refused(body, r#"{"a":0,"b":"-0"}"#, r#"args.b: expected s64 as a decimal string, found "-0""#);
}

#[test]
fn whole_numbers_may_look_like_floats_and_nothing_is_rounded() {
    check_read("f: func(a: u8, b: s32);", r#"{"a":255.0,"b":-2e3}"#, r#"{"a":255,"b":-2000}"#);
    check_refused("f: func(a: u8);", r#"{"a":256}"#, "args.a: expected u8, found 256");
    check_refused("f: func(a: u8);", r#"{"a":-1}"#, "args.a: expected u8, found -1");
    check_refused("f: func(a: s8);", r#"{"a":1.5}"#, "args.a: expected s8, found 1.5");
    check_refused("f: func(a: u32);", r#"{"a":"7"}"#, r#"args.a: expected u32, found "7""#);
}

#[test]
fn floats_keep_their_bits_and_what_json_lacks_is_text() {
    let body = "f: func(a: f32, b: f64);";
    check_read(body, r#"{"a":0.1,"b":0.1}"#, r#"{"a":0.1,"b":0.1}"#);
    check_read(body, r#"{"a":"NaN","b":"-Infinity"}"#, r#"{"a":"NaN","b":"-Infinity"}"#);
    check_read(body, r#"{"a":-0.0,"b":5e-324}"#, r#"{"a":-0.0,"b":5e-324}"#);
    check_read(body, r#"{"a":3.4028234663852886e38,"b":1}"#, r#"{"a":3.4028234663852886e+38,"b":1.0}"#);
    check_refused(body, r#"{"a":3.5e38,"b":0}"#, "args.a: expected f32, found 3.5e38");
    check_refused(body, r#"{"a":0,"b":"nan"}"#, r#"args.b: expected f64, found "nan""#);
}

#[test]
fn options_may_be_absent_or_null_and_nest_in_objects() {
    let body = "f: func(a: option<u8>, b: option<option<u8>>);";
    check_read(body, "{}", r#"{"a":null,"b":null}"#);
    check_read(body, r#"{"a":3,"b":{"some":null}}"#, r#"{"a":3,"b":{"some":null}}"#);
    check_read(body, r#"{"b":{"some":4}}"#, r#"{"a":null,"b":{"some":4}}"#);
    check_refused(body, r#"{"b":4}"#, r#"args.b: expected null or an object with the field "some", found 4"#);
    check_refused(body, r#"{"b":{}}"#, r#"args.b: expected an object with one of "some", found an empty one"#);
    check_refused(body, r#"{"a":"x"}"#, r#"args.a: expected u8, found "x""#);
    check_read(
        "record r { x: option<u8> } f: func(a: list<option<r>>);",
        r#"{"a":[null,{}]}"#,
        r#"{"a":[null,{"x":null}]}"#,
    );
}

#[test]
fn variants_take_tag_and_payload_in_any_order() {
    let body = "variant v { none, num(u8), maybe(option<u8>), many(list<v2>) } variant v2 { s(string) } f: func(a: v);";
    check_read(body, r#"{"a":{"tag":"none"}}"#, r#"{"a":{"tag":"none"}}"#);
    check_read(body, r#"{"a":{"val":7,"tag":"num"}}"#, r#"{"a":{"tag":"num","val":7}}"#);
    check_read(body, r#"{"a":{"tag":"maybe"}}"#, r#"{"a":{"tag":"maybe","val":null}}"#);
    let nested = r#"{"a":{"val":[{"val":"x","tag":"s"}],"tag":"many"}}"#;
    check_read(body, nested, r#"{"a":{"tag":"many","val":[{"tag":"s","val":"x"}]}}"#);
    check_refused(body, r#"{"a":{"tag":"none","val":null}}"#, r#"args.a: unknown field "val": "none" carries nothing"#);
    check_refused(body, r#"{"a":{"val":null,"tag":"none"}}"#, r#"args.a: unknown field "val": "none" carries nothing"#);
    check_refused(body, r#"{"a":{"tag":"num"}}"#, r#"args.a: the field "val" of "num" is missing"#);
    check_refused(body, r#"{"a":{"val":1}}"#, r#"args.a: the field "tag" is missing"#);
    check_refused(body, r#"{"a":{"tag":"num","tag":"num"}}"#, r#"args.a: the field "tag" is given twice"#);
    check_refused(body, r#"{"a":{"val":1,"tag":"num","val":1}}"#, r#"args.a: the field "val" is given twice"#);
    check_refused(
        body,
        r#"{"a":{"val":{"tag":"s","tag":"s"},"tag":"num"}}"#,
        "args.a.val: expected u8, found an object",
    );
    let twice = r#"{"a":{"val":[{"val":"x","tag":"s","val":"x"}],"tag":"many"}}"#;
    check_refused(body, twice, r#"args.a.val[0]: the field "val" is given twice"#);
    check_refused(
        body,
        r#"{"a":{"tag":"x"}}"#,
        r#"args.a.tag: expected one of "none", "num", "maybe", "many", found "x""#,
    );
    check_refused(body, r#"{"a":{"tag":5}}"#, "args.a.tag: expected a string, found integer `5`");
}

#[test]
fn the_path_names_the_place() {
    let body = "record item { name: string, price: u32 } f: func(items: list<item>);";
    let items = r#"{"name":"a","price":1}"#;
    let json = format!(r#"{{"items":[{items},{items},{items},{{"name":"b","price":"7"}}]}}"#);
    check_refused(body, &json, r#"args.items[3].price: expected u32, found "7""#);
    check_refused(body, r#"{"items":[{"name":"a"}]}"#, r#"args.items[0]: the field "price" is missing"#);
    check_refused("f: func(a: tuple<u8, bool>);", r#"{"a":{"f0":1,"f1":0}}"#, "args.a.f1: expected bool, found 0");
    check_refused(body, "[]", "args: expected an object, found a list");
    check_refused(body, "null", "args: expected an object, found null");
    check_refused(
        "flags g { r, w } f: func(a: g);",
        r#"{"a":["r","x"]}"#,
        r#"args.a[1]: expected one of "r", "w", found "x""#,
    );
    check_refused(
        "f: func(a: result<u8>);",
        r#"{"a":{"ok":1,"err":null}}"#,
        r#"args.a: expected an object with one of "ok", "err", found two fields"#,
    );
    check_refused(
        "f: func(a: result<u8>);",
        r#"{"a":{"err":1}}"#,
        "args.a.err: expected null, because this side carries nothing",
    );
}

#[test]
fn unknown_and_repeated_fields_are_refused() {
    let body = "record p { x: u8 } f: func(p: p);";
    check_refused(body, r#"{"p":{"x":1},"q":1}"#, r#"args: unknown field "q", expected one of "p""#);
    check_refused(body, r#"{"p":{"x":1,"x":1}}"#, r#"args.p: the field "x" is given twice"#);
    check_refused(body, r#"{"p":{"x":1},"p":{"x":1}}"#, r#"args: the field "p" is given twice"#);
    check_refused(body, r#"{"p":{"x":1},"\u0070":{"x":1}}"#, r#"args: the field "p" is given twice"#);
    check_refused("f: func();", r#"{"a":1}"#, r#"args: unknown field "a", expected no field"#);
}

#[test]
fn every_message_says_where() {
    let flags = "flags e { x, y } f: func(a: e);";
    check_refused(flags, r#"{"a":["x","z"]}"#, r#"args.a[1]: expected one of "x", "y", found "z""#);
    check_refused(flags, r#"{"a":["x",5]}"#, "args.a[1]: expected the name of a flag, found integer `5`");
    check_refused(
        "variant v { x } f: func(a: v);",
        r#"{"a":{"tag":null}}"#,
        "args.a.tag: expected a string, found null",
    );
    check_refused("f: func(a: list<f64>);", r#"{"a":[1,1e400]}"#, "args.a[1]: number out of range");
    check_refused("f: func(a: list<u8>);", r#"{"a":-1e999}"#, "args.a: number out of range");
    check_refused(
        "variant v { x(list<f32>) } f: func(a: v);",
        r#"{"a":{"val":[0,1e999],"tag":"x"}}"#,
        "args.a.val[1]: number out of range",
    );
}

#[test]
fn what_is_left_out_is_bounded() {
    let fields: String = (0..150).map(|n| format!("m{n}: option<u8>,")).collect();
    let body = format!("record r {{ {fields} }} f: func(a: list<r>);");
    let json = |records: usize| format!(r#"{{"a":[{}]}}"#, vec!["{}"; records].join(","));
    assert!(arguments_from_json(&tool(&body), &json(6990)).is_ok());
    let problem = "more than 1048576 members are left out, counted over the whole text";
    check_refused(&body, &json(6991), &format!("args.a[6990]: {problem}"));
}

#[test]
fn base64_has_one_form() {
    for text in ["A", "AA", "AAA", "AA=", "AB==", "AAB=", "A===", "AAEC_w==", "AAE C", "AA==\\n", "=AAA"] {
        let json = format!(r#"{{"a":"{text}"}}"#);
        let error = arguments_from_json(&tool("f: func(a: list<u8>);"), &json).expect_err(text);
        assert!(error.to_string().starts_with("args.a: expected base64 text, found "), "{error}");
    }
}

#[test]
fn what_is_no_json_is_refused_as_such() {
    for text in
        ["", "{", "{}x", "{'a':1}", "{\"a\":01}", "{\"a\":\"\\ud800\"}", "{\"a\":NaN}", "{\"a\":1,}", "\u{feff}{}"]
    {
        let error = arguments_from_json(&tool("f: func(a: option<string>);"), text).expect_err(text);
        assert_eq!(error.code().as_str(), "tool.arguments");
        assert!(
            error.to_string().starts_with("args: not JSON: ") || error.to_string().starts_with("args.a: "),
            "{error}"
        );
    }
    let deep = format!(r#"{{"a":{}}}"#, "[".repeat(100_000));
    let error = arguments_from_json(&tool("f: func(a: list<list<u8>>);"), &deep).expect_err("deep");
    assert_eq!(error.to_string(), "args.a[0]: expected base64 text, found a list");
    let hidden = format!(r#"{{"a":{{"val":{},"tag":"x"}}}}"#, "[".repeat(100_000));
    let body = "variant v { x(u8) } f: func(a: v);";
    assert!(arguments_from_json(&tool(body), &hidden).is_err());
}

#[test]
fn found_texts_are_short_and_visible() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(1000));
    check_refused("f: func(a: u8);", &long, &format!("args.a: expected u8, found \"{}…\"", "x".repeat(40)));
    check_refused("f: func(a: u8);", r#"{"a":"\u202e\n"}"#, r#"args.a: expected u8, found "\u{202e}\n""#);
}

#[test]
fn results_are_objects() {
    let point = Value::Record(vec![Value::U8(1), Value::Option(None)]);
    check_result(
        "record p { x: u8, y: option<u8> } f: func() -> p;",
        Some(point),
        Reply::Ok(Some(json!({"x": 1, "y": null}))),
    );
    check_result(
        "f: func() -> string;",
        Some(Value::String("a\"b".into())),
        Reply::Ok(Some(json!({"result": "a\"b"}))),
    );
    check_result("f: func();", None, Reply::Ok(None));
    check_result("f: func() -> option<u8>;", Some(Value::Option(None)), Reply::Ok(Some(json!({"result": null}))));
    let tuple = Value::Tuple(vec![Value::U64(1), Value::Bytes(vec![0])]);
    check_result(
        "f: func() -> tuple<u64, list<u8>>;",
        Some(tuple),
        Reply::Ok(Some(json!({"result": {"f0": "1", "f1": "AA=="}}))),
    );
}

#[test]
fn a_result_is_taken_apart() {
    let ok = |value: Option<Value>| Some(Value::Result(Ok(value.map(Box::new))));
    let err = |value: Option<Value>| Some(Value::Result(Err(value.map(Box::new))));
    let body = "f: func() -> result<u8, string>;";
    check_result(body, ok(Some(Value::U8(1))), Reply::Ok(Some(json!({"result": 1}))));
    check_result(body, err(Some(Value::String("no".into()))), Reply::Err(json!("no")));
    check_result("f: func() -> result;", ok(None), Reply::Ok(None));
    check_result("f: func() -> result;", err(None), Reply::Err(Json::Null));
    let inner = Value::Result(Err(Some(Box::new(Value::U8(2)))));
    check_result(
        "f: func() -> result<result<u8, u8>>;",
        ok(Some(inner)),
        Reply::Ok(Some(json!({"result": {"err": 2}}))),
    );
}

#[test]
fn values_of_another_type_are_refused() {
    for (body, value) in [
        ("f: func() -> u8;", Some(Value::U16(1))),
        ("f: func() -> u8;", None),
        ("f: func();", Some(Value::U8(1))),
        ("enum e { a } f: func() -> e;", Some(Value::Enum(1))),
        ("record p { x: u8 } f: func() -> p;", Some(Value::Record(vec![]))),
        ("f: func() -> result<u8>;", Some(Value::Result(Ok(None)))),
        ("f: func() -> result<u8>;", Some(Value::U8(1))),
    ] {
        let error = result_to_json(&tool(body), value.clone()).expect_err(body);
        assert_eq!(error.code().as_str(), "tool.result");
        assert!(result_to_text(&tool(body), value).is_err());
    }
}

#[test]
fn every_escape_is_written_as_serde_json_writes_it() {
    let text: String = (0..=0x7f_u8).map(char::from).chain("é\u{2028}😀".chars()).collect::<String>().repeat(3);
    let tool = tool("f: func() -> string;");
    for start in 0..40 {
        let value = Value::String(text[start..].to_owned());
        let Ok(Reply::Ok(Some(written))) = result_to_text(&tool, Some(value)) else { panic!("no text") };
        assert_eq!(written, json!({ "result": &text[start..] }).to_string());
    }
}
