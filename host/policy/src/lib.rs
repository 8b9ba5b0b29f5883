//! What a tool may do: the request of a package, what the user allowed, and the grants that are left when one is cut to the other.
//!
//! Pure: no file, clock, socket or engine. The host asks [`Grants`] and enforces the answer; nothing else decides.
//!
//! Reading order: [`Origin`], [`Allowance`], [`Grants`].

mod allowance;
mod grants;
mod origin;

pub use allowance::{Allowance, FolderBinding};
pub use grants::{DeviceGrant, FolderGrant, Grants, HttpGrant, SecretGrant};
pub use origin::{HostPattern, Origin, Scheme};
