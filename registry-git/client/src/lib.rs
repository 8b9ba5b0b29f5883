//! Registries in git: reading, verifying, fetching and publishing.
//!
//! What is true of an index is decided by [`mpp_index`]; this crate brings bytes to it and carries its plans out. Git's own ids
//! only find things: integrity comes from signed SHA-256 records. A path is read and written by gix alone; an address is
//! read by gix and written by the `git` program, behind [`transport::Transport`]. The rules are in `spec/index.md`.

mod atomic_write;
mod blob;
mod clone;
mod commit;
mod copy;
mod disk_clock;
mod durable;
mod edit;
mod error;
mod evidence;
mod export;
mod forget;
mod hook;
mod init;
mod location;
mod proposal;
mod publish;
mod registry;
mod repository;
mod scratch;
mod sections;
mod snapshot;
mod store;
mod update;
mod web;

pub mod transport;

pub use blob::{FetchedPackage, Received, Wanted};
pub use edit::{Edited, HeadSigned};
pub use error::RegistryError;
pub use evidence::Evidence;
pub use export::ExportReport;
pub use forget::forget;
pub use hook::{PushReport, check_push};
pub use init::{InitOptions, Initialised, init};
pub use location::Location;
pub use proposal::{Looked, ProposalReport};
pub use publish::{PublishOptions, PublishReport, PublishStatus};
pub use registry::Registry;
pub use snapshot::Snapshot;
pub use update::UpdateReport;
pub use web::{WebError, origin};
