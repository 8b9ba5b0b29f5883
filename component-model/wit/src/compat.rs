//! Whether the tools of a later version can stand in for those of an earlier one (TOOL-19 to TOOL-21).
//!
//! Only what WIT says: names and types. Doc comments may change, tools may be added. Which versions must agree is decided elsewhere.

use crate::{Case, Field, Label, Param, Tool, ToolSet, Type};
use std::fmt;

/// Something that callers of the earlier version rely on, and the later one does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incompatibility {
    /// The tool.
    pub tool: String,
    /// Where in its signature: `text`, `note.tags[]`, `result`; empty for the tool itself.
    pub place: String,
    /// What is different.
    pub what: Broken,
}

/// What is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// It is not there any more.
    Removed,
    /// It was not there.
    Added,
    /// It is of another type.
    Type {
        /// The type that it was of.
        was: String,
        /// The type that it is of.
        now: String,
    },
    /// It has the same parts in another order.
    Order,
    /// The tool is exported by another interface.
    Interface {
        /// What exported it.
        was: String,
        /// What exports it.
        now: String,
    },
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tool `{}`", self.tool)?;
        if !self.place.is_empty() {
            write!(f, ", `{}`", self.place)?;
        }
        match &self.what {
            Broken::Removed => f.write_str(": it is gone"),
            Broken::Added => f.write_str(": it is new, and callers do not give or expect it"),
            Broken::Type { was, now } => write!(f, ": it was `{was}`, and is `{now}`"),
            Broken::Order => f.write_str(": its parts are in another order"),
            Broken::Interface { was, now } => write!(f, ": it was exported by {was}, and is by {now}"),
        }
    }
}

/// Everything that keeps `newer` from standing in for `older`, in the order of the older WIT.
pub fn incompatibilities(older: &ToolSet, newer: &ToolSet) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    for tool in &older.tools {
        let mut notes = Notes { tool: tool.name.as_str(), found: &mut found };
        match newer.tool(tool.name.as_str()) {
            None => notes.add("", Broken::Removed),
            Some(other) => tools(tool, other, &mut notes),
        }
    }
    found
}

struct Notes<'a> {
    tool: &'a str,
    found: &'a mut Vec<Incompatibility>,
}

impl Notes<'_> {
    fn add(&mut self, place: &str, what: Broken) {
        self.found.push(Incompatibility { tool: self.tool.to_owned(), place: place.to_owned(), what });
    }
}

fn tools(older: &Tool, newer: &Tool, notes: &mut Notes<'_>) {
    if plain(&older.interface) != plain(&newer.interface) {
        notes.add("", Broken::Interface { was: older.exporter(), now: newer.exporter() });
    }
    parts("", &older.params, &newer.params, notes);
    match (&older.result, &newer.result) {
        (None, None) => {}
        (Some(_), None) => notes.add("result", Broken::Removed),
        (None, Some(_)) => notes.add("result", Broken::Added),
        (Some(older), Some(newer)) => types("result", older, newer, notes),
    }
}

/// The name of an interface without its version, which follows that of the package.
fn plain(interface: &Option<String>) -> Option<&str> {
    interface.as_deref().map(|name| name.split('@').next().unwrap_or(name))
}

/// A part of a type that has a name.
trait Named {
    fn name(&self) -> &str;
    /// Its type; nothing for a label, and for a case that carries nothing.
    fn ty(&self) -> Option<&Type>;
}

impl Named for Param {
    fn name(&self) -> &str {
        &self.name
    }
    fn ty(&self) -> Option<&Type> {
        Some(&self.ty)
    }
}

impl Named for Field {
    fn name(&self) -> &str {
        &self.name
    }
    fn ty(&self) -> Option<&Type> {
        Some(&self.ty)
    }
}

impl Named for Case {
    fn name(&self) -> &str {
        &self.name
    }
    fn ty(&self) -> Option<&Type> {
        self.ty.as_ref()
    }
}

impl Named for Label {
    fn name(&self) -> &str {
        &self.name
    }
    fn ty(&self) -> Option<&Type> {
        None
    }
}

/// Named parts: each must be there, and no other, in the same order and of the same type.
fn parts<T: Named>(place: &str, older: &[T], newer: &[T], notes: &mut Notes<'_>) {
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    let before = notes.found.len();
    for part in older {
        let at = inside(part.name());
        match newer.iter().find(|other| other.name() == part.name()) {
            None => notes.add(&at, Broken::Removed),
            Some(other) => optional(&at, part.ty(), other.ty(), notes),
        }
    }
    for part in newer.iter().filter(|part| !older.iter().any(|other| other.name() == part.name())) {
        notes.add(&inside(part.name()), Broken::Added);
    }
    let moved = older.iter().zip(newer).any(|(a, b)| a.name() != b.name());
    if moved && notes.found.len() == before {
        notes.add(place, Broken::Order);
    }
}

fn optional(place: &str, older: Option<&Type>, newer: Option<&Type>, notes: &mut Notes<'_>) {
    match (older, newer) {
        (None, None) => {}
        (Some(older), Some(newer)) => types(place, older, newer, notes),
        (older, newer) => {
            let name = |ty: Option<&Type>| ty.map_or("nothing".to_owned(), written);
            notes.add(place, Broken::Type { was: name(older), now: name(newer) });
        }
    }
}

fn types(place: &str, older: &Type, newer: &Type, notes: &mut Notes<'_>) {
    match (older, newer) {
        (Type::List(a), Type::List(b)) => types(&format!("{place}[]"), a, b, notes),
        (Type::Option(a), Type::Option(b)) => types(place, a, b, notes),
        (Type::Result { ok: a, err: b }, Type::Result { ok: c, err: d }) => {
            optional(&format!("{place}.ok"), a.as_deref(), c.as_deref(), notes);
            optional(&format!("{place}.err"), b.as_deref(), d.as_deref(), notes);
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                types(&format!("{place}.{i}"), a, b, notes);
            }
        }
        (Type::Record(a), Type::Record(b)) => parts(place, &a.fields, &b.fields, notes),
        (Type::Variant(a), Type::Variant(b)) => parts(place, &a.cases, &b.cases, notes),
        (Type::Enum(a), Type::Enum(b)) => parts(place, &a.cases, &b.cases, notes),
        (Type::Flags(a), Type::Flags(b)) => parts(place, &a.flags, &b.flags, notes),
        (a, b) if written(a) == written(b) => {}
        (a, b) => notes.add(place, Broken::Type { was: written(a), now: written(b) }),
    }
}

/// A type as WIT writes it, with only the word for what has named parts.
fn written(ty: &Type) -> String {
    let side = |ty: &Option<Box<Type>>| ty.as_deref().map_or("_".to_owned(), written);
    match ty {
        Type::List(inner) => format!("list<{}>", written(inner)),
        Type::Option(inner) => format!("option<{}>", written(inner)),
        Type::Result { ok, err } => format!("result<{}, {}>", side(ok), side(err)),
        Type::Tuple(types) => format!("tuple<{}>", types.iter().map(written).collect::<Vec<_>>().join(", ")),
        other => other.kind().to_owned(),
    }
}
