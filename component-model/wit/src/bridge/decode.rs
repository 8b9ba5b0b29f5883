//! From the guest's memory to a value. Rule `TOOL-18`.
//!
//! Every byte of that memory is the guest's to choose, so every pointer, length, tag, character and text is checked, and
//! sequences that overlap do not multiply: together they may be no longer than the limit.

use super::layout::{Cases, Kind, Member, Node};
use crate::Value;
use mpp_schema::{Code, Coded, codes};

/// What a guest left in its memory is no value of the promised type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// An address outside the memory.
    #[error("reading the result: {bytes} bytes at address {at} are outside the memory")]
    OutOfBounds {
        /// The address.
        at: u32,
        /// How many bytes.
        bytes: u64,
    },
    /// An address that is not a multiple of what the type needs.
    #[error("reading the result: address {at} is not a multiple of {align}")]
    Unaligned {
        /// The address.
        at: u32,
        /// The alignment.
        align: u32,
    },
    /// A tag that no case has.
    #[error("reading the result: tag {tag} in a type of {cases} cases")]
    Tag {
        /// The tag.
        tag: u32,
        /// How many cases there are.
        cases: usize,
    },
    /// A number that is no character.
    #[error("reading the result: {0:#x} is not a Unicode character")]
    Char(u32),
    /// Bytes that are no text.
    #[error("reading the result: a string is not UTF-8")]
    Utf8,
    /// More data than allowed.
    #[error("reading the result: it is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl Coded for DecodeError {
    fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => codes::LIMIT_RESULT,
            _ => codes::TOOL_TRAP,
        }
    }
}

/// The value of `node` at address `at`; strings and lists together have at most `limit` bytes.
pub(super) fn value(node: &Node, memory: &[u8], at: u32, limit: usize) -> Result<Value, DecodeError> {
    check_aligned(at, node.align)?;
    Reader { memory, limit, left: limit }.load(node, at)
}

struct Reader<'m> {
    memory: &'m [u8],
    limit: usize,
    left: usize,
}

impl<'m> Reader<'m> {
    fn load(&mut self, node: &Node, at: u32) -> Result<Value, DecodeError> {
        Ok(match &node.kind {
            Kind::Bool => Value::Bool(self.number(at, 1)? != 0),
            Kind::U8 => Value::U8(self.number(at, 1)? as u8),
            Kind::S8 => Value::S8(self.number(at, 1)? as i8),
            Kind::U16 => Value::U16(self.number(at, 2)? as u16),
            Kind::S16 => Value::S16(self.number(at, 2)? as i16),
            Kind::U32 => Value::U32(self.number(at, 4)? as u32),
            Kind::S32 => Value::S32(self.number(at, 4)? as i32),
            Kind::U64 => Value::U64(self.number(at, 8)?),
            Kind::S64 => Value::S64(self.number(at, 8)? as i64),
            Kind::F32 => Value::F32(f32::from_bits(self.number(at, 4)? as u32)),
            Kind::F64 => Value::F64(f64::from_bits(self.number(at, 8)?)),
            Kind::Char => {
                let number = self.number(at, 4)? as u32;
                Value::Char(char::from_u32(number).ok_or(DecodeError::Char(number))?)
            }
            Kind::String => {
                let bytes = self.sequence(at, 1, 1)?.1.to_vec();
                Value::String(String::from_utf8(bytes).map_err(|_| DecodeError::Utf8)?)
            }
            Kind::Bytes => Value::Bytes(self.sequence(at, 1, 1)?.1.to_vec()),
            Kind::List(element) => Value::List(self.elements(element, at)?),
            Kind::Record(members) => Value::Record(self.members(members, at)?),
            Kind::Tuple(members) => Value::Tuple(self.members(members, at)?),
            Kind::Option(cases) => Value::Option(self.case(cases, at)?.1),
            Kind::Result(cases) => match self.case(cases, at)? {
                (0, payload) => Value::Result(Ok(payload)),
                (_, payload) => Value::Result(Err(payload)),
            },
            Kind::Variant(cases) => {
                let (case, payload) = self.case(cases, at)?;
                Value::Variant { case, payload }
            }
            Kind::Enum(cases) => Value::Enum(self.case(cases, at)?.0),
            Kind::Flags(count) => {
                let bits = self.number(at, node.size)?;
                Value::Flags((0..*count).map(|flag| bits >> flag & 1 == 1).collect())
            }
        })
    }

    fn members(&mut self, members: &[Member], at: u32) -> Result<Vec<Value>, DecodeError> {
        members.iter().map(|member| self.load(&member.node, offset(at, member.offset)?)).collect()
    }

    fn case(&mut self, cases: &Cases, at: u32) -> Result<(u32, Option<Box<Value>>), DecodeError> {
        let tag = self.number(at, cases.tag_size)? as u32;
        let unknown = DecodeError::Tag { tag, cases: cases.cases.len() };
        let payload = match cases.cases.get(tag as usize).ok_or(unknown)? {
            Some(node) => Some(Box::new(self.load(node, offset(at, cases.payload_at)?)?)),
            None => None,
        };
        Ok((tag, payload))
    }

    fn elements(&mut self, element: &Node, at: u32) -> Result<Vec<Value>, DecodeError> {
        let (start, bytes) = self.sequence(at, element.size, element.align)?;
        let count = bytes.len() as u32 / element.size.max(1);
        (0..count).map(|index| self.load(element, start + index * element.size)).collect()
    }

    /// The bytes that a pointer and a length at `at` name, and the pointer.
    fn sequence(&mut self, at: u32, element_size: u32, align: u32) -> Result<(u32, &'m [u8]), DecodeError> {
        let start = self.number(at, 4)? as u32;
        let count = self.number(offset(at, 4)?, 4)?;
        let bytes = count * u64::from(element_size);
        check_aligned(start, align)?;
        let spent = usize::try_from(bytes.max(count)).unwrap_or(usize::MAX);
        self.left = self.left.checked_sub(spent).ok_or(DecodeError::TooLarge { limit: self.limit })?;
        Ok((start, self.slice(start, bytes)?))
    }

    fn number(&self, at: u32, bytes: u32) -> Result<u64, DecodeError> {
        let mut number = [0; 8];
        number[..bytes as usize].copy_from_slice(self.slice(at, bytes.into())?);
        Ok(u64::from_le_bytes(number))
    }

    fn slice(&self, at: u32, bytes: u64) -> Result<&'m [u8], DecodeError> {
        let end = usize::try_from(u64::from(at) + bytes).ok();
        let slice = end.and_then(|end| self.memory.get(at as usize..end));
        slice.ok_or(DecodeError::OutOfBounds { at, bytes })
    }
}

fn offset(at: u32, by: u32) -> Result<u32, DecodeError> {
    at.checked_add(by).ok_or(DecodeError::OutOfBounds { at, bytes: by.into() })
}

fn check_aligned(at: u32, align: u32) -> Result<(), DecodeError> {
    if at.is_multiple_of(align) { Ok(()) } else { Err(DecodeError::Unaligned { at, align }) }
}
