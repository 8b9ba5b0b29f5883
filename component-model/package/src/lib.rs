//! What a package is: its container, its canonical form, its signatures, and the one road from bytes to a package that may be used.
//!
//! Pure: bytes and values in, values out. No file, clock or socket is opened here, and nothing that was read is ever run or
//! written to disk. A [`verify::VerifiedPackage`] is made in [`verify`] and nowhere else. `spec/package.md` and
//! `spec/signature.md` state the rules; each module names the ones it keeps.

pub mod container;
pub mod dsse;
pub mod frame;
pub mod key;
pub mod limits;
pub mod manifest;
pub mod pack;
pub mod sign;
pub mod signature;
pub mod signed;
pub mod verify;

mod native_code;
mod peek;
mod strict_json;
mod tools;

pub use peek::{Unverified, peek};
