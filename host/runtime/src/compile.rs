//! From component bytes to machine code, behind a trait: compiling is where a hostile component costs most, so a program can move it
//! into a limited process of its own, and a cache can stand in front of it, without the host noticing.

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// Something that compiles.
pub(crate) trait Compiler: Send + Sync {
    /// Compiles a component that was validated before.
    fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Component>;
}

/// Compiles here and now, in the calling thread and the engine's pool of threads.
#[derive(Debug)]
pub(crate) struct InProcess;

impl Compiler for InProcess {
    fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Component> {
        Component::new(engine, component)
    }
}
