//! Random types, random values of them, and WIT text that declares them.

use mpp_wit::{Case, Enum, Field, Flags, Label, Record, Type, Value, Variant};
use proptest::prelude::*;

/// Types of every kind that `leaf` and the composites give, a few levels deep.
pub(crate) fn types(leaf: BoxedStrategy<Type>) -> impl Strategy<Value = Type> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        let some = proptest::option::of(inner.clone().prop_map(Box::new));
        let few = proptest::collection::vec(inner.clone(), 1..4);
        let cases = proptest::collection::vec(proptest::option::of(inner.clone()), 1..4);
        prop_oneof![
            inner.clone().prop_map(list_of),
            inner.prop_map(|ty| Type::Option(Box::new(ty))),
            (some.clone(), some).prop_map(|(ok, err)| Type::Result { ok, err }),
            few.clone().prop_map(Type::Tuple),
            few.prop_map(record_of),
            cases.prop_map(variant_of),
        ]
    })
}

pub(crate) fn any_leaf() -> BoxedStrategy<Type> {
    prop_oneof![exact_leaf(), Just(Type::U64), Just(Type::S64), Just(Type::Bytes)].boxed()
}

/// The leaves whose JSON Schema says everything about them.
pub(crate) fn exact_leaf() -> BoxedStrategy<Type> {
    use Type::{Bool, Char, F32, F64, S8, S16, S32, String, U8, U16, U32};
    let plain = [Bool, U8, U16, U32, S8, S16, S32, F32, F64, Char, String].map(Just);
    let plain = proptest::sample::select(plain.map(|Just(ty)| ty).to_vec());
    let labelled = prop_oneof![
        (1..40_usize).prop_map(|count| Type::Enum(Enum { docs: std::string::String::new(), cases: labels(count) })),
        (1..33_usize).prop_map(|count| Type::Flags(Flags { docs: std::string::String::new(), flags: labels(count) })),
    ];
    prop_oneof![4 => plain, 1 => labelled].boxed()
}

fn list_of(element: Type) -> Type {
    if element == Type::U8 { Type::Bytes } else { Type::List(Box::new(element)) }
}

fn labels(count: usize) -> Vec<Label> {
    (0..count).map(|at| Label { name: format!("m{at}"), docs: std::string::String::new() }).collect()
}

fn record_of(types: Vec<Type>) -> Type {
    let field = |(at, ty)| Field { name: format!("m{at}"), docs: String::new(), ty };
    Type::Record(Record { docs: String::new(), fields: types.into_iter().enumerate().map(field).collect() })
}

fn variant_of(types: Vec<Option<Type>>) -> Type {
    let case = |(at, ty)| Case { name: format!("m{at}"), docs: String::new(), ty };
    Type::Variant(Variant { docs: String::new(), cases: types.into_iter().enumerate().map(case).collect() })
}

/// A type together with a value of it.
pub(crate) fn typed_values(leaf: BoxedStrategy<Type>) -> impl Strategy<Value = (Type, Value)> {
    types(leaf).prop_flat_map(|ty| {
        let value = values(&ty);
        (Just(ty), value)
    })
}

pub(crate) fn values(ty: &Type) -> BoxedStrategy<Value> {
    let maybe = |ty: &Option<Box<Type>>| match ty {
        Some(ty) => values(ty).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    };
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::U8).boxed(),
        Type::U16 => any::<u16>().prop_map(Value::U16).boxed(),
        Type::U32 => any::<u32>().prop_map(Value::U32).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::U64).boxed(),
        Type::S8 => any::<i8>().prop_map(Value::S8).boxed(),
        Type::S16 => any::<i16>().prop_map(Value::S16).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::S32).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::S64).boxed(),
        Type::F32 => any::<u32>().prop_map(|bits| Value::F32(f32::from_bits(bits))).boxed(),
        Type::F64 => any::<u64>().prop_map(|bits| Value::F64(f64::from_bits(bits))).boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Bytes => bytes().prop_map(Value::Bytes).boxed(),
        Type::List(element) => proptest::collection::vec(values(element), 0..4).prop_map(Value::List).boxed(),
        Type::Option(inner) => proptest::option::of(values(inner).prop_map(Box::new)).prop_map(Value::Option).boxed(),
        Type::Result { ok, err } => prop_oneof![
            maybe(ok).prop_map(|value| Value::Result(Ok(value))),
            maybe(err).prop_map(|value| Value::Result(Err(value))),
        ]
        .boxed(),
        Type::Tuple(types) => all(types.iter()).prop_map(Value::Tuple).boxed(),
        Type::Record(record) => all(record.fields.iter().map(|field| &field.ty)).prop_map(Value::Record).boxed(),
        Type::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| maybe(&case.ty.clone().map(Box::new))).enumerate();
            let cases = cases.map(|(at, payload)| {
                payload.prop_map(move |payload| Value::Variant { case: at as u32, payload }).boxed()
            });
            proptest::strategy::Union::new(cases).boxed()
        }
        Type::Enum(it) => (0..it.cases.len() as u32).prop_map(Value::Enum).boxed(),
        Type::Flags(it) => proptest::collection::vec(any::<bool>(), it.flags.len()).prop_map(Value::Flags).boxed(),
    }
}

/// Mostly short ones, sometimes one that is too long to travel inside a program.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => (4000..9000_usize, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ]
}

fn all<'a>(types: impl Iterator<Item = &'a Type>) -> BoxedStrategy<Vec<Value>> {
    types.map(values).collect::<Vec<_>>().boxed()
}

/// Declares what needs a name, in the order of use; gives the name or the type expression.
pub(crate) fn declare(ty: &Type, declarations: &mut Vec<String>) -> String {
    let mut sides = |ty: &Option<Box<Type>>| ty.as_ref().map(|ty| declare(ty, declarations));
    match ty {
        Type::List(element) => format!("list<{}>", declare(element, declarations)),
        Type::Option(inner) => format!("option<{}>", declare(inner, declarations)),
        Type::Result { ok, err } => match (sides(ok), sides(err)) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{ok}>"),
            (ok, Some(err)) => format!("result<{}, {err}>", ok.unwrap_or("_".to_owned())),
        },
        Type::Tuple(types) => {
            let types: Vec<_> = types.iter().map(|ty| declare(ty, declarations)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        Type::Record(record) => {
            let member = |field: &Field| format!("{}: {},", field.name, declare(&field.ty, declarations));
            let body: String = record.fields.iter().map(member).collect();
            named("record", &body, declarations)
        }
        Type::Variant(variant) => {
            let member = |case: &Case| match &case.ty {
                Some(ty) => format!("{}({}),", case.name, declare(ty, declarations)),
                None => format!("{},", case.name),
            };
            let body: String = variant.cases.iter().map(member).collect();
            named("variant", &body, declarations)
        }
        Type::Enum(it) => named("enum", &names(&it.cases), declarations),
        Type::Flags(it) => named("flags", &names(&it.flags), declarations),
        primitive => primitive.kind().to_owned(),
    }
}

fn names(labels: &[Label]) -> String {
    labels.iter().map(|label| format!("{},", label.name)).collect()
}

fn named(keyword: &str, body: &str, declarations: &mut Vec<String>) -> String {
    let name = format!("t{}", declarations.len());
    declarations.push(format!("{keyword} {name} {{ {body} }}"));
    name
}
