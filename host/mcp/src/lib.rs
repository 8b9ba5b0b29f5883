//! A wire in front of the host: the Model Context Protocol, for agents. Rules `MCP-…` of `spec/mcp.md`.
//!
//! Speaks the revisions that open with `initialize` and the stateless one alike. It has no rule of its own: which tools there are, whether
//! one may be called and what it gives are said by the [`Toolbox`] behind it. It opens nothing, prints nothing and knows no home.
//!
//! Reading order: [`Toolbox`], the seam; [`serve`], which runs a session, and [`serve_http`], which answers many clients; `lines` and `transport`, which carry messages; `handler`, which
//! answers them; `results`, how what a tool gave reads on the wire; [`name`], what tools are called there; [`search`], two tools for all.

mod asking;
mod content;
#[cfg(fuzzing)]
pub mod decoded;
mod handler;
mod http;
mod lines;
pub mod name;
mod results;
pub mod search;
mod serve;
mod streams;
mod strict;
mod toolbox;
mod transport;

pub use http::{HttpOptions, serve_http};
pub use serve::{Mode, Options, ServeError, serve};
pub use streams::{Input, Output, Pipes};
pub use toolbox::{
    Called, Choice, Client, Door, Entered, Hints, Provenance, Question, Refused, Reply, Tool, ToolCall, Toolbox,
};
