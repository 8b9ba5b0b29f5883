//! What people read about a registry before they trust a tool with their files: pages, an API, and both as static files.
//!
//! Reads what [`mpp_registry`] proves and decides nothing. Everything is a value of the trusted state and of verified package files, so that
//! the server and the static site give the same bytes. It writes no index and has no clock; the server is given its socket.

pub mod answer;
pub mod api;
pub mod catalog;
pub mod difference;
pub mod export;
pub mod guide;
pub mod route;
pub mod server;

mod assets;
mod links;
mod markdown;
mod opened;
mod page;
mod schema_form;

pub use answer::{Answer, answer};
pub use catalog::{Catalog, SiteError};
pub use export::{SiteReport, export};
