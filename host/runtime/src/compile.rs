//! From component bytes to machine code, behind a trait: compiling is where a hostile component costs most, so a program moves it into a
//! limited process of its own (HOST-80), and an embedder may leave it where it is.
//!
//! Bytes become code that runs without being compiled here in [`component`] and [`component_of`] alone; whose bytes may come there is said
//! at [`CompiledCode::from_child`] and in [`crate::cache`].

use crate::engine::{self, Metering};
use crate::os::{self, SealedCode};
use mpp_schema::Digest;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{Read as _, Seek as _};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Something that compiles.
pub trait Compiler: Send + Sync {
    /// Compiles the component of a job, which was validated before.
    ///
    /// # Errors
    /// [`CompileError`]: the engine refuses the component, or compiling it cost too much.
    fn compile(&self, job: &CompileJob<'_>) -> Result<CompiledCode, CompileError>;
}

/// What is to be compiled, and for whom.
pub struct CompileJob<'a> {
    engine: &'a Engine,
    identity: &'a EngineIdentity,
    component: &'a [u8],
}

impl<'a> CompileJob<'a> {
    pub(crate) fn new(engine: &'a Engine, identity: &'a EngineIdentity, component: &'a [u8]) -> Self {
        Self { engine, identity, component }
    }

    /// The component's bytes.
    pub fn component(&self) -> &'a [u8] {
        self.component
    }

    /// The engine that the code is for.
    pub fn engine(&self) -> &EngineIdentity {
        self.identity
    }

    /// Compiles here and now, in the calling thread and the engine's pool of threads.
    ///
    /// # Errors
    /// When the engine refuses the component.
    pub fn in_process(&self) -> Result<CompiledCode, CompileError> {
        let compiled = Component::new(self.engine, self.component);
        compiled.map(|component| CompiledCode(Form::Loaded(component))).map_err(CompileError::refused)
    }
}

/// Which engine, built how, on which machine: code that one made runs in another only when both are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineIdentity(Digest);

impl EngineIdentity {
    /// Covers the engine's version and settings, the target and the features of the processor.
    pub(crate) fn of(engine: &Engine) -> Self {
        let mut collected = Collected(b"mpp-engine-1\n".to_vec());
        engine.precompile_compatibility_hash().hash(&mut collected);
        Self(Digest::of(&collected.0))
    }

    /// As bytes, for a header.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// As text, for a name.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

/// Takes what would be hashed as it comes.
struct Collected(Vec<u8>);

impl Hasher for Collected {
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Compiled code.
pub struct CompiledCode(Form);

enum Form {
    Loaded(Component),
    Bytes(Vec<u8>),
}

impl CompiledCode {
    /// Code as bytes, from another process.
    ///
    /// # Safety
    /// The bytes are what [`compile_alone`] returned, unchanged, in a process of this same program that the caller started itself and has
    /// the only connection to. Anything else would run as machine code of this process.
    #[allow(unsafe_code, reason = "states what only the caller can know")]
    pub unsafe fn from_child(bytes: Vec<u8>) -> Self {
        Self(Form::Bytes(bytes))
    }

    /// As bytes, for a cache.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, CompileError> {
        match &self.0 {
            Form::Loaded(component) => component.serialize().map_err(CompileError::refused),
            Form::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    pub(crate) fn into_component(self, engine: &Engine) -> Result<Component, CompileError> {
        match self.0 {
            Form::Loaded(component) => Ok(component),
            Form::Bytes(bytes) => component(engine, &bytes),
        }
    }
}

/// The component of another engine of this process, whose settings are the same.
pub(crate) fn copied(component: &Component, engine: &Engine) -> Result<Component, CompileError> {
    self::component(engine, &component.serialize().map_err(CompileError::refused)?)
}

/// The component of compiled code. Private to the three doors: [`CompiledCode::from_child`], a record that [`crate::cache`] opened, and
/// [`copied`].
#[allow(unsafe_code, reason = "one of the two places where stored code is believed")]
fn component(engine: &Engine, code: &[u8]) -> Result<Component, CompileError> {
    // SAFETY: the engine believes these bytes, so they must be its own, unchanged. They come from three callers only. The first has a value
    // whose maker promised just that. The second has a record whose keyed digest was checked over these very bytes, which nothing else
    // can write to; it was sealed by this crate, around code of the first kind or of this process, with a key that only this user can
    // read. The third has what an engine of this process wrote out a moment ago, of a component that it runs itself. The identity of the
    // engine is compared before, and the engine compares its own header again.
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(CompileError::refused)
}

/// The component of a record that [`crate::cache`] opened.
pub(crate) fn component_of(engine: &Engine, code: SealedCode) -> Result<Component, CompileError> {
    match code {
        SealedCode::Memory(bytes) => component(engine, &bytes),
        SealedCode::File(file) => mapped(engine, &file).or_else(|_| component(engine, &whole(file)?)),
    }
}

/// The engine maps a sealed file as it is, where the system lets an open file be opened by its number.
#[allow(unsafe_code, reason = "one of the two places where stored code is believed")]
fn mapped(engine: &Engine, file: &File) -> Result<Component, CompileError> {
    let path = os::path_of(file);
    // SAFETY: as in `component`, for the second of its callers. The file has no name but this one, and it is sealed against every change,
    // so that what was checked is what is mapped, as long as it is mapped. While this function runs the file is open, so that its number
    // means no other.
    let component = unsafe { Component::deserialize_file(engine, path) };
    component.map_err(CompileError::refused)
}

fn whole(mut file: File) -> Result<Vec<u8>, CompileError> {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    read.map_err(|error| CompileError::Unavailable(error.to_string()))?;
    Ok(bytes)
}

/// Why a component was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The engine does not compile it.
    #[error("{0}")]
    Refused(String),
    /// Compiling it took more time or memory than it may, or ended the process that compiled.
    #[error("{0}")]
    Limit(String),
    /// The process that compiles could not be started, or not be talked to.
    #[error("{0}")]
    Unavailable(String),
}

impl CompileError {
    fn refused(error: wasmtime::Error) -> Self {
        Self::Refused(error.root_cause().to_string())
    }
}

/// Compiles here and now, in the calling thread and the engine's pool of threads.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

impl Compiler for InProcess {
    fn compile(&self, job: &CompileJob<'_>) -> Result<CompiledCode, CompileError> {
        job.in_process()
    }
}

/// The work of a process that does nothing but compile: code for an engine of the identity `engine`, as bytes.
///
/// # Errors
/// When the engine refuses the component, or this program's engine is another one.
pub fn compile_alone(component: &[u8], engine: &[u8; 32]) -> Result<Vec<u8>, CompileError> {
    for metering in [Metering::Clock, Metering::Fuel] {
        let own = engine::for_compiling(metering).map_err(|error| CompileError::Unavailable(error.to_string()))?;
        if EngineIdentity::of(&own).as_bytes() == engine {
            return own.precompile_component(component).map_err(CompileError::refused);
        }
    }
    Err(CompileError::Unavailable("the compiling process has another engine".to_owned()))
}
