//! From values to the *image* of a call: a small program for the grafted module, and the long pieces beside it. Rule `TOOL-17`.
//!
//! The image knows no addresses. It lists the blocks that the guest's own allocator shall give, their bytes, and where pointers
//! to them go.

use super::BridgeError;
use super::layout::{Cases, Kind, Member, Node};
use super::program::{Patch, Program, Target, Where};
use crate::Value;

/// Shorter pieces travel inside the program.
const INLINE_BYTES_MAX: usize = 4096;
/// More core values than this go through memory.
pub(super) const FLAT_PARAMS_MAX: usize = 16;

/// What the bridged function of a tool takes. Borrows the long strings and byte lists of the arguments.
#[derive(Debug)]
pub struct CallImage<'v> {
    /// The first parameter, `list<u8>`.
    pub program: Vec<u8>,
    /// The second parameter, `list<list<u8>>`.
    pub blobs: Vec<&'v [u8]>,
}

/// The image of `arguments`, which `params` describes.
pub(super) fn image<'v>(params: &Node, arguments: &'v [Value]) -> Result<CallImage<'v>, BridgeError> {
    let Kind::Tuple(members) = &params.kind else { return Err(BridgeError::Shape) };
    let mut writer = Writer { program: Program::default(), blobs: Vec::new() };
    if params.flat_len <= FLAT_PARAMS_MAX {
        writer.lower_members(members, arguments)?;
    } else {
        let block = writer.program.add_block(params.align, vec![0; params.size as usize]);
        writer.store_members(members, arguments, block, 0)?;
        writer.push_pointer(Target::Block(block));
    }
    Ok(CallImage { program: writer.program.into_bytes()?, blobs: writer.blobs })
}

struct Writer<'v> {
    program: Program,
    blobs: Vec<&'v [u8]>,
}

impl<'v> Writer<'v> {
    /// A value as core values, one slot each.
    fn lower(&mut self, node: &Node, value: &'v Value) -> Result<(), BridgeError> {
        match (&node.kind, value) {
            (Kind::Record(members), Value::Record(items)) | (Kind::Tuple(members), Value::Tuple(items)) => {
                return self.lower_members(members, items);
            }
            (Kind::Option(_) | Kind::Result(_) | Kind::Variant(_) | Kind::Enum(_), _) => {
                return self.lower_case(node, value);
            }
            _ => {}
        }
        if let Some((target, count)) = self.sequence(node, value)? {
            self.push_pointer(target);
            self.program.slots.push(count.into());
        } else {
            self.program.slots.push(slot_of(&node.kind, value).ok_or(BridgeError::Shape)?);
        }
        Ok(())
    }

    fn lower_members(&mut self, members: &[Member], items: &'v [Value]) -> Result<(), BridgeError> {
        same_length(members, items)?;
        members.iter().zip(items).try_for_each(|(member, item)| self.lower(&member.node, item))
    }

    /// The tag, the payload, and zeros up to the length of the longest case.
    fn lower_case(&mut self, node: &Node, value: &'v Value) -> Result<(), BridgeError> {
        let end = self.program.slots.len() + node.flat_len;
        let (_, tag, payload) = case_of(node, value)?;
        self.program.slots.push(tag.into());
        if let Some((node, value)) = payload {
            self.lower(node, value)?;
        }
        self.program.slots.resize(end, 0);
        Ok(())
    }

    fn push_pointer(&mut self, target: Target) {
        let slot = self.program.slots.len();
        let fixed = self.point(Where::Slot(slot as u32), target);
        self.program.slots.push(fixed.into());
    }

    /// A value in memory.
    fn store(&mut self, node: &Node, value: &'v Value, block: u32, at: u32) -> Result<(), BridgeError> {
        match (&node.kind, value) {
            (Kind::Record(members), Value::Record(items)) | (Kind::Tuple(members), Value::Tuple(items)) => {
                return self.store_members(members, items, block, at);
            }
            (Kind::Option(_) | Kind::Result(_) | Kind::Variant(_) | Kind::Enum(_), _) => {
                let (cases, tag, payload) = case_of(node, value)?;
                self.program.write(block, at, &tag.to_le_bytes()[..cases.tag_size as usize]);
                return match payload {
                    Some((node, value)) => self.store(node, value, block, at + cases.payload_at),
                    None => Ok(()),
                };
            }
            _ => {}
        }
        if let Some((target, count)) = self.sequence(node, value)? {
            let fixed = self.point(Where::Block(block, at), target);
            self.program.write(block, at, &fixed.to_le_bytes());
            self.program.write(block, at + 4, &count.to_le_bytes());
        } else {
            let slot = slot_of(&node.kind, value).ok_or(BridgeError::Shape)?;
            self.program.write(block, at, &slot.to_le_bytes()[..node.size as usize]);
        }
        Ok(())
    }

    fn store_members(
        &mut self,
        members: &[Member],
        items: &'v [Value],
        block: u32,
        at: u32,
    ) -> Result<(), BridgeError> {
        same_length(members, items)?;
        let mut pairs = members.iter().zip(items);
        pairs.try_for_each(|(member, item)| self.store(&member.node, item, block, at + member.offset))
    }

    /// Where the elements of a string or list will be, and how many there are; nothing for other types.
    fn sequence(&mut self, node: &Node, value: &'v Value) -> Result<Option<(Target, u32)>, BridgeError> {
        Ok(Some(match (&node.kind, value) {
            (Kind::String, Value::String(text)) => self.bytes(text.as_bytes())?,
            (Kind::Bytes, Value::Bytes(bytes)) => self.bytes(bytes)?,
            (Kind::List(element), Value::List(items)) => self.elements(element, items)?,
            _ => return Ok(None),
        }))
    }

    fn bytes(&mut self, bytes: &'v [u8]) -> Result<(Target, u32), BridgeError> {
        let count = u32::try_from(bytes.len()).map_err(|_| BridgeError::TooLarge)?;
        let target = match bytes.len() {
            0 => Target::Dangling(1),
            1..=INLINE_BYTES_MAX => Target::Block(self.program.add_block(1, bytes.to_vec())),
            _ => {
                self.blobs.push(bytes);
                Target::Blob(self.blobs.len() as u32 - 1)
            }
        };
        Ok((target, count))
    }

    fn elements(&mut self, element: &Node, items: &'v [Value]) -> Result<(Target, u32), BridgeError> {
        if items.is_empty() {
            return Ok((Target::Dangling(element.align), 0));
        }
        let count = u32::try_from(items.len()).map_err(|_| BridgeError::TooLarge)?;
        let size = count.checked_mul(element.size).ok_or(BridgeError::TooLarge)?;
        let block = self.program.add_block(element.align, vec![0; size as usize]);
        for (index, item) in items.iter().enumerate() {
            self.store(element, item, block, index as u32 * element.size)?;
        }
        Ok((Target::Block(block), count))
    }

    /// What to write now in place of a pointer; the rest is done by a patch in the guest.
    fn point(&mut self, place: Where, target: Target) -> u32 {
        if let Target::Dangling(align) = target {
            return align;
        }
        self.program.patches.push(Patch { place, target });
        0
    }
}

fn same_length(members: &[Member], items: &[Value]) -> Result<(), BridgeError> {
    if members.len() == items.len() { Ok(()) } else { Err(BridgeError::Shape) }
}

type Chosen<'n, 'v> = (&'n Cases, u32, Option<(&'n Node, &'v Value)>);

/// The tag of a value and its payload, if it has one.
fn case_of<'n, 'v>(node: &'n Node, value: &'v Value) -> Result<Chosen<'n, 'v>, BridgeError> {
    let (cases, tag, payload) = match (&node.kind, value) {
        (Kind::Option(cases), Value::Option(payload)) => (cases, u32::from(payload.is_some()), payload.as_deref()),
        (Kind::Result(cases), Value::Result(Ok(payload))) => (cases, 0, payload.as_deref()),
        (Kind::Result(cases), Value::Result(Err(payload))) => (cases, 1, payload.as_deref()),
        (Kind::Variant(cases), Value::Variant { case, payload }) => (cases, *case, payload.as_deref()),
        (Kind::Enum(cases), Value::Enum(case)) => (cases, *case, None),
        _ => return Err(BridgeError::Shape),
    };
    match (cases.cases.get(tag as usize), payload) {
        (Some(Some(node)), Some(value)) => Ok((cases, tag, Some((node, value)))),
        (Some(None), None) => Ok((cases, tag, None)),
        _ => Err(BridgeError::Shape),
    }
}

/// The bits of a scalar, in the low bytes. Floats keep theirs, so a slot can be read as whatever type its cases share; a
/// negative number fills the 32 bits of its core value.
fn slot_of(kind: &Kind, value: &Value) -> Option<u64> {
    Some(match (kind, value) {
        (Kind::Bool, Value::Bool(it)) => u64::from(*it),
        (Kind::U8, Value::U8(it)) => u64::from(*it),
        (Kind::U16, Value::U16(it)) => u64::from(*it),
        (Kind::U32, Value::U32(it)) => u64::from(*it),
        (Kind::U64, Value::U64(it)) => *it,
        (Kind::S8, Value::S8(it)) => u64::from(i32::from(*it) as u32),
        (Kind::S16, Value::S16(it)) => u64::from(i32::from(*it) as u32),
        (Kind::S32, Value::S32(it)) => u64::from(*it as u32),
        (Kind::S64, Value::S64(it)) => *it as u64,
        (Kind::F32, Value::F32(it)) => u64::from(it.to_bits()),
        (Kind::F64, Value::F64(it)) => it.to_bits(),
        (Kind::Char, Value::Char(it)) => u64::from(u32::from(*it)),
        (Kind::Flags(count), Value::Flags(set)) if set.len() == *count => {
            set.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag))
        }
        _ => return None,
    })
}
