//! What a tool may import, one file per capability.
//!
//! The inert base, which every tool has, reaches nothing outside. What is above it answers by the grants of the call. An interface that
//! no permission covers is not linked, and one that the manifest does not ask for was refused when the package was loaded.

pub(crate) mod attestation;
pub(crate) mod caller;
pub(crate) mod cli;
pub(crate) mod clocks;
pub(crate) mod config;
pub(crate) mod device;
pub(crate) mod env;
pub(crate) mod folders;
pub(crate) mod http;
pub(crate) mod io;
pub(crate) mod kv;
pub(crate) mod logging;
pub(crate) mod progress;
pub(crate) mod random;
pub(crate) mod tools;

use crate::state::State;
use wasmtime::Result;
use wasmtime::component::Linker;

/// Links every capability.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    io::add_to_linker(linker)?;
    cli::add_to_linker(linker)?;
    env::add_to_linker(linker)?;
    folders::add_to_linker(linker)?;
    device::add_to_linker(linker)?;
    caller::add_to_linker(linker)?;
    attestation::add_to_linker(linker)?;
    config::add_to_linker(linker)?;
    logging::add_to_linker(linker)?;
    progress::add_to_linker(linker)?;
    tools::add_to_linker(linker)?;
    clocks::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    http::add_to_linker(linker)?;
    kv::add_to_linker(linker)
}
