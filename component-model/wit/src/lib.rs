//! What a tool is, as WIT says it: typed tools from WIT text, their JSON Schemas, JSON ↔ value conversion, and the check that a
//! component is what its WIT promises.
//!
//! Pure: no file, clock, socket or engine. WIT comes in as text, components as bytes. Rules `TOOL-1` and on of `spec/tool.md`.

mod agree;
pub mod bridge;
pub mod codec;
mod compat;
mod component;
mod componentize;
mod content;
mod difference;
mod error;
mod imports;
mod read_types;
mod schema;
mod text_rules;
mod tool_set;
mod types;
pub mod value;
mod wit_folder;
mod world_imports;

pub use agree::agree;
pub use compat::{Broken, Incompatibility, incompatibilities};
pub use component::{ComponentInfo, Import, validate};
pub use componentize::componentize;
pub use content::Content;
pub use difference::{Change, Renamed, ToolChange, ToolsDifference};
pub use error::WitError;
pub use imports::{Need, need, uncovered, uncovered_imports};
pub use tool_set::{Param, Tool, ToolSet};
pub use types::{Case, Enum, Field, Flags, Label, Record, Type, Variant};
pub use value::Value;
pub use wit_folder::WitFolder;
pub use world_imports::world_imports;
