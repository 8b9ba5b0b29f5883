//! Admission: the one road from bytes to a package that may be used (PKG-60 to PKG-68).
//!
//! A package that came in here may come in again by a second door, [`readmit`], with a record that only its own host can have made.
//!
//! Order: bounded manifest bytes, signatures, only then JSON, then each entry's stored digest, and only then may anything be
//! decompressed. Who is trusted is given as values; files, pins and namespaces are looked up by the caller.

mod admission;
mod content;
mod error;
mod judge;
mod opened;
mod record;

pub use admission::{Admitted, verify};
pub use content::{Content, verify_content};
pub use error::VerifyError;
pub use judge::{Signer, Trust, TrustedKey};
pub(crate) use opened::unpack;
pub use opened::{VerifiedPackage, open};
pub use record::{Compiled, Readmitted, RecordError, RecordKey, readmit, reopen, seal};

pub(crate) use admission::{read_entries, read_opening};
pub(crate) use content::check_component;

#[cfg(test)]
mod tests;
