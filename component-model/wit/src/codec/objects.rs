//! The three kinds of JSON objects: members by name, one field that says which side it is, and `tag` with `val`.

use super::context::{Context, Step, found_text};
use super::read::{Typed, one_of_names};
use super::{Members, members};
use crate::{Case, Type, Value, Variant};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Members in any order, each once, none unknown; a member may be absent when its type is an option.
pub(super) fn read_members<'de, 'a, A: MapAccess<'de>>(
    context: &Context<'a>,
    members: Members<'a>,
    mut map: A,
) -> Result<Vec<Value>, A::Error> {
    let mut slots: Vec<Option<Value>> = std::iter::repeat_with(|| None).take(members.len()).collect();
    let mut guess = 0;
    while let Some(position) = map.next_key_seed(MemberName { members, guess, context })? {
        let twice = || context.fail(format!("the field \"{}\" is given twice", members.name(position)));
        let ty = members.ty(position).filter(|_| slots[position].is_none()).ok_or_else(twice)?;
        context.enter(members.step(position));
        slots[position] = Some(map.next_value_seed(Typed { ty, context })?);
        context.leave();
        guess = position + 1;
    }
    let complete = slots.into_iter().enumerate().map(|(position, slot)| match (slot, members.ty(position)) {
        (Some(value), _) => Ok(value),
        (None, Some(Type::Option(_))) => context.absent(),
        _ => Err(context.fail(format!("the field \"{}\" is missing", members.name(position)))),
    });
    complete.collect()
}

/// An object with exactly one field, whose name says which of `sides` it is.
pub(super) fn read_single<'de, 'a, A: MapAccess<'de>>(
    context: &Context<'a>,
    sides: &[(&'static str, Option<&'a Type>)],
    mut map: A,
) -> Result<(usize, Option<Value>), A::Error> {
    let names: Vec<&'static str> = sides.iter().map(|(name, _)| *name).collect();
    let wanted = || one_of_names(names.iter().copied());
    let missing = || context.fail(format!("expected an object with {}, found an empty one", wanted()));
    let side = map.next_key_seed(KeyOf { names: &names, context })?.ok_or_else(missing)?;
    let (name, ty) = sides[side];
    context.enter(Step::Name(name));
    let value = map.next_value_seed(Payload { ty, context })?;
    context.leave();
    match map.next_key_seed(KeyOf { names: &names, context })? {
        None => Ok((side, value)),
        Some(_) => Err(context.fail(format!("expected an object with {}, found two fields", wanted()))),
    }
}

/// `tag` and, where the case carries something, `val`; in any order, because JSON has none.
pub(super) fn read_variant<'de, 'a, A: MapAccess<'de>>(
    context: &Context<'a>,
    variant: &'a Variant,
    mut map: A,
) -> Result<Value, A::Error> {
    let mut case = None;
    let mut waiting: Option<&'de RawValue> = None;
    let mut payload: Option<Option<Value>> = None;
    while let Some(key) = map.next_key_seed(KeyOf { names: &["tag", "val"], context })? {
        let twice = |name: &str| context.fail(format!("the field \"{name}\" is given twice"));
        match (key, case) {
            (0, None) => {
                context.enter(Step::Name("tag"));
                case = Some(map.next_value_seed(CaseOf { variant, context })?);
                context.leave();
            }
            (0, Some(_)) => return Err(twice("tag")),
            _ if waiting.is_some() || payload.is_some() => return Err(twice("val")),
            (_, None) => waiting = Some(map.next_value()?),
            (_, Some(position)) => {
                let ty = carried(context, &variant.cases[position])?;
                context.enter(Step::Name("val"));
                payload = Some(Some(map.next_value_seed(Typed { ty, context })?));
                context.leave();
            }
        }
    }
    let position = case.ok_or_else(|| context.fail("the field \"tag\" is missing".to_owned()))?;
    let chosen = &variant.cases[position];
    if let Some(raw) = waiting {
        let ty = carried(context, chosen)?;
        context.enter(Step::Name("val"));
        payload = Some(Some(reread(raw, Typed { ty, context })?));
        context.leave();
    }
    let payload = match (payload, &chosen.ty) {
        (Some(payload), _) => payload,
        (None, None) => None,
        (None, Some(Type::Option(_))) => Some(Value::Option(None)),
        (None, Some(_)) => return Err(context.fail(format!("the field \"val\" of \"{}\" is missing", chosen.name))),
    };
    Ok(Value::Variant { case: position as u32, payload: payload.map(Box::new) })
}

fn carried<'a, E: Error>(context: &Context<'a>, case: &'a Case) -> Result<&'a Type, E> {
    let nothing = || context.fail(format!("unknown field \"val\": \"{}\" carries nothing", case.name));
    case.ty.as_ref().ok_or_else(nothing)
}

/// Reads a payload that stood before its tag. The text was checked once, so only our own reasons can stop this.
fn reread<E: Error>(raw: &RawValue, typed: Typed<'_, '_>) -> Result<Value, E> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    typed.deserialize(&mut deserializer).map_err(E::custom)
}

/// Reads a payload, or null where there is none.
struct Payload<'c, 'a> {
    ty: Option<&'a Type>,
    context: &'c Context<'a>,
}

impl<'de> DeserializeSeed<'de> for Payload<'_, '_> {
    type Value = Option<Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        match self.ty {
            Some(ty) => Typed { ty, context: self.context }.deserialize(deserializer).map(Some),
            None => {
                let null = <Option<serde::de::IgnoredAny> as serde::Deserialize>::deserialize(deserializer)?;
                match null {
                    None => Ok(None),
                    Some(_) => Err(self.context.fail("expected null, because this side carries nothing".to_owned())),
                }
            }
        }
    }
}

macro_rules! text_seed {
    ($name:ident, $text:ident, $self:ident, $read:expr) => {
        impl<'de> DeserializeSeed<'de> for $name<'_, '_> {
            type Value = usize;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
                deserializer.deserialize_str(self)
            }
        }
        impl Visitor<'_> for $name<'_, '_> {
            type Value = usize;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>($self, $text: &str) -> Result<usize, E> {
                $read
            }
        }
    };
}

/// Reads the name of a member; gives its position.
struct MemberName<'c, 'a> {
    members: Members<'a>,
    guess: usize,
    context: &'c Context<'a>,
}

text_seed!(MemberName, found, self, {
    self.members.find(found, self.guess).ok_or_else(|| {
        let names: Vec<_> = (0..self.members.len()).map(|position| self.members.name(position)).collect();
        let expected = one_of_names(names.iter().map(|name| &**name));
        self.context.fail(format!("unknown field {}, expected {expected}", found_text(found)))
    })
});

/// Reads one of a few fixed names; gives its position.
struct KeyOf<'c, 'a> {
    names: &'c [&'static str],
    context: &'c Context<'a>,
}

text_seed!(KeyOf, found, self, {
    self.names.iter().position(|name| *name == found).ok_or_else(|| {
        let expected = one_of_names(self.names.iter().copied());
        self.context.fail(format!("unknown field {}, expected {expected}", found_text(found)))
    })
});

/// Reads the name of a case; gives its position.
struct CaseOf<'c, 'a> {
    variant: &'a Variant,
    context: &'c Context<'a>,
}

text_seed!(CaseOf, found, self, {
    self.variant.cases.iter().position(|case| case.name == found).ok_or_else(|| {
        let expected = one_of_names(self.variant.cases.iter().map(|case| case.name.as_str()));
        self.context.fail(format!("expected {expected}, found {}", found_text(found)))
    })
});

impl<'a> members::Members<'a> {
    fn step(self, position: usize) -> Step<'a> {
        match self {
            Self::Params(params) => Step::Name(&params[position].name),
            Self::Fields(fields) => Step::Name(&fields[position].name),
            Self::Items(_) => Step::Item(position),
        }
    }
}
