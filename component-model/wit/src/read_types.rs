//! From the types of `wit-parser` to our own tree: aliases followed, shared types inlined, what a tool cannot have refused.
//! Rules `TOOL-3` and `TOOL-4`.

use crate::{Case, Enum, Field, Flags, Label, Param, Record, Type, Variant, WitError};
use mpp_schema::Ident;
use std::collections::BTreeSet;
use wit_parser::{Docs, Function, Resolve, Type as WitType, TypeDef, TypeDefKind};

/// WIT has no recursion, but sharing can unfold into a tree of any size: this many nodes are one tool's share.
const NODES_MAX: usize = 4096;
/// Deeper than this is refused; deeper than what model providers take is only a warning.
const DEPTH_MAX: usize = 40;
/// What the component model allows.
const FLAGS_MAX: usize = 32;

/// Reads the types of one function.
pub(crate) struct TypeReader<'a> {
    resolve: &'a Resolve,
    tool: &'a str,
    nodes: usize,
}

impl<'a> TypeReader<'a> {
    pub(crate) fn new(resolve: &'a Resolve, tool: &'a str) -> Self {
        Self { resolve, tool, nodes: 0 }
    }

    /// Parameters and result of `function`.
    pub(crate) fn signature(&mut self, function: &Function) -> Result<(Vec<Param>, Option<Type>), WitError> {
        let mut params = Vec::with_capacity(function.params.len());
        for param in &function.params {
            self.check_name(&param.name)?;
            let ty = self.read(&param.ty, &param.name, 0)?;
            params.push(Param { name: param.name.clone(), docs: self.alias_docs(&param.ty), ty });
        }
        let result = function.result.map(|ty| self.read(&ty, "result", 0)).transpose()?;
        Ok((params, result))
    }

    fn read(&mut self, ty: &WitType, place: &str, depth: usize) -> Result<Type, WitError> {
        self.check_size("the depth of its types", depth, DEPTH_MAX)?;
        Ok(match self.behind_aliases(ty)? {
            WitType::Bool => Type::Bool,
            WitType::U8 => Type::U8,
            WitType::U16 => Type::U16,
            WitType::U32 => Type::U32,
            WitType::U64 => Type::U64,
            WitType::S8 => Type::S8,
            WitType::S16 => Type::S16,
            WitType::S32 => Type::S32,
            WitType::S64 => Type::S64,
            WitType::F32 => Type::F32,
            WitType::F64 => Type::F64,
            WitType::Char => Type::Char,
            WitType::String => Type::String,
            WitType::ErrorContext => return Err(self.unsupported(place, "an error context")),
            WitType::Id(id) => self.read_definition(&self.resolve.types[id], place, depth)?,
        })
    }

    /// The type that `ty` names in the end. A chain of aliases may be as long as the WIT, so it is walked and not climbed.
    fn behind_aliases(&mut self, ty: &WitType) -> Result<WitType, WitError> {
        let mut ty = *ty;
        loop {
            self.count_node()?;
            match ty {
                WitType::Id(id) => match &self.resolve.types[id].kind {
                    TypeDefKind::Type(aliased) => ty = *aliased,
                    _ => return Ok(ty),
                },
                _ => return Ok(ty),
            }
        }
    }

    fn count_node(&mut self) -> Result<(), WitError> {
        self.nodes += 1;
        self.check_size("the number of types, unfolded,", self.nodes, NODES_MAX)
    }

    fn read_definition(&mut self, definition: &TypeDef, place: &str, depth: usize) -> Result<Type, WitError> {
        let docs = text_of(&definition.docs);
        let inside = depth + 1;
        Ok(match &definition.kind {
            TypeDefKind::List(element) => match self.read(element, place, inside)? {
                Type::U8 => Type::Bytes,
                element => Type::List(Box::new(element)),
            },
            TypeDefKind::Option(inner) => Type::Option(Box::new(self.read(inner, place, inside)?)),
            TypeDefKind::Result(result) => Type::Result {
                ok: self.read_optional(&result.ok, place, inside)?.map(Box::new),
                err: self.read_optional(&result.err, place, inside)?.map(Box::new),
            },
            TypeDefKind::Tuple(tuple) if tuple.types.is_empty() => {
                return Err(self.unsupported(place, "an empty tuple"));
            }
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.iter().map(|ty| self.read(ty, place, inside));
                Type::Tuple(types.collect::<Result<_, _>>()?)
            }
            TypeDefKind::Record(record) if record.fields.is_empty() => {
                return Err(self.unsupported(place, "a record without fields"));
            }
            TypeDefKind::Record(record) => {
                self.check_unique(record.fields.iter().map(|field| &field.name))?;
                let fields = record.fields.iter().map(|field| self.read_field(field, inside));
                Type::Record(Record { docs, fields: fields.collect::<Result<_, _>>()? })
            }
            TypeDefKind::Variant(variant) => {
                self.check_unique(variant.cases.iter().map(|case| &case.name))?;
                let cases = variant.cases.iter().map(|case| self.read_case(case, inside));
                Type::Variant(Variant { docs, cases: cases.collect::<Result<_, _>>()? })
            }
            TypeDefKind::Enum(it) => {
                self.check_unique(it.cases.iter().map(|case| &case.name))?;
                let cases = self.labels(it.cases.iter().map(|case| (&case.name, &case.docs)))?;
                Type::Enum(Enum { docs, cases })
            }
            TypeDefKind::Flags(it) if it.flags.len() > FLAGS_MAX => {
                return Err(self.unsupported(place, "a set of more than 32 flags"));
            }
            TypeDefKind::Flags(it) if it.flags.is_empty() => {
                return Err(self.unsupported(place, "an empty set of flags"));
            }
            TypeDefKind::Flags(it) => {
                self.check_unique(it.flags.iter().map(|flag| &flag.name))?;
                let flags = self.labels(it.flags.iter().map(|flag| (&flag.name, &flag.docs)))?;
                Type::Flags(Flags { docs, flags })
            }
            TypeDefKind::Resource | TypeDefKind::Handle(_) => return Err(self.unsupported(place, "a resource")),
            TypeDefKind::Map(..) => return Err(self.unsupported(place, "a map")),
            TypeDefKind::FixedLengthList(..) => return Err(self.unsupported(place, "a fixed-length list")),
            TypeDefKind::Future(_) => return Err(self.unsupported(place, "a future")),
            TypeDefKind::Stream(_) => return Err(self.unsupported(place, "a stream")),
            // Aliases were followed before.
            TypeDefKind::Type(_) | TypeDefKind::Unknown => return Err(self.unsupported(place, "an unresolved type")),
        })
    }

    fn read_optional(&mut self, ty: &Option<WitType>, place: &str, depth: usize) -> Result<Option<Type>, WitError> {
        ty.as_ref().map(|ty| self.read(ty, place, depth)).transpose()
    }

    fn read_field(&mut self, field: &wit_parser::Field, depth: usize) -> Result<Field, WitError> {
        self.check_name(&field.name)?;
        let ty = self.read(&field.ty, &field.name, depth)?;
        let own = text_of(&field.docs);
        let docs = if own.is_empty() { self.alias_docs(&field.ty) } else { own };
        Ok(Field { name: field.name.clone(), docs, ty })
    }

    fn read_case(&mut self, case: &wit_parser::Case, depth: usize) -> Result<Case, WitError> {
        self.check_name(&case.name)?;
        let ty = self.read_optional(&case.ty, &case.name, depth)?;
        Ok(Case { name: case.name.clone(), docs: text_of(&case.docs), ty })
    }

    fn labels<'b>(&mut self, labels: impl Iterator<Item = (&'b String, &'b Docs)>) -> Result<Vec<Label>, WitError> {
        labels
            .map(|(name, docs)| {
                self.count_node()?;
                self.check_name(name)?;
                Ok(Label { name: name.clone(), docs: text_of(docs) })
            })
            .collect()
    }

    /// The doc comment of the type alias that a member names, when the type itself has no node to carry it.
    fn alias_docs(&self, ty: &WitType) -> String {
        let mut ty = *ty;
        while let WitType::Id(id) = ty {
            let definition = &self.resolve.types[id];
            match (&definition.kind, text_of(&definition.docs)) {
                (TypeDefKind::Type(aliased), docs) if docs.is_empty() => ty = *aliased,
                (
                    TypeDefKind::Record(_) | TypeDefKind::Variant(_) | TypeDefKind::Enum(_) | TypeDefKind::Flags(_),
                    _,
                ) => {
                    return String::new();
                }
                (_, docs) => return docs,
            }
        }
        String::new()
    }

    /// The parser takes a name twice; a schema and a component cannot.
    fn check_unique<'b>(&self, mut names: impl Iterator<Item = &'b String>) -> Result<(), WitError> {
        let mut seen = BTreeSet::new();
        match names.find(|name| !seen.insert(*name)) {
            Some(name) => Err(WitError::DuplicateName { tool: self.tool.to_owned(), name: name.clone() }),
            None => Ok(()),
        }
    }

    fn check_name(&self, name: &str) -> Result<(), WitError> {
        match name.parse::<Ident>() {
            Ok(_) => Ok(()),
            Err(_) => Err(WitError::Name { tool: self.tool.to_owned(), name: name.to_owned() }),
        }
    }

    fn check_size(&self, what: &'static str, found: usize, limit: usize) -> Result<(), WitError> {
        if found <= limit {
            return Ok(());
        }
        Err(WitError::TooComplex { tool: self.tool.to_owned(), what, limit })
    }

    fn unsupported(&self, place: &str, what: &'static str) -> WitError {
        WitError::Unsupported { tool: self.tool.to_owned(), place: place.to_owned(), what }
    }
}

/// A doc comment as text, without the white space around it; line ends are those of Unix.
pub(crate) fn text_of(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().replace("\r\n", "\n").trim().to_owned()
}
