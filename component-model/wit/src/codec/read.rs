//! From JSON text to values, in one pass and without a tree. Rules `TOOL-11` to `TOOL-14`.

use super::context::{Context, Step, found_text};
use super::number::{Number, from_text};
use super::objects::{read_members, read_single, read_variant};
use super::{CodecError, Members};
use crate::{Label, Type, Value};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value of `ty`.
pub(super) fn value(json: &str, root: &'static str, ty: &Type) -> Result<Value, CodecError> {
    let context = Context::new(root);
    parse(json, &context, Typed { ty, context: &context })
}

/// The members of one object.
pub(super) fn members(json: &str, root: &'static str, members: Members<'_>) -> Result<Vec<Value>, CodecError> {
    let context = Context::new(root);
    parse(json, &context, TypedMembers { members, context: &context })
}

fn parse<'de, S: DeserializeSeed<'de>>(json: &'de str, context: &Context<'_>, seed: S) -> Result<S::Value, CodecError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = seed.deserialize(&mut deserializer).map_err(|error| context.error(&error))?;
    deserializer.end().map_err(|error| context.error(&error))?;
    Ok(value)
}

/// Reads one value of a type.
#[derive(Clone, Copy)]
pub(super) struct Typed<'c, 'a> {
    pub(super) ty: &'a Type,
    pub(super) context: &'c Context<'a>,
}

impl<'c, 'a> Typed<'c, 'a> {
    /// An option that is not null is read as what is inside; one inside another has an object of its own.
    fn through_option<E>(self, read: impl FnOnce(Self) -> Result<Value, E>) -> Result<Value, E> {
        match self.ty {
            Type::Option(inner) if !matches!(**inner, Type::Option(_)) => {
                let value = read(Self { ty: inner, ..self })?;
                Ok(Value::Option(Some(Box::new(value))))
            }
            _ => read(self),
        }
    }

    fn number<E: Error>(self, number: Number) -> Result<Value, E> {
        self.through_option(|typed| number.to_value(typed.ty).ok_or_else(|| typed.mismatch(&number.to_string())))
    }

    fn text(self, text: &str) -> Option<Value> {
        match self.ty {
            Type::String => Some(Value::String(text.to_owned())),
            Type::Bytes => STANDARD.decode(text).ok().map(Value::Bytes),
            Type::Enum(it) => position_of(&it.cases, text).map(|case| Value::Enum(case as u32)),
            Type::Char => {
                let mut chars = text.chars();
                chars.next().filter(|_| chars.next().is_none()).map(Value::Char)
            }
            ty => from_text(ty, text),
        }
    }

    fn object<'de, A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        match self.ty {
            Type::Record(record) => read_members(self.context, Members::Fields(&record.fields), map).map(Value::Record),
            Type::Tuple(types) => read_members(self.context, Members::Items(types), map).map(Value::Tuple),
            Type::Variant(variant) => read_variant(self.context, variant, map),
            Type::Option(inner) => {
                let (_, value) = read_single(self.context, &[("some", Some(inner))], map)?;
                Ok(Value::Option(value.map(Box::new)))
            }
            Type::Result { ok, err } => {
                let sides = [("ok", ok.as_deref()), ("err", err.as_deref())];
                let (side, value) = read_single(self.context, &sides, map)?;
                let value = value.map(Box::new);
                Ok(Value::Result(if side == 0 { Ok(value) } else { Err(value) }))
            }
            _ => Err(self.mismatch("an object")),
        }
    }

    fn list<'de, A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        match self.ty {
            Type::List(element) => {
                let mut values = Vec::new();
                self.context.enter(Step::Index(0));
                while let Some(value) = items.next_element_seed(Self { ty: element, ..self })? {
                    values.push(value);
                    self.context.leave();
                    self.context.enter(Step::Index(values.len()));
                }
                self.context.leave();
                Ok(Value::List(values))
            }
            Type::Flags(it) => {
                let mut set = vec![false; it.flags.len()];
                let mut index = 0;
                self.context.enter(Step::Index(index));
                while let Some(flag) = items.next_element_seed(LabelOf { labels: &it.flags, context: self.context })? {
                    set[flag] = true;
                    index += 1;
                    self.context.leave();
                    self.context.enter(Step::Index(index));
                }
                self.context.leave();
                Ok(Value::Flags(set))
            }
            _ => Err(self.mismatch("a list")),
        }
    }

    pub(super) fn mismatch<E: Error>(self, found: &str) -> E {
        self.context.fail(format!("expected {}, found {found}", expected(self.ty)))
    }
}

impl<'de> DeserializeSeed<'de> for Typed<'_, '_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Typed<'_, '_> {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.ty.kind())
    }
    fn visit_bool<E: Error>(self, found: bool) -> Result<Value, E> {
        self.through_option(|typed| match typed.ty {
            Type::Bool => Ok(Value::Bool(found)),
            _ => Err(typed.mismatch(if found { "true" } else { "false" })),
        })
    }
    fn visit_u64<E: Error>(self, found: u64) -> Result<Value, E> {
        self.number(Number::Unsigned(found))
    }
    fn visit_i64<E: Error>(self, found: i64) -> Result<Value, E> {
        self.number(Number::Signed(found))
    }
    fn visit_f64<E: Error>(self, found: f64) -> Result<Value, E> {
        self.number(Number::Float(found))
    }
    fn visit_str<E: Error>(self, found: &str) -> Result<Value, E> {
        self.through_option(|typed| typed.text(found).ok_or_else(|| typed.mismatch(&found_text(found))))
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        match self.ty {
            Type::Option(_) => Ok(Value::Option(None)),
            _ => Err(self.mismatch("null")),
        }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Value, A::Error> {
        self.through_option(|typed| typed.list(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        self.through_option(|typed| typed.object(map))
    }
}

/// Reads the object of all parameters.
struct TypedMembers<'c, 'a> {
    members: Members<'a>,
    context: &'c Context<'a>,
}

impl<'de> DeserializeSeed<'de> for TypedMembers<'_, '_> {
    type Value = Vec<Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl TypedMembers<'_, '_> {
    fn mismatch<E: Error>(self, found: &str) -> E {
        self.context.fail(format!("expected an object, found {found}"))
    }
}

impl<'de> Visitor<'de> for TypedMembers<'_, '_> {
    type Value = Vec<Value>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<Value>, A::Error> {
        read_members(self.context, self.members, map)
    }
    fn visit_bool<E: Error>(self, found: bool) -> Result<Vec<Value>, E> {
        Err(self.mismatch(if found { "true" } else { "false" }))
    }
    fn visit_u64<E: Error>(self, found: u64) -> Result<Vec<Value>, E> {
        Err(self.mismatch(&found.to_string()))
    }
    fn visit_i64<E: Error>(self, found: i64) -> Result<Vec<Value>, E> {
        Err(self.mismatch(&found.to_string()))
    }
    fn visit_f64<E: Error>(self, found: f64) -> Result<Vec<Value>, E> {
        Err(self.mismatch(&Number::Float(found).to_string()))
    }
    fn visit_str<E: Error>(self, found: &str) -> Result<Vec<Value>, E> {
        Err(self.mismatch(&found_text(found)))
    }
    fn visit_unit<E: Error>(self) -> Result<Vec<Value>, E> {
        Err(self.mismatch("null"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Vec<Value>, A::Error> {
        Err(self.mismatch("a list"))
    }
}

/// Reads the name of one flag; gives its position.
struct LabelOf<'c, 'a> {
    labels: &'a [Label],
    context: &'c Context<'a>,
}

impl<'de> DeserializeSeed<'de> for LabelOf<'_, '_> {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for LabelOf<'_, '_> {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a flag")
    }
    fn visit_str<E: Error>(self, found: &str) -> Result<usize, E> {
        position_of(self.labels, found)
            .ok_or_else(|| self.context.fail(format!("expected {}, found {}", one_of(self.labels), found_text(found))))
    }
}

fn position_of(labels: &[Label], name: &str) -> Option<usize> {
    labels.iter().position(|label| label.name == name)
}

fn one_of(labels: &[Label]) -> String {
    one_of_names(labels.iter().map(|label| label.name.as_str()))
}

/// `one of "a", "b"`.
pub(super) fn one_of_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    if names.is_empty() { "no field".to_owned() } else { format!("one of {}", names.join(", ")) }
}

fn expected(ty: &Type) -> String {
    match ty {
        Type::U64 | Type::S64 => format!("{} as a decimal string", ty.kind()),
        Type::Char => "a string of one character".to_owned(),
        Type::Bytes => "base64 text".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Option(_) => "null or an object with the field \"some\"".to_owned(),
        Type::Result { .. } => "an object with the field \"ok\" or \"err\"".to_owned(),
        Type::Tuple(_) | Type::Record(_) => "an object".to_owned(),
        Type::Variant(_) => "an object with the field \"tag\"".to_owned(),
        Type::Enum(it) => one_of(&it.cases),
        Type::Flags(it) => format!("a list with any of {}", one_of(&it.flags)),
        _ => ty.kind().to_owned(),
    }
}
