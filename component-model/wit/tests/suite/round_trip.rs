//! Random types and values: schema and codec agree, and conversions lose nothing.

use crate::random::{any_leaf, exact_leaf, typed_values};
use mpp_wit::codec::{
    Reply, arguments_from_json, arguments_to_json, result_to_json, result_to_text, value_from_json, value_to_json,
    value_to_text,
};
use mpp_wit::{Param, Tool, Type, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// A tool that takes a value of `ty` and returns one.
fn tool(ty: &Type) -> Tool {
    Tool {
        name: "f".parse().unwrap(),
        interface: None,
        docs: String::new(),
        params: vec![Param { name: "a".to_owned(), docs: String::new(), ty: ty.clone() }],
        result: Some(ty.clone()),
        content: None,
    }
}

fn accepts(schema: &Json, instance: &Json) -> bool {
    jsonschema::validator_for(schema).expect("the schema is one").is_valid(instance)
}

/// Floats without a number in JSON are described only where we write them.
fn holds_special_float(json: &Json) -> bool {
    match json {
        Json::String(text) => matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity"),
        Json::Array(items) => items.iter().any(holds_special_float),
        Json::Object(object) => object.values().any(holds_special_float),
        _ => false,
    }
}

/// One change somewhere inside: another value, a field less or a field more.
fn mutate(json: &mut Json, path: &[usize], change: &Change) {
    let children: Vec<&mut Json> = match json {
        Json::Array(items) => items.iter_mut().collect(),
        Json::Object(object) => object.values_mut().collect(),
        _ => Vec::new(),
    };
    let count = children.len();
    if let (Some((step, rest)), true) = (path.split_first(), count > 0)
        && let Some(child) = children.into_iter().nth(step % count)
    {
        return mutate(child, rest, change);
    }
    match (change, json) {
        (Change::Remove, Json::Object(object)) => drop(object.pop_last()),
        (Change::Add(name), Json::Object(object)) => drop(object.insert(name.clone(), json!(1))),
        (Change::Replace(other), json) => *json = other.clone(),
        _ => {}
    }
}

/// serde_json's map has no `pop`.
trait PopLast {
    fn pop_last(&mut self) -> Option<Json>;
}

impl PopLast for serde_json::Map<String, Json> {
    fn pop_last(&mut self) -> Option<Json> {
        let last = self.keys().next_back().cloned()?;
        self.remove(&last)
    }
}

#[derive(Debug, Clone)]
enum Change {
    Remove,
    Add(String),
    Replace(Json),
}

fn changes() -> impl Strategy<Value = Change> {
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(5.0),
        json!(0.5),
        json!(1e300),
        json!(70000),
        json!(""),
        json!("x"),
        json!("m0"),
        json!("7"),
        json!([]),
        json!(["m0", "m0"]),
        json!([null]),
        json!({}),
        json!({ "f0": 1 }),
        json!({ "tag": "m0" }),
        json!({ "tag": "m1", "val": null }),
        json!({ "ok": null }),
        json!({ "some": null }),
        json!({ "ok": 1, "err": 1 }),
    ];
    prop_oneof![
        Just(Change::Remove),
        prop_oneof!["m0", "val", "extra", "ok"].prop_map(Change::Add),
        proptest::sample::select(others.to_vec()).prop_map(Change::Replace),
    ]
}

proptest! {
    #[test]
    fn values_survive_json((ty, value) in typed_values(any_leaf())) {
        let text = value_to_text(&ty, &value).unwrap();
        let json = value_to_json(&ty, value).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Json>(&text).unwrap(), &json);
        let again = value_from_json(&ty, &text).unwrap();
        prop_assert_eq!(value_to_text(&ty, &again).unwrap(), text);
        let indented = value_from_json(&ty, &serde_json::to_string_pretty(&json).unwrap()).unwrap();
        prop_assert_eq!(value_to_json(&ty, indented).unwrap(), json);
    }

    #[test]
    fn schemas_accept_what_we_write((ty, value) in typed_values(any_leaf())) {
        let tool = tool(&ty);
        let definition = tool.definition();
        let arguments = arguments_to_json(&tool, vec![value.clone()]).unwrap();
        if !holds_special_float(&arguments) {
            prop_assert!(accepts(&definition.input, &arguments), "{} {}", definition.input, arguments);
        }
        let text = result_to_text(&tool, Some(value.clone())).unwrap();
        match (result_to_json(&tool, Some(value)).unwrap(), definition.output) {
            (Reply::Ok(Some(json)), Some(schema)) => {
                prop_assert!(accepts(&schema, &json), "{schema} {json}");
                let Reply::Ok(Some(text)) = text else { panic!("no text for {json}") };
                prop_assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), json);
            }
            (Reply::Ok(None), None) | (Reply::Err(_), _) => {}
            (reply, schema) => prop_assert!(false, "{reply:?} with {schema:?}"),
        }
    }

    #[test]
    fn codec_and_schema_refuse_the_same(
        (ty, value) in typed_values(exact_leaf()),
        path in proptest::collection::vec(0..5_usize, 0..6),
        change in changes(),
    ) {
        let tool = tool(&ty);
        let mut arguments = arguments_to_json(&tool, vec![value]).unwrap();
        mutate(&mut arguments, &path, &change);
        prop_assume!(!holds_special_float(&arguments));
        let read = arguments_from_json(&tool, &arguments.to_string());
        // A schema that every provider takes cannot say that a text is base64; the codec alone refuses the rest.
        prop_assume!(!matches!(&read, Err(error) if error.to_string().contains("expected base64 text")));
        let schema = tool.definition().input;
        prop_assert_eq!(read.is_ok(), accepts(&schema, &arguments), "{} {} {:?}", schema, arguments, read);
    }

    #[test]
    fn any_text_is_read_or_refused(ty in crate::random::types(any_leaf()), text in ".{0,60}") {
        let _ = value_from_json(&ty, &text);
        let _ = arguments_from_json(&tool(&ty), &format!("{{\"a\":{text}}}"));
    }
}

#[test]
fn the_helpers_of_this_file_change_something() {
    let mut json = json!({ "a": { "b": [1] } });
    mutate(&mut json, &[0, 0, 0], &Change::Replace(json!("x")));
    mutate(&mut json, &[0], &Change::Add("c".to_owned()));
    assert_eq!(json, json!({ "a": { "b": ["x"], "c": 1 } }));
    mutate(&mut json, &[0], &Change::Remove);
    assert_eq!(json, json!({ "a": { "b": ["x"] } }));
    assert_eq!(value_from_json(&Type::U8, "7").unwrap(), Value::U8(7));
}
