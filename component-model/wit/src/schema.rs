//! From types to the JSON Schemas that every model provider takes. Rules `TOOL-5` and `TOOL-7`; the table is in `spec/tool.md`.
//!
//! No `$ref`, `oneOf`, `const`, `prefixItems` or type lists are ever emitted, and no root is anything but an object.

use crate::{Case, Label, Tool, Type};
use serde_json::{Map, Value as Json, json};

/// The one decimal form of an unsigned 64-bit number.
const U64_PATTERN: &str = "^(0|[1-9][0-9]{0,19})$";
/// The one decimal form of a signed 64-bit number.
const S64_PATTERN: &str = "^(0|-?[1-9][0-9]{0,18})$";
/// The largest finite f32, exactly.
pub(crate) const F32_MAX: f64 = f32::MAX as f64;

/// Who writes the JSON: decides how floats are described.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// By a model or a person: plain numbers.
    ByCaller,
    /// By us: NaN and the infinities can stand there as text.
    ByHost,
}

/// JSON Schema of the arguments.
pub(crate) fn input(tool: &Tool) -> Json {
    let members = tool.params.iter().map(|param| Member::new(&param.name, &param.ty, &param.docs));
    closed_object("", members.collect(), Written::ByCaller)
}

/// JSON Schema of the result, or nothing when there is no value.
pub(crate) fn output(tool: &Tool) -> Option<Json> {
    // What agents are shown as itself is described to none as data.
    let ty = value_of_result(tool.result.as_ref()).filter(|_| tool.content.is_none())?;
    Some(match ty {
        Type::Record(_) => of(ty, "", Written::ByHost),
        _ => closed_object("", vec![Member { required: true, ..Member::new("result", ty, "") }], Written::ByHost),
    })
}

/// What a tool gives when it succeeds: `T` of a `result<T, E>`, else the result itself.
pub(crate) fn value_of_result(result: Option<&Type>) -> Option<&Type> {
    match result {
        Some(Type::Result { ok, .. }) => ok.as_deref(),
        other => other,
    }
}

struct Member<'a> {
    name: String,
    ty: Option<&'a Type>,
    docs: &'a str,
    required: bool,
}

impl<'a> Member<'a> {
    /// A member that may be absent when its type is an option.
    fn new(name: &str, ty: &'a Type, docs: &'a str) -> Self {
        Self { name: name.to_owned(), ty: Some(ty), docs, required: !matches!(ty, Type::Option(_)) }
    }

    /// A member whose presence says which case it is.
    fn tagging(name: &str, ty: Option<&'a Type>) -> Self {
        Self { name: name.to_owned(), ty, docs: "", required: true }
    }
}

fn closed_object(docs: &str, members: Vec<Member<'_>>, written: Written) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        let schema = match member.ty {
            Some(ty) => of(ty, member.docs, written),
            None => json!({ "type": "null" }),
        };
        if member.required {
            required.push(Json::String(member.name.clone()));
        }
        properties.insert(member.name, schema);
    }
    object_of(docs, properties, required)
}

fn object_of(docs: &str, properties: Map<String, Json>, required: Vec<Json>) -> Json {
    let mut schema = described("object", docs);
    schema.insert("properties".to_owned(), Json::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Json::Array(required));
    }
    schema.insert("additionalProperties".to_owned(), Json::Bool(false));
    Json::Object(schema)
}

/// The schema of `ty`; `docs` is what the member that holds it says and wins over what the type says.
fn of(ty: &Type, docs: &str, written: Written) -> Json {
    match ty {
        Type::Bool => plain("boolean", docs),
        Type::String => plain("string", docs),
        Type::U8 => integer(docs, 0, u8::MAX.into()),
        Type::U16 => integer(docs, 0, u16::MAX.into()),
        Type::U32 => integer(docs, 0, u32::MAX.into()),
        Type::S8 => integer(docs, i8::MIN.into(), i8::MAX.into()),
        Type::S16 => integer(docs, i16::MIN.into(), i16::MAX.into()),
        Type::S32 => integer(docs, i32::MIN.into(), i32::MAX.into()),
        Type::U64 => extended("string", docs, json!({ "pattern": U64_PATTERN })),
        Type::S64 => extended("string", docs, json!({ "pattern": S64_PATTERN })),
        Type::F32 => float(docs, json!({ "minimum": -F32_MAX, "maximum": F32_MAX }), written),
        Type::F64 => float(docs, json!({}), written),
        Type::Char => extended("string", docs, json!({ "minLength": 1, "maxLength": 1 })),
        Type::Bytes => plain("string", &if docs.is_empty() { "base64".to_owned() } else { format!("{docs} (base64)") }),
        Type::List(element) => extended("array", docs, json!({ "items": of(element, "", written) })),
        Type::Option(inner) => any_of(docs, vec![option_content(inner, written), json!({ "type": "null" })]),
        Type::Result { ok, err } => any_of(
            docs,
            vec![
                closed_object("", vec![Member::tagging("ok", ok.as_deref())], written),
                closed_object("", vec![Member::tagging("err", err.as_deref())], written),
            ],
        ),
        Type::Tuple(types) => {
            let members = types.iter().enumerate().map(|(index, ty)| Member::new(&format!("f{index}"), ty, ""));
            closed_object(docs, members.collect(), written)
        }
        Type::Record(record) => {
            let members = record.fields.iter().map(|field| Member::new(&field.name, &field.ty, &field.docs));
            closed_object(either(docs, &record.docs), members.collect(), written)
        }
        Type::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| case_of(case, written));
            any_of(either(docs, &variant.docs), cases.collect())
        }
        Type::Enum(it) => {
            let docs = with_labels(either(docs, &it.docs), &it.cases);
            extended("string", &docs, json!({ "enum": names(&it.cases) }))
        }
        Type::Flags(it) => {
            let docs = with_labels(either(docs, &it.docs), &it.flags);
            extended("array", &docs, json!({ "items": { "type": "string", "enum": names(&it.flags) } }))
        }
    }
}

/// An option inside an option is wrapped, so that "none" and "some of none" differ.
fn option_content(inner: &Type, written: Written) -> Json {
    match inner {
        Type::Option(_) => closed_object("", vec![Member::tagging("some", Some(inner))], written),
        _ => of(inner, "", written),
    }
}

fn case_of(case: &Case, written: Written) -> Json {
    let mut properties = Map::new();
    properties.insert("tag".to_owned(), json!({ "type": "string", "enum": [case.name] }));
    let mut required = vec![json!("tag")];
    if let Some(ty) = &case.ty {
        properties.insert("val".to_owned(), of(ty, "", written));
        if !matches!(ty, Type::Option(_)) {
            required.push(json!("val"));
        }
    }
    object_of(&case.docs, properties, required)
}

fn float(docs: &str, range: Json, written: Written) -> Json {
    if written == Written::ByCaller {
        return extended("number", docs, range);
    }
    let special = json!({ "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] });
    any_of(docs, vec![extended("number", "", range), special])
}

fn integer(docs: &str, minimum: i64, maximum: i64) -> Json {
    extended("integer", docs, json!({ "minimum": minimum, "maximum": maximum }))
}

fn any_of(docs: &str, schemas: Vec<Json>) -> Json {
    let mut schema = Map::new();
    if !docs.is_empty() {
        schema.insert("description".to_owned(), docs.into());
    }
    schema.insert("anyOf".to_owned(), Json::Array(schemas));
    Json::Object(schema)
}

fn plain(kind: &str, docs: &str) -> Json {
    Json::Object(described(kind, docs))
}

fn extended(kind: &str, docs: &str, more: Json) -> Json {
    let mut schema = described(kind, docs);
    if let Json::Object(more) = more {
        schema.extend(more);
    }
    Json::Object(schema)
}

fn described(kind: &str, docs: &str) -> Map<String, Json> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), kind.into());
    if !docs.is_empty() {
        schema.insert("description".to_owned(), docs.into());
    }
    schema
}

fn either<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}

fn names(labels: &[Label]) -> Vec<&str> {
    labels.iter().map(|label| label.name.as_str()).collect()
}

/// JSON Schema has no place for the doc comment of one value of an enum, so they become a list in the description.
fn with_labels(docs: &str, labels: &[Label]) -> String {
    let documented = labels.iter().filter(|label| !label.docs.is_empty());
    let lines = documented.map(|label| format!("{}: {}", label.name, label.docs));
    let intro = Some(docs.to_owned()).filter(|docs| !docs.is_empty());
    intro.into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}
