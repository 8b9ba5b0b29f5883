//! Compiled code that is kept between processes (HOST-82 to HOST-87).
//!
//! What is kept is a record: the code with everything that the host uses of its package, under a keyed digest. This module seals and opens;
//! where records lie is behind [`CodeCache`], and [`FolderCache`] is a folder for those who want one.
//!
//! A record that is not what was sealed is never used: it is removed, its package is loaded the long way, and the cache is told.

mod folder;

pub use folder::{FolderCache, FolderCacheError};

use crate::compile::{self, CompiledCode, EngineIdentity};
use crate::os::Code;
use mpp_package::verify::{self, Compiled, Readmitted, RecordError, RecordKey, Trust, VerifiedPackage};
use mpp_schema::Digest;
use std::fmt;
use std::io::{Read, Seek};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Where records are kept. None of it is believed: what comes back is checked.
pub trait CodeCache: Send + Sync {
    /// The key that seals records. Must not lie where records lie.
    fn key(&self) -> &RecordKey;
    /// The record of that name, to be read from its first byte to its last; nothing when there is none.
    fn open(&self, name: &RecordName) -> Option<Box<dyn Read>>;
    /// Keeps a record, replacing an older one at once. A record that cannot be kept is made again next time.
    fn put(&self, name: &RecordName, record: &[u8]);
    /// Forgets a record that was not what had been sealed, `why` in words.
    fn discard(&self, name: &RecordName, why: &str);
}

/// What a record is kept under: one package for one engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordName(String);

impl RecordName {
    pub(crate) fn of(package: Digest, engine: &EngineIdentity) -> Self {
        Self(format!("{package}-{}", engine.short()))
    }

    /// Lower-case letters, digits and hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A package whose record let it in, and its code.
pub(crate) type Reentered = Readmitted<Code>;

/// The record of a package, if the cache has one and it lets the package in.
pub(crate) fn open(cache: &dyn CodeCache, engine: &EngineIdentity, digest: Digest, trust: &Trust) -> Option<Reentered> {
    opened(cache, RecordName::of(digest, engine), |record| {
        verify::readmit(record, Code::new(), digest, engine.as_bytes(), cache.key(), trust)
    })
}

/// The record of a package that was verified just now.
pub(crate) fn reopen<R>(
    cache: &dyn CodeCache,
    engine: &EngineIdentity,
    package: &VerifiedPackage<R>,
) -> Option<Reentered> {
    opened(cache, RecordName::of(package.digest(), engine), |record| {
        verify::reopen(record, Code::new(), package, engine.as_bytes(), cache.key())
    })
}

fn opened(
    cache: &dyn CodeCache,
    name: RecordName,
    door: impl FnOnce(Box<dyn Read>) -> Result<Reentered, RecordError>,
) -> Option<Reentered> {
    match door(cache.open(&name)?) {
        Ok(reentered) => Some(reentered),
        // The record is as good as it was. Who asks again with the package itself hears what is wrong with its signers.
        Err(RecordError::Standing(_) | RecordError::Unread(_)) => None,
        Err(error) => {
            cache.discard(&name, &error.to_string());
            None
        }
    }
}

/// Compiled code as it is kept.
pub(crate) struct Kept<'a> {
    pub(crate) is_bridged: bool,
    pub(crate) code: &'a CompiledCode,
}

/// The notes of a record: one byte.
pub(crate) fn is_bridged(notes: &[u8]) -> bool {
    notes == [1]
}

/// The component of a record that [`open`] or [`reopen`] let in.
pub(crate) fn component(
    cache: &dyn CodeCache,
    identity: &EngineIdentity,
    engine: &Engine,
    package: Digest,
    code: Code,
) -> Option<Component> {
    match compile::component_of(engine, code.seal().ok()?) {
        Ok(component) => Some(component),
        Err(error) => {
            cache.discard(&RecordName::of(package, identity), &error.to_string());
            None
        }
    }
}

/// Keeps what was compiled for a verified package. A failure costs compiling again, so it is not an error.
pub(crate) fn keep<R: Read + Seek>(
    cache: &dyn CodeCache,
    engine: &EngineIdentity,
    package: &mut VerifiedPackage<R>,
    component: Digest,
    kept: Kept<'_>,
) {
    let Ok(code) = kept.code.to_bytes() else { return };
    let notes = [u8::from(kept.is_bridged)];
    let compiled = Compiled { engine: engine.as_bytes(), component, notes: &notes, code: &code };
    if let Ok(record) = verify::seal(package, compiled, cache.key()) {
        cache.put(&RecordName::of(package.digest(), engine), &record);
    }
}
