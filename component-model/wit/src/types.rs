//! The types that a tool can take and return, as a tree of our own with everything resolved and inlined.
//!
//! Resources, maps, fixed-length lists, futures, streams and error contexts have no place here, so no later code meets them.

/// A type of a parameter, result, field or case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the primitive types say their own names")]
pub enum Type {
    Bool,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    /// Any other list.
    List(Box<Type>),
    Option(Box<Type>),
    /// `result<ok, err>`, either of which may carry nothing.
    Result {
        ok: Option<Box<Type>>,
        err: Option<Box<Type>>,
    },
    Tuple(Vec<Type>),
    Record(Record),
    Variant(Variant),
    Enum(Enum),
    Flags(Flags),
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Doc comment of the type.
    pub docs: String,
    /// In declared order, which is also the order in memory.
    pub fields: Vec<Field>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Doc comment.
    pub docs: String,
    /// Type.
    pub ty: Type,
}

/// A variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Doc comment of the type.
    pub docs: String,
    /// In declared order.
    pub cases: Vec<Case>,
}

/// A case of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Name.
    pub name: String,
    /// Doc comment.
    pub docs: String,
    /// What the case carries.
    pub ty: Option<Type>,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Doc comment of the type.
    pub docs: String,
    /// In declared order.
    pub cases: Vec<Label>,
}

/// A set of flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// Doc comment of the type.
    pub docs: String,
    /// In declared order, lowest bit first.
    pub flags: Vec<Label>,
}

/// A case of an enum, or one flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Name.
    pub name: String,
    /// Doc comment.
    pub docs: String,
}

impl Type {
    /// The types directly inside this one.
    pub fn children(&self) -> Vec<&Type> {
        match self {
            Self::List(inner) | Self::Option(inner) => vec![inner],
            Self::Result { ok, err } => [ok, err].into_iter().flatten().map(|ty| &**ty).collect(),
            Self::Tuple(types) => types.iter().collect(),
            Self::Record(record) => record.fields.iter().map(|field| &field.ty).collect(),
            Self::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty.as_ref()).collect(),
            _ => Vec::new(),
        }
    }

    /// How deep the tree is; a primitive type is 1.
    pub fn depth(&self) -> usize {
        1 + self.children().into_iter().map(Type::depth).max().unwrap_or(0)
    }

    /// Whether both are the same type once doc comments are forgotten.
    pub fn same_shape(&self, other: &Type) -> bool {
        let mut own = self.clone();
        let mut others = other.clone();
        own.strip_docs();
        others.strip_docs();
        own == others
    }

    fn strip_docs(&mut self) {
        match self {
            Self::List(inner) | Self::Option(inner) => inner.strip_docs(),
            Self::Result { ok, err } => [ok, err].into_iter().flatten().for_each(|ty| ty.strip_docs()),
            Self::Tuple(types) => types.iter_mut().for_each(Type::strip_docs),
            Self::Record(record) => {
                record.docs.clear();
                for field in &mut record.fields {
                    field.docs.clear();
                    field.ty.strip_docs();
                }
            }
            Self::Variant(variant) => {
                variant.docs.clear();
                for case in &mut variant.cases {
                    case.docs.clear();
                    case.ty.iter_mut().for_each(Type::strip_docs);
                }
            }
            Self::Enum(Enum { docs, cases: labels }) | Self::Flags(Flags { docs, flags: labels }) => {
                docs.clear();
                labels.iter_mut().for_each(|label| label.docs.clear());
            }
            _ => {}
        }
    }

    /// What people call it, for messages: `u32`, `list<u8>`, `record`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::S8 => "s8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            Self::Bytes => "list<u8>",
            Self::List(_) => "list",
            Self::Option(_) => "option",
            Self::Result { .. } => "result",
            Self::Tuple(_) => "tuple",
            Self::Record(_) => "record",
            Self::Variant(_) => "variant",
            Self::Enum(_) => "enum",
            Self::Flags(_) => "flags",
        }
    }
}
