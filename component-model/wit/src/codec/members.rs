//! What the JSON objects of parameters, records and tuples have in common: members with a name, a position and a type.

use crate::{Field, Param, Type};
use std::borrow::Cow;

/// Parameters, fields or the items of a tuple.
#[derive(Clone, Copy)]
pub(super) enum Members<'a> {
    Params(&'a [Param]),
    Fields(&'a [Field]),
    Items(&'a [Type]),
}

impl<'a> Members<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Params(params) => params.len(),
            Self::Fields(fields) => fields.len(),
            Self::Items(types) => types.len(),
        }
    }

    pub(super) fn ty(self, position: usize) -> Option<&'a Type> {
        match self {
            Self::Params(params) => params.get(position).map(|param| &param.ty),
            Self::Fields(fields) => fields.get(position).map(|field| &field.ty),
            Self::Items(types) => types.get(position),
        }
    }

    pub(super) fn name(self, position: usize) -> Cow<'a, str> {
        match self {
            Self::Params(params) => params.get(position).map_or("", |param| &param.name).into(),
            Self::Fields(fields) => fields.get(position).map_or("", |field| &field.name).into(),
            Self::Items(_) => format!("f{position}").into(),
        }
    }

    /// The position of a member; `guess` is tried first, because most objects keep the declared order.
    pub(super) fn find(self, name: &str, guess: usize) -> Option<usize> {
        if guess < self.len() && self.is_named(guess, name) {
            return Some(guess);
        }
        (0..self.len()).find(|&position| self.is_named(position, name))
    }

    fn is_named(self, position: usize, name: &str) -> bool {
        match self {
            Self::Params(params) => params[position].name == name,
            Self::Fields(fields) => fields[position].name == name,
            Self::Items(_) => self.name(position) == name,
        }
    }
}
