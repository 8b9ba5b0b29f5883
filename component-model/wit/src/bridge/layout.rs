//! Where the parts of a value lie in 32-bit linear memory, and what they become on the stack: the canonical ABI of the
//! component model (`Explainer.md`, `CanonicalABI.md`), as far as tools can use it.

use crate::Type;

/// A type with its place in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Bytes that a value takes.
    pub(super) size: u32,
    /// What its address is a multiple of.
    pub(super) align: u32,
    /// How many core values it becomes on the stack.
    pub(super) flat_len: usize,
    pub(super) kind: Kind,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
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
    Bytes,
    List(Box<Node>),
    Record(Vec<Member>),
    Tuple(Vec<Member>),
    Option(Cases),
    Result(Cases),
    Variant(Cases),
    Enum(Cases),
    Flags(usize),
}

/// A part at its distance from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) offset: u32,
    pub(super) node: Node,
}

/// A tag and what may follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cases {
    /// Bytes of the tag.
    pub(super) tag_size: u32,
    /// Where the payload begins.
    pub(super) payload_at: u32,
    pub(super) cases: Vec<Option<Node>>,
}

/// A type of core WebAssembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Core {
    I32,
    I64,
    F32,
    F64,
}

impl Node {
    pub(super) fn new(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::scalar(1, Kind::Bool),
            Type::U8 => Self::scalar(1, Kind::U8),
            Type::S8 => Self::scalar(1, Kind::S8),
            Type::U16 => Self::scalar(2, Kind::U16),
            Type::S16 => Self::scalar(2, Kind::S16),
            Type::U32 => Self::scalar(4, Kind::U32),
            Type::S32 => Self::scalar(4, Kind::S32),
            Type::F32 => Self::scalar(4, Kind::F32),
            Type::Char => Self::scalar(4, Kind::Char),
            Type::U64 => Self::scalar(8, Kind::U64),
            Type::S64 => Self::scalar(8, Kind::S64),
            Type::F64 => Self::scalar(8, Kind::F64),
            Type::String => Self::pointer_and_length(Kind::String),
            Type::Bytes => Self::pointer_and_length(Kind::Bytes),
            Type::List(element) => Self::pointer_and_length(Kind::List(Box::new(Self::new(element)))),
            Type::Tuple(types) => Self::members(types.iter(), Kind::Tuple),
            Type::Record(record) => Self::members(record.fields.iter().map(|field| &field.ty), Kind::Record),
            Type::Option(inner) => Self::cases([None, Some(&**inner)].into_iter(), Kind::Option),
            Type::Result { ok, err } => Self::cases([ok.as_deref(), err.as_deref()].into_iter(), Kind::Result),
            Type::Variant(it) => Self::cases(it.cases.iter().map(|case| case.ty.as_ref()), Kind::Variant),
            Type::Enum(it) => Self::cases(it.cases.iter().map(|_| None), Kind::Enum),
            Type::Flags(it) => Self::scalar(flags_size(it.flags.len()), Kind::Flags(it.flags.len())),
        }
    }

    /// A sequence of parts, each at the next address that is aligned for it.
    pub(super) fn members<'a>(types: impl Iterator<Item = &'a Type>, kind: impl Fn(Vec<Member>) -> Kind) -> Self {
        let (mut end, mut align, mut flat_len) = (0_u32, 1, 0);
        let mut members = Vec::new();
        for ty in types {
            let node = Self::new(ty);
            let offset = end.next_multiple_of(node.align);
            end = offset + node.size;
            align = align.max(node.align);
            flat_len += node.flat_len;
            members.push(Member { offset, node });
        }
        Self { size: end.next_multiple_of(align), align, flat_len, kind: kind(members) }
    }

    fn cases<'a>(types: impl Iterator<Item = Option<&'a Type>>, kind: impl Fn(Cases) -> Kind) -> Self {
        let cases: Vec<Option<Node>> = types.map(|ty| ty.map(Self::new)).collect();
        let tag_size: u32 = match cases.len() {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        let most = |of: fn(&Node) -> u32| cases.iter().flatten().map(of).max().unwrap_or(0);
        let payload_align = most(|node| node.align).max(1);
        let payload_at = tag_size.next_multiple_of(payload_align);
        let align = tag_size.max(payload_align);
        let size = (payload_at + most(|node| node.size)).next_multiple_of(align);
        let flat_len = 1 + cases.iter().flatten().map(|node| node.flat_len).max().unwrap_or(0);
        Self { size, align, flat_len, kind: kind(Cases { tag_size, payload_at, cases }) }
    }

    fn scalar(size: u32, kind: Kind) -> Self {
        Self { size, align: size, flat_len: 1, kind }
    }

    fn pointer_and_length(kind: Kind) -> Self {
        Self { size: 8, align: 4, flat_len: 2, kind }
    }

    /// The core values that it becomes on the stack.
    pub(super) fn flatten(&self) -> Vec<Core> {
        match &self.kind {
            Kind::U64 | Kind::S64 => vec![Core::I64],
            Kind::F32 => vec![Core::F32],
            Kind::F64 => vec![Core::F64],
            Kind::String | Kind::Bytes | Kind::List(_) => vec![Core::I32, Core::I32],
            Kind::Record(members) | Kind::Tuple(members) => {
                members.iter().flat_map(|member| member.node.flatten()).collect()
            }
            Kind::Option(it) | Kind::Result(it) | Kind::Variant(it) | Kind::Enum(it) => it.flatten(),
            _ => vec![Core::I32],
        }
    }
}

impl Cases {
    fn flatten(&self) -> Vec<Core> {
        let mut flat = vec![Core::I32];
        for node in self.cases.iter().flatten() {
            for (position, core) in node.flatten().into_iter().enumerate() {
                match flat.get_mut(position + 1) {
                    Some(there) => *there = join(*there, core),
                    None => flat.push(core),
                }
            }
        }
        flat
    }
}

/// The type that can hold either.
fn join(a: Core, b: Core) -> Core {
    match (a, b) {
        _ if a == b => a,
        (Core::I32, Core::F32) | (Core::F32, Core::I32) => Core::I32,
        _ => Core::I64,
    }
}

fn flags_size(count: usize) -> u32 {
    match count {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}
