//! The program that the grafted module carries out before a call: allocate blocks, fill them, put pointers in place.
//!
//! All numbers are little-endian `u32`. Header of 16 bytes: number of blocks, number of patches, where the blocks are described,
//! zero. Then the core arguments in slots of 8 bytes, then (alignment, size) of each block, then the patches (block or
//! [`IN_SLOTS`], offset, 0 for a block or 1 for a blob, its number), then the bytes of all blocks one after the other.

use super::BridgeError;

/// Bytes of the header, and where the slots begin.
pub(super) const HEADER_BYTES: u32 = 16;
/// Bytes of one slot.
pub(super) const SLOT_BYTES: u32 = 8;
/// Bytes that describe one block.
pub(super) const BLOCK_BYTES: u32 = 8;
/// Bytes of one patch.
pub(super) const PATCH_BYTES: u32 = 16;
/// In place of a block's number: the pointer goes into the program itself.
pub(super) const IN_SLOTS: u32 = u32::MAX;

/// A program in the making.
#[derive(Default)]
pub(super) struct Program {
    pub(super) slots: Vec<u64>,
    pub(super) patches: Vec<Patch>,
    blocks: Vec<Block>,
}

struct Block {
    align: u32,
    bytes: Vec<u8>,
}

/// A pointer that only the guest can know.
pub(super) struct Patch {
    pub(super) place: Where,
    pub(super) target: Target,
}

/// Where a pointer goes.
pub(super) enum Where {
    Slot(u32),
    /// A block, and the distance from its start.
    Block(u32, u32),
}

/// What a pointer points to.
pub(super) enum Target {
    Block(u32),
    Blob(u32),
    /// Nothing, because the sequence is empty: any aligned number other than zero will do.
    Dangling(u32),
}

impl Program {
    /// A new block; gives its number.
    pub(super) fn add_block(&mut self, align: u32, bytes: Vec<u8>) -> u32 {
        self.blocks.push(Block { align, bytes });
        self.blocks.len() as u32 - 1
    }

    /// Overwrites part of a block.
    pub(super) fn write(&mut self, block: u32, at: u32, bytes: &[u8]) {
        let at = at as usize;
        self.blocks[block as usize].bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The finished program.
    pub(super) fn into_bytes(self) -> Result<Vec<u8>, BridgeError> {
        let tables_at = HEADER_BYTES as usize + self.slots.len() * SLOT_BYTES as usize;
        let tables = self.blocks.len() * BLOCK_BYTES as usize + self.patches.len() * PATCH_BYTES as usize;
        let total = tables_at + tables + self.blocks.iter().map(|block| block.bytes.len()).sum::<usize>();
        u32::try_from(total).map_err(|_| BridgeError::TooLarge)?;
        let mut bytes = Vec::with_capacity(total);
        let mut word = |number: u32| bytes.extend_from_slice(&number.to_le_bytes());
        for number in [self.blocks.len() as u32, self.patches.len() as u32, tables_at as u32, 0] {
            word(number);
        }
        for slot in &self.slots {
            word(*slot as u32);
            word((*slot >> 32) as u32);
        }
        for block in &self.blocks {
            word(block.align);
            word(block.bytes.len() as u32);
        }
        for patch in &self.patches {
            patch.words().into_iter().for_each(&mut word);
        }
        self.blocks.iter().for_each(|block| bytes.extend_from_slice(&block.bytes));
        Ok(bytes)
    }
}

impl Patch {
    fn words(&self) -> [u32; 4] {
        let (block, offset) = match self.place {
            Where::Slot(slot) => (IN_SLOTS, HEADER_BYTES + slot * SLOT_BYTES),
            Where::Block(block, offset) => (block, offset),
        };
        let (kind, number) = match self.target {
            Target::Block(number) => (0, number),
            Target::Blob(number) => (1, number),
            Target::Dangling(_) => (0, 0),
        };
        [block, offset, kind, number]
    }
}
