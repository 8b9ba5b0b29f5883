//! The real program, used as people use it.

mod command_line;
mod doctor;
mod registries;
mod road;
mod support;
