//! What `mpp` does, one file per verb: each takes an options struct and a [`Context`], and returns a report struct.
//!
//! Nothing is printed here, no environment is read and no clock is looked at: all of that arrives through the context. The verbs put
//! the libraries together; a rule about packages, trust or indexes belongs to the crate that owns it.

mod agents;
mod arguments;
mod atomic_write;
pub mod compile_process;
pub mod conformance;
mod consent;

mod context;

mod error;
mod filters;
mod grants;
pub mod home;
mod host;
mod os;
mod package_file;
mod path_text;
mod plugins;
mod project_files;
mod registries;
mod sealed;
mod seconds;
pub mod secrets;
mod standing;
mod vendored;
pub mod verb;
mod writing;

pub use agents::Who;
pub use arguments::{ArgumentsError, ToolInput};
pub use context::{Around, Context, Event, Outside, Passwords, Surroundings, Terminal, Typed};
pub use error::OpsError;
pub use mpp_host::SecretValue;
pub use mpp_policy::sentences;
pub use mpp_registry_web::difference::{Described, PackageDifference};
pub use writing::{WriteReport, Writing};

/// The words of the privacy filter.
pub mod privacy {
    pub use mpp_privacy::Direction;
}

/// How a call ended, as the host says it.
pub mod outcome {
    pub use mpp_host::{CallOutcome, Ending, Found, Log, Refusals};
}
