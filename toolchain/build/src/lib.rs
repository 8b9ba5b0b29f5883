//! How a project becomes a component with its contract: reading the project, running the compiler, checking what came out.
//!
//! [`project`] reads what the author wrote, [`build`] turns it into the contents of a package. This crate runs compilers and reads
//! files. It never signs, writes no package, prints nothing and does not touch the network itself; who calls it gets [`Event`]s.

mod build;
mod builder;
mod check;
mod documents;
mod error;
mod event;
mod examine;
mod metadata;
mod placeholder;
mod process;
mod programs;
mod project;
mod recipe;
mod source;
mod target;
mod template;
mod trust;

pub mod init;
pub mod new;

pub use build::{BuildOptions, build};
pub use builder::{BuilderState, builders};
pub use check::check_component;
pub use error::BuildError;
pub use event::{CompilerLevel, Event, Step};
pub use examine::{examine, tools};
pub use programs::Programs;
pub use project::{Project, project, projects};
pub use source::uncommitted;
pub use target::{TARGET, ensure_target, target_is_installed};
pub use template::{Template, TemplateOrigin, template, template_names};
