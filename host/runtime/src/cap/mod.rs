//! What a tool may import, one file per capability.
//!
//! Here so far: the inert base, which every tool has and which reaches nothing outside. What is not linked cannot be called, so that
//! the interfaces of files, sockets and HTTP are absent rather than refused.

pub(crate) mod cli;
pub(crate) mod clocks;
pub(crate) mod io;
pub(crate) mod random;

use crate::state::State;
use wasmtime::Result;
use wasmtime::component::Linker;

/// Links the inert base: `wasi:io`, `wasi:cli` without environment, arguments and input, coarse `wasi:clocks`, `wasi:random`.
pub(crate) fn add_base_to_linker(linker: &mut Linker<State>) -> Result<()> {
    io::add_to_linker(linker)?;
    cli::add_to_linker(linker)?;
    clocks::add_to_linker(linker)?;
    random::add_to_linker(linker)
}
