//! The core module that is grafted into a component: it carries out the program of a call, calls the tool's own core function,
//! and tells where in memory the result lies. Rule `TOOL-17`.
//!
//! It works in the tool's memory with the tool's allocator and holds no data of its own, so nothing is copied twice.

use super::layout::{Core, Node};
use super::program::{BLOCK_BYTES, HEADER_BYTES, IN_SLOTS, PATCH_BYTES, SLOT_BYTES};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, MemArg, MemoryType, Module, TypeSection, ValType,
};

/// The module that everything is imported from.
pub(super) const HOST: &str = "tool";
/// The imported memory.
pub(super) const MEMORY: &str = "memory";
/// The imported or exported allocator.
pub(super) const REALLOC: &str = "realloc";

const PAGE_SHIFT: i32 = 16;
/// What a call returns points to this many bytes: where the result is, the memory as a list, room for a scalar result.
const REPLY_BYTES: i32 = 24;
const SCALAR_AT: u64 = 16;

/// What the module must know about one tool.
pub(super) struct Signature {
    /// Core parameters.
    pub(super) params: Vec<Core>,
    /// What comes back.
    pub(super) outcome: Outcome,
}

/// How a core function returns its result.
pub(super) enum Outcome {
    Nothing,
    /// One core value, of so many bytes in memory.
    Scalar(Core, u32),
    /// The address of the result.
    Address,
}

impl Outcome {
    pub(super) fn of(result: Option<&Node>) -> Self {
        match result.map(|node| (node.flatten(), node.size)) {
            None => Self::Nothing,
            Some((flat, size)) => match flat[..] {
                [] => Self::Nothing,
                [core] => Self::Scalar(core, size),
                _ => Self::Address,
            },
        }
    }
}

/// The name of the core function of tool number `index`, imported as well as exported.
pub(super) fn function_name(index: usize) -> String {
    format!("call{index}")
}

/// The module for these tools. It brings an allocator of its own only when the component has none.
pub(super) fn module(signatures: &[Signature], own_realloc: bool) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let i32s = |count: usize| vec![ValType::I32; count];

    types.ty().function(i32s(4), i32s(1));
    types.ty().function(i32s(2), []);
    imports.import(HOST, MEMORY, any_memory());
    for (index, signature) in signatures.iter().enumerate() {
        types.ty().function(signature.params.iter().map(|core| core.val_type()), signature.outcome.results());
        imports.import(HOST, &function_name(index), EntityType::Function(FIRST_TOOL_TYPE + index as u32));
    }
    let count = signatures.len() as u32;
    let realloc = count;
    if own_realloc {
        functions.function(REALLOC_TYPE);
        exports.export(REALLOC, ExportKind::Func, realloc);
        code.function(&allocate_pages());
    } else {
        imports.import(HOST, REALLOC, EntityType::Function(REALLOC_TYPE));
    }
    let prepare = realloc + 1;
    functions.function(PREPARE_TYPE);
    code.function(&prepare_call(realloc));
    for (index, signature) in signatures.iter().enumerate() {
        functions.function(REALLOC_TYPE); // four numbers in, one out
        exports.export(&function_name(index), ExportKind::Func, prepare + 1 + index as u32);
        code.function(&call(signature, index as u32, realloc, prepare));
    }

    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions);
    if own_realloc {
        module.section(&two_counters());
    }
    module.section(&exports).section(&code);
    module.finish()
}

const REALLOC_TYPE: u32 = 0;
const PREPARE_TYPE: u32 = 1;
const FIRST_TOOL_TYPE: u32 = 2;

fn any_memory() -> EntityType {
    EntityType::Memory(MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None })
}

/// Carries out the program at local 0; local 1 is where the list of blobs begins.
fn prepare_call(realloc: u32) -> Function {
    const PROGRAM: u32 = 0;
    const BLOBS: u32 = 1;
    const BLOCKS: u32 = 2;
    const AT: u32 = 3;
    const BYTES: u32 = 4;
    const LEFT: u32 = 5;
    const ADDRESS: u32 = 6;
    let mut function = Function::new([(5, ValType::I32)]);
    let mut code = function.instructions();
    // BLOCKS = AT = program + tables_at
    code.local_get(PROGRAM).local_get(PROGRAM).i32_load(word(8)).i32_add().local_tee(BLOCKS).local_set(AT);
    // BYTES = AT + blocks * BLOCK_BYTES + patches * PATCH_BYTES
    code.local_get(AT);
    code.local_get(PROGRAM).i32_load(word(0)).local_tee(LEFT).i32_const(BLOCK_BYTES as i32).i32_mul().i32_add();
    code.local_get(PROGRAM).i32_load(word(4)).i32_const(PATCH_BYTES as i32).i32_mul().i32_add().local_set(BYTES);
    repeat(&mut code, LEFT, |code| {
        // address = realloc(0, 0, align, size); copy the bytes there; note the address over the alignment
        code.i32_const(0).i32_const(0).local_get(AT).i32_load(word(0)).local_get(AT).i32_load(word(4));
        code.call(realloc).local_tee(ADDRESS).local_get(BYTES).local_get(AT).i32_load(word(4)).memory_copy(0, 0);
        code.local_get(BYTES).local_get(AT).i32_load(word(4)).i32_add().local_set(BYTES);
        code.local_get(AT).local_get(ADDRESS).i32_store(word(0));
        advance(code, AT, BLOCK_BYTES);
    });
    code.local_get(PROGRAM).i32_load(word(4)).local_set(LEFT);
    repeat(&mut code, LEFT, |code| {
        // base = block is IN_SLOTS ? program : address of the block
        code.local_get(PROGRAM);
        address_of(code, BLOCKS, AT, 0);
        code.local_get(AT).i32_load(word(0)).i32_const(IN_SLOTS as i32).i32_eq().select();
        code.local_get(AT).i32_load(word(4)).i32_add();
        // target = kind ? address of the blob : address of the block
        code.local_get(AT).i32_load(word(8)).if_(BlockType::Result(ValType::I32));
        address_of(code, BLOBS, AT, 12);
        code.else_();
        address_of(code, BLOCKS, AT, 12);
        code.end().i32_store(word(0));
        advance(code, AT, PATCH_BYTES);
    });
    code.end();
    function
}

/// `load(table + 8 * load(patch + offset))`: blocks and blobs are both described in 8 bytes that begin with the address. In place
/// of [`IN_SLOTS`] the arithmetic wraps around to the 8 bytes before the table, which are inside the program and not used.
fn address_of(code: &mut InstructionSink<'_>, table: u32, patch: u32, offset: u64) {
    code.local_get(table).local_get(patch).i32_load(word(offset));
    code.i32_const(BLOCK_BYTES as i32).i32_mul().i32_add().i32_load(word(0));
}

fn repeat(code: &mut InstructionSink<'_>, left: u32, body: impl FnOnce(&mut InstructionSink<'_>)) {
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(left).i32_eqz().br_if(1);
    body(code);
    code.local_get(left).i32_const(1).i32_sub().local_set(left).br(0).end().end();
}

fn advance(code: &mut InstructionSink<'_>, local: u32, bytes: u32) {
    code.local_get(local).i32_const(bytes as i32).i32_add().local_set(local);
}

/// `(program, length, blobs, count) -> reply`.
fn call(signature: &Signature, target: u32, realloc: u32, prepare: u32) -> Function {
    const PROGRAM: u32 = 0;
    const BLOBS: u32 = 2;
    const REPLY: u32 = 4;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(PROGRAM).local_get(BLOBS).call(prepare);
    code.i32_const(0).i32_const(0).i32_const(8).i32_const(REPLY_BYTES).call(realloc).local_set(REPLY);
    // The address below which the result goes, for when it is stored.
    code.local_get(REPLY);
    for (slot, core) in signature.params.iter().enumerate() {
        code.local_get(PROGRAM);
        core.load(&mut code, u64::from(HEADER_BYTES) + slot as u64 * u64::from(SLOT_BYTES));
    }
    code.call(target);
    match signature.outcome {
        Outcome::Nothing => code.i32_const(0).i32_store(word(0)),
        Outcome::Address => code.i32_store(word(0)),
        Outcome::Scalar(core, size) => {
            core.store(&mut code, size);
            code.local_get(REPLY).local_get(REPLY).i32_const(SCALAR_AT as i32).i32_add().i32_store(word(0))
        }
    };
    code.local_get(REPLY).i32_const(0).i32_store(word(4));
    code.local_get(REPLY).memory_size(0).i32_const(PAGE_SHIFT).i32_shl().i32_store(word(8));
    code.local_get(REPLY).end();
    function
}

/// An allocator for components that have none because they never receive anything: takes fresh pages when it runs out.
fn allocate_pages() -> Function {
    const ALIGN: u32 = 2;
    const SIZE: u32 = 3;
    const ADDRESS: u32 = 4;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    // address = (next + align - 1) & -align
    code.global_get(NEXT).local_get(ALIGN).i32_add().i32_const(1).i32_sub();
    code.i32_const(0).local_get(ALIGN).i32_sub().i32_and().local_tee(ADDRESS);
    code.local_get(SIZE).i32_add().global_get(END).i32_gt_u().if_(BlockType::Empty);
    // end = address + pages * 64 KiB, on fresh pages
    code.local_get(SIZE).i32_const(PAGE_SHIFT).i32_shr_u().i32_const(1).i32_add().global_set(END);
    code.global_get(END).memory_grow(0).local_tee(ADDRESS).i32_const(-1).i32_eq().if_(BlockType::Empty);
    code.unreachable().end();
    code.local_get(ADDRESS).i32_const(PAGE_SHIFT).i32_shl().local_tee(ADDRESS);
    code.global_get(END).i32_const(PAGE_SHIFT).i32_shl().i32_add().global_set(END).end();
    code.local_get(ADDRESS).local_get(SIZE).i32_add().global_set(NEXT).local_get(ADDRESS).end();
    function
}

const NEXT: u32 = 0;
const END: u32 = 1;

fn two_counters() -> GlobalSection {
    let mut globals = GlobalSection::new();
    for _ in [NEXT, END] {
        globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(0));
    }
    globals
}

/// Nothing in the program is promised to be aligned.
fn word(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}

impl Outcome {
    fn results(&self) -> Vec<ValType> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Scalar(core, _) => vec![core.val_type()],
            Self::Address => vec![ValType::I32],
        }
    }
}

impl Core {
    fn val_type(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
        }
    }

    fn load(self, code: &mut InstructionSink<'_>, offset: u64) {
        match self {
            Self::I32 => code.i32_load(word(offset)),
            Self::I64 => code.i64_load(word(offset)),
            Self::F32 => code.f32_load(word(offset)),
            Self::F64 => code.f64_load(word(offset)),
        };
    }

    /// Stores the value on the stack as the scalar of so many bytes.
    fn store(self, code: &mut InstructionSink<'_>, size: u32) {
        match (self, size) {
            (Self::I32, 1) => code.i32_store8(word(SCALAR_AT)),
            (Self::I32, 2) => code.i32_store16(word(SCALAR_AT)),
            (Self::I32, _) => code.i32_store(word(SCALAR_AT)),
            (Self::I64, _) => code.i64_store(word(SCALAR_AT)),
            (Self::F32, _) => code.f32_store(word(SCALAR_AT)),
            (Self::F64, _) => code.f64_store(word(SCALAR_AT)),
        };
    }
}
