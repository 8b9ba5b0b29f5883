//! The real program, used as people use it.

mod command_line;
mod road;
mod support;
