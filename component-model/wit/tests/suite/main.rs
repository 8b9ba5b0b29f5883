//! The tests of the public interface, in one program because each links a parser, an encoder and an engine.

mod bridge;
mod bridge_runs;
mod codec;
mod compat;
mod components;
mod made;
mod random;
mod round_trip;
mod schemas;
mod tool_set;
